"""Exercises of the chapter on positions: one file each."""

from course_lib.exercises.positions import (
    alibi_weights,
    rotate,
    shift_matrix,
    sinusoidal_table,
    unseen_angles,
)

EXERCISES = (
    sinusoidal_table.EXERCISE,
    shift_matrix.EXERCISE,
    rotate.EXERCISE,
    alibi_weights.EXERCISE,
    unseen_angles.EXERCISE,
)
