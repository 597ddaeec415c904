"""Exercises of the chapter on representing text: one file each."""

from course_lib.exercises.representing_text import (
    analogy,
    negative_sampling_loss,
    rank_by_cosine,
    sense_gap,
    skip_gram_pairs,
    tf_idf,
)

EXERCISES = (
    tf_idf.EXERCISE,
    rank_by_cosine.EXERCISE,
    skip_gram_pairs.EXERCISE,
    negative_sampling_loss.EXERCISE,
    analogy.EXERCISE,
    sense_gap.EXERCISE,
)
