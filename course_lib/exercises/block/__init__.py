"""Exercises of the chapter on the Transformer block: one file each."""

from course_lib.exercises.block import (
    block_flops,
    diagnose,
    dropout,
    gated_feed_forward,
    repaired_stack,
    share_of_input,
)

EXERCISES = (
    gated_feed_forward.EXERCISE,
    dropout.EXERCISE,
    share_of_input.EXERCISE,
    block_flops.EXERCISE,
    diagnose.EXERCISE,
    repaired_stack.EXERCISE,
)
