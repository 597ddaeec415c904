"""Exercises of the chapter on decoding: one file each."""

from course_lib.exercises.decoding import (
    beam_search,
    check_draft,
    repeated_share,
    temperature_softmax,
    top_k,
    top_p,
)

EXERCISES = (
    temperature_softmax.EXERCISE,
    top_k.EXERCISE,
    top_p.EXERCISE,
    repeated_share.EXERCISE,
    beam_search.EXERCISE,
    check_draft.EXERCISE,
)
