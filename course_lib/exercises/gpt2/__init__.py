"""Exercises of the chapter on GPT-2: one file each."""

from course_lib.exercises.gpt2 import (
    count_parameters,
    initial_std,
    layer_norm,
    position_ids,
    pre_norm_step,
    whole_model,
)

EXERCISES = (
    layer_norm.EXERCISE,
    pre_norm_step.EXERCISE,
    count_parameters.EXERCISE,
    initial_std.EXERCISE,
    position_ids.EXERCISE,
    whole_model.EXERCISE,
)
