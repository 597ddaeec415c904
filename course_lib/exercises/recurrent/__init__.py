"""Exercises of the chapter on recurrent models: one file each."""

from course_lib.exercises.recurrent import (
    gradient_by_distance,
    lstm_step,
    rnn_states,
    sequential_batches,
    truncated_gradients,
)

EXERCISES = (
    sequential_batches.EXERCISE,
    rnn_states.EXERCISE,
    lstm_step.EXERCISE,
    truncated_gradients.EXERCISE,
    gradient_by_distance.EXERCISE,
)
