"""Exercises of the project: nine functions that together are GPT-2, one file each."""

from course_lib.exercises.build_gpt2 import (
    attend,
    block,
    generate,
    load_weights,
    model_logits,
    next_token_loss,
    normalize,
    project_heads,
    read_on,
)

EXERCISES = (
    normalize.EXERCISE,
    project_heads.EXERCISE,
    attend.EXERCISE,
    block.EXERCISE,
    model_logits.EXERCISE,
    next_token_loss.EXERCISE,
    load_weights.EXERCISE,
    generate.EXERCISE,
    read_on.EXERCISE,
)
