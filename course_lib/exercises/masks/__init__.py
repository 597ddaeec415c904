"""Exercises of the chapter on masks: one file each."""

from course_lib.exercises.masks import cut_span, leaks, mask_tokens, prefix_mask, two_streams

EXERCISES = (
    prefix_mask.EXERCISE,
    mask_tokens.EXERCISE,
    cut_span.EXERCISE,
    two_streams.EXERCISE,
    leaks.EXERCISE,
)
