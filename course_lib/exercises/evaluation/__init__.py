"""Exercises of the chapter on evaluation: one file each."""

from course_lib.exercises.evaluation import (
    bradley_terry_step,
    choose_word,
    context_sizes,
    overlap_share,
    rouge_l,
    wilson,
)

EXERCISES = (
    context_sizes.EXERCISE,
    choose_word.EXERCISE,
    wilson.EXERCISE,
    overlap_share.EXERCISE,
    rouge_l.EXERCISE,
    bradley_terry_step.EXERCISE,
)
