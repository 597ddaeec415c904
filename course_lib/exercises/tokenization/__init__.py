"""Exercises of the chapter on tokenization: one file each."""

from course_lib.exercises.tokenization import (
    bytes_per_token,
    encode_word,
    merge_pair,
    most_frequent_pair,
    stream_text,
    train_merges,
)

EXERCISES = (
    most_frequent_pair.EXERCISE,
    merge_pair.EXERCISE,
    train_merges.EXERCISE,
    encode_word.EXERCISE,
    bytes_per_token.EXERCISE,
    stream_text.EXERCISE,
)
