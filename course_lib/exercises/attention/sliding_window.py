"""Exercise: the sliding-window mask."""

import random

import torch
from torch import Tensor

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def sliding_window_mask(n_tokens: int, window: int) -> Tensor:
    """Return the causal mask of a sliding window."""
    position = torch.arange(n_tokens)
    distance = position[:, None] - position[None, :]
    return (distance >= 0) & (distance < window)


def _distance(n_tokens: int) -> Tensor:
    position = torch.arange(n_tokens)
    return position[:, None] - position[None, :]


def _one_too_wide(n_tokens: int, window: int) -> Tensor:
    return sliding_window_mask(n_tokens, window + 1)


def _one_too_narrow(n_tokens: int, window: int) -> Tensor:
    return sliding_window_mask(n_tokens, window - 1)


def _not_itself(n_tokens: int, window: int) -> Tensor:
    distance = _distance(n_tokens)
    return (distance >= 1) & (distance <= window)


def _both_sides(n_tokens: int, window: int) -> Tensor:
    return _distance(n_tokens).abs() < window


def _no_window(n_tokens: int, window: int) -> Tensor:
    del window
    return _distance(n_tokens) >= 0


def _no_causality(n_tokens: int, window: int) -> Tensor:
    return _distance(n_tokens) < window


def _future(n_tokens: int, window: int) -> Tensor:
    return sliding_window_mask(n_tokens, window).T


def _blocks(n_tokens: int, window: int) -> Tensor:
    block = torch.arange(n_tokens) // window
    return (_distance(n_tokens) >= 0) & (block[:, None] == block[None, :])


def _numbers(n_tokens: int, window: int) -> Tensor:
    return sliding_window_mask(n_tokens, window).float()


def _case(n_tokens: int, window: int) -> Case:
    return Case({"n_tokens": n_tokens, "window": window}, f"{n_tokens} tokens, window {window}")


def _random_case(draw: random.Random) -> Case:
    window = draw.randint(2, 20)
    return _case(window + draw.randint(2, 30), window)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [_case(4, 2), _case(3, 1), _case(3, 8), _case(6, 3), _random_case(draw)]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    random_cases = [_random_case(draw) for _ in range(3)]
    return [_case(1, 1), _case(1, 6), _case(5, 5), _case(6, 5), *random_cases]


EXERCISE = Exercise(
    id="attention.sliding_window_mask",
    title="A sliding window",
    statement="""
Causal attention over $T$ tokens makes $T(T+1)/2$ comparisons. If each token sees only the last
`window` tokens, **itself included**, the number grows with $T$ instead of $T^2$; models with long
contexts use such layers, and what lies farther back travels through the stack of layers.

Write the mask: `True` where the query (row) may attend to the key (column). The window may be
longer than the text.
""",
    signature=Signature(
        summary="Return the causal mask of a sliding window.",
        parameters=(
            Parameter("n_tokens", "int T >= 1"),
            Parameter("window", "int >= 1, how many tokens each one sees, itself included"),
        ),
        returns="bool tensor [T T], True = may attend",
    ),
    level="stretch",
    points=3,
    minutes=8,
    example=_case(4, 3),
    reference=sliding_window_mask,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(check_dtype=True),
    hints=(
        "Think in distances: how far back is the key from the query? Negative means the future.",
        "`position[:, None] - position[None, :]` is the table of distances. Which distances are "
        "allowed with a window of 1? Of 2?",
        "The allowed distances are 0, 1, …, window − 1: two conditions joined with `&`.",
    ),
    explanation="A table of distances turns both rules into comparisons: `distance >= 0` hides the "
    "future and `distance < window` hides what is too far back. A window of 1 leaves the diagonal; "
    "a window of T or more is the plain causal mask.",
    mutants=(
        Mutant(
            "one_too_wide",
            _one_too_wide,
            "Off by one: the window is one token too wide; it counts the token itself.",
        ),
        Mutant("one_too_narrow", _one_too_narrow, "Off by one: the window is one token short."),
        Mutant(
            "not_itself", _not_itself, "Each token must see itself: distance 0 is in the window."
        ),
        Mutant(
            "both_sides",
            _both_sides,
            "The window reaches into the future; it should look back only.",
        ),
        Mutant("no_window", _no_window, "The window is not used: this is the plain causal mask."),
        Mutant(
            "numbers",
            _numbers,
            "The entries are the numbers 1 and 0; a bool tensor is asked for: `dtype=torch.bool`, "
            "or a comparison.",
        ),
        Mutant("no_causality", _no_causality, "The whole future is visible: distances below 0."),
        Mutant("future", _future, "Rows and columns are swapped: the window looks ahead."),
        Mutant(
            "blocks",
            _blocks,
            "The tokens are cut into fixed blocks; the window should move along with the query.",
        ),
    ),
)
