"""Exercises of the chapter on attention: one file each."""

from course_lib.exercises.attention import (
    attention_by_hand,
    causal_mask,
    padding,
    scaled_dot_product,
    sliding_window,
    softmax,
)

EXERCISES = (
    attention_by_hand.EXERCISE,
    softmax.EXERCISE,
    causal_mask.EXERCISE,
    scaled_dot_product.EXERCISE,
    padding.EXERCISE,
    sliding_window.EXERCISE,
)
