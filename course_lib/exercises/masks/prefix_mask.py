"""Exercise: the mask of a prefix language model."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def prefix_mask(n_tokens: int, prefix_length: int) -> Tensor:
    """Return the mask that reads a prefix in both directions and writes the rest."""
    position = torch.arange(n_tokens)
    causal = position[None, :] <= position[:, None]
    in_prefix = position < prefix_length
    return causal | (in_prefix[:, None] & in_prefix[None, :])


def _causal(n_tokens: int) -> Tensor:
    return torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()


def _no_prefix(n_tokens: int, prefix_length: int) -> Tensor:
    del prefix_length
    return _causal(n_tokens)


def _all(n_tokens: int, prefix_length: int) -> Tensor:
    del prefix_length
    return torch.ones(n_tokens, n_tokens, dtype=torch.bool)


def _one_longer(n_tokens: int, prefix_length: int) -> Tensor:
    return prefix_mask(n_tokens, prefix_length + 1)


def _one_shorter(n_tokens: int, prefix_length: int) -> Tensor:
    return prefix_mask(n_tokens, prefix_length - 1)


def _rows_see_all(n_tokens: int, prefix_length: int) -> Tensor:
    mask = _causal(n_tokens)
    mask[:prefix_length] = True
    return mask


def _suffix_sees_prefix_only(n_tokens: int, prefix_length: int) -> Tensor:
    mask = torch.zeros(n_tokens, n_tokens, dtype=torch.bool)
    mask[:, :prefix_length] = True
    return mask


def _suffix_sees_suffix_only(n_tokens: int, prefix_length: int) -> Tensor:
    mask = prefix_mask(n_tokens, prefix_length)
    mask[prefix_length:, :prefix_length] = False
    return mask


def _transposed(n_tokens: int, prefix_length: int) -> Tensor:
    return prefix_mask(n_tokens, prefix_length).T


def _numbers(n_tokens: int, prefix_length: int) -> Tensor:
    return prefix_mask(n_tokens, prefix_length).float()


def _case(n_tokens: int, prefix_length: int) -> Case:
    inputs = {"n_tokens": n_tokens, "prefix_length": prefix_length}
    return Case(inputs, f"{n_tokens} tokens, prefix of {prefix_length}")


def _random_case(draw: random.Random) -> Case:
    n_tokens = draw.randint(6, 25)
    return _case(n_tokens, draw.randint(2, n_tokens - 2))


def _public(seed: int) -> list[Case]:
    return [_case(4, 2), _case(5, 3), _case(3, 0), _case(3, 3), _random_case(random.Random(seed))]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    random_cases = [_random_case(draw) for _ in range(3)]
    return [_case(1, 0), _case(1, 1), _case(7, 1), _case(7, 6), *random_cases]


EXERCISE = Exercise(
    id="masks.prefix_mask",
    title="First read, then write",
    statement="""
Write the mask of a prefix language model. The first `prefix_length` tokens are read in both
directions: each of them sees all of them. Every later token sees the whole prefix, the later tokens
before it, and itself. Nobody in the prefix sees what comes after the prefix.

`True` means *may attend*; rows are queries, columns are keys. A prefix may be empty or the whole
text. Make the mask from PyTorch's tensors.
""",
    signature=Signature(
        summary="Return the mask that reads a prefix in both directions and writes the rest.",
        parameters=(
            Parameter("n_tokens", "int T >= 1"),
            Parameter("prefix_length", "int, 0 to T, how many tokens are read in both directions"),
        ),
        returns="bool tensor [T T], True where the query (row) may attend to the key (column)",
    ),
    forbidden=("course_lib.layers", "course_lib.models"),
    level="core",
    points=3,
    minutes=6,
    example=_case(4, 2),
    reference=prefix_mask,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(check_dtype=True),
    hints=(
        "Draw it for four tokens and a prefix of two. Which cells differ from the causal mask?",
        "Only cells inside the square of the prefix are added: row and column both in the prefix.",
        "`causal | (in_prefix[:, None] & in_prefix[None, :])` with "
        "`in_prefix = torch.arange(n_tokens) < prefix_length`.",
    ),
    explanation="The causal mask already gives every later token all it may see: the prefix and "
    "its own past. What is added is the upper triangle inside the prefix's square. With a prefix "
    "of 0 or 1 nothing is added and the model is causal; with a prefix of T it is an encoder.",
    mutants=(
        Mutant("no_prefix", _no_prefix, "This is the causal mask: the prefix does not see ahead."),
        Mutant("all", _all, "Everything is visible: after the prefix the future must be hidden."),
        Mutant(
            "one_longer",
            _one_longer,
            "Off by one: the prefix is one token too long, and its last token can be copied.",
        ),
        Mutant("one_shorter", _one_shorter, "Off by one: the prefix is one token too short."),
        Mutant(
            "rows_see_all",
            _rows_see_all,
            "The prefix sees the whole text; it may see itself only, or what is to be written "
            "leaks into it.",
        ),
        Mutant(
            "suffix_sees_prefix_only",
            _suffix_sees_prefix_only,
            "After the prefix the tokens see only the prefix, not one another and not themselves.",
        ),
        Mutant(
            "suffix_sees_suffix_only",
            _suffix_sees_suffix_only,
            "What is written cannot see the prefix, so it cannot depend on it.",
        ),
        Mutant("transposed", _transposed, "Rows and columns are swapped: rows are the queries."),
        Mutant(
            "numbers",
            _numbers,
            "The entries are the numbers 1 and 0; a bool tensor is asked for: `dtype=torch.bool`, "
            "or a comparison.",
        ),
    ),
)
