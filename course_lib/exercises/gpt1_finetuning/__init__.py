"""Exercises of the chapter on fine-tuning GPT-1: one file each."""

from course_lib.exercises.gpt1_finetuning import (
    choice_rows,
    joint_loss,
    matthews,
    similarity_logits,
    trained_names,
)

EXERCISES = (
    choice_rows.EXERCISE,
    similarity_logits.EXERCISE,
    joint_loss.EXERCISE,
    matthews.EXERCISE,
    trained_names.EXERCISE,
)
