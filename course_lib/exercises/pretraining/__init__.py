"""Exercises of the chapter on pretraining the course's own GPT: one file each."""

from course_lib.exercises.pretraining import (
    accumulate_and_clip,
    adamw_step,
    bits_per_byte,
    next_token_windows,
    rate_at,
    split_for_decay,
)

EXERCISES = (
    next_token_windows.EXERCISE,
    rate_at.EXERCISE,
    split_for_decay.EXERCISE,
    accumulate_and_clip.EXERCISE,
    bits_per_byte.EXERCISE,
    adamw_step.EXERCISE,
)
