"""Exercises of the chapter beyond GPT-2: one file each."""

from course_lib.exercises.beyond_gpt2 import (
    best_size,
    cheapest_model,
    llama_parameters,
    power_law,
    rotary_halves,
)

EXERCISES = (
    power_law.EXERCISE,
    best_size.EXERCISE,
    llama_parameters.EXERCISE,
    rotary_halves.EXERCISE,
    cheapest_model.EXERCISE,
)
