"""Exercises of the chapter on the encoder–decoder: one file each."""

from course_lib.exercises.encoder_decoder import (
    choose_translation,
    corpus_bleu,
    cross_attention,
    learning_rate,
    smoothed_loss,
    teacher_forcing,
)

EXERCISES = (
    teacher_forcing.EXERCISE,
    cross_attention.EXERCISE,
    smoothed_loss.EXERCISE,
    learning_rate.EXERCISE,
    choose_translation.EXERCISE,
    corpus_bleu.EXERCISE,
)
