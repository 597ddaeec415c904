"""Exercises of the chapter on n-grams: one file each."""

from course_lib.exercises.n_grams import (
    add_alpha,
    combined_perplexity,
    interpolated,
    log_probability,
    next_word_shares,
    sample_words,
)

EXERCISES = (
    next_word_shares.EXERCISE,
    log_probability.EXERCISE,
    add_alpha.EXERCISE,
    interpolated.EXERCISE,
    combined_perplexity.EXERCISE,
    sample_words.EXERCISE,
)
