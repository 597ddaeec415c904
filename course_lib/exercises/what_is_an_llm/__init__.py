"""Exercises of the chapter on what a large language model is: one file each."""

from course_lib.exercises.what_is_an_llm import (
    block_parameters,
    fit_conversation,
    longest_context,
    memory_gb,
    read_direction,
    training_example,
)

EXERCISES = (
    training_example.EXERCISE,
    read_direction.EXERCISE,
    block_parameters.EXERCISE,
    memory_gb.EXERCISE,
    longest_context.EXERCISE,
    fit_conversation.EXERCISE,
)
