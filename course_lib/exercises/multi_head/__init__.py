"""Exercises of the chapter on multi-head attention: one file each."""

from course_lib.exercises.multi_head import (
    grouped_query,
    head_contributions,
    multi_head_attention,
    role_score,
    split_heads,
    tokens_that_fit,
)

EXERCISES = (
    split_heads.EXERCISE,
    multi_head_attention.EXERCISE,
    head_contributions.EXERCISE,
    role_score.EXERCISE,
    tokens_that_fit.EXERCISE,
    grouped_query.EXERCISE,
)
