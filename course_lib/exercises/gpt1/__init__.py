"""Exercises of the chapter on GPT-1: one file each."""

from course_lib.exercises.gpt1 import (
    choose_answer,
    convert_block,
    loss_by_position,
    post_norm_block,
    sample_windows,
)

EXERCISES = (
    sample_windows.EXERCISE,
    loss_by_position.EXERCISE,
    post_norm_block.EXERCISE,
    convert_block.EXERCISE,
    choose_answer.EXERCISE,
)
