"""Rung 3: causal attention in which the queries may be the last positions of the keys."""

import math
from functools import partial

import torch
from torch import Tensor

from course_lib.exercises.build_gpt2.reference import attend
from course_lib.exercises.build_gpt2.small_models import drawing
from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def _variant(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    offset: str = "last",
    scale: str = "head",
    axis: int = -1,
    mask_after: bool = False,
    join: str = "right",
) -> Tensor:
    n_queries, n_keys, d_head = *query.shape[-2:-1], *key.shape[-2:]
    width = d_head * query.shape[1]
    root = math.sqrt({"head": d_head, "width": width, "square": d_head**2, "no": 1}[scale])
    first = {"last": n_keys - n_queries + 1, "first": 1, "itself": n_keys - n_queries, "no": n_keys}
    future = torch.ones(n_queries, n_keys, dtype=torch.bool).triu(first[offset])
    scores = query @ key.transpose(-2, -1) / root
    if offset == "itself":
        future[:, 0] = False  # else the first position would see nothing
    if mask_after:
        mixed = scores.softmax(dim=axis).masked_fill(future, 0.0) @ value
    else:
        mixed = scores.masked_fill(future, -1e9).softmax(dim=axis) @ value
    if join == "heads_last":
        return mixed.permute(0, 2, 3, 1).flatten(2)
    if join == "positions":
        return mixed.reshape(mixed.shape[0], mixed.shape[2], -1)
    return mixed if join == "no" else mixed.transpose(1, 2).flatten(2)


def _case(seed: int, shape: tuple[int, int, int, int], n_keys: int, label: str) -> Case:
    draw, _ = drawing(seed)
    batch, n_heads, _, d_head = shape
    keys = (batch, n_heads, n_keys, d_head)
    return Case({"query": draw(*shape), "key": draw(*keys), "value": draw(*keys)}, label)


def _example() -> Case:
    key = torch.zeros(1, 2, 3, 1)
    value = torch.tensor([[[[0.0], [2.0], [4.0]], [[0.0], [20.0], [40.0]]]])
    return Case({"query": torch.zeros(1, 2, 2, 1), "key": key, "value": value}, "example")


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, (1, 2, 3, 4), 3, "as many queries as keys"),
        _case(first + 1, (2, 2, 2, 3), 5, "two new tokens after three"),
        _case(first + 2, (1, 3, 1, 2), 4, "one new token after three"),
        with_gradients(_case(first + 3, (1, 2, 2, 3), 3, "one token kept"), "query", "key"),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, (2, 2, 5, 3), 5, "as many queries as keys"),
        _case(first + 1, (1, 2, 3, 6), 7, "three new tokens after four"),
        _case(first + 2, (2, 3, 1, 3), 1, "the first token"),
        with_gradients(_case(first + 3, (1, 2, 3, 2), 3, "nothing kept"), "query", "value"),
    ]


EXERCISE = Exercise(
    id="build_gpt2.attend",
    title="Rung 3 · attention, ready for a cache",
    statement="""
Let every head attend: scores divided by $\\sqrt{K}$, no position sees a later one, a softmax over
the keys, a mean of the values. Then join the heads side by side in their order, so that the result
is [B T D] with $D = HK$.

There may be more keys than queries. The $T$ queries are then the **last** $T$ of the $S$ positions:
query $t$ stands at position $S - T + t$ and sees the keys up to there. This costs nothing now, and
the top rung will need it.

`softmax` may be used, ready-made attention may not. Some cases compare gradients. In the example
all scores are 0, so each query takes the plain mean of what it sees.
""",
    signature=Signature(
        summary="Return what the heads gather under the causal mask, side by side.",
        parameters=(
            Parameter("query", "float tensor [B H T K], the last T of S positions"),
            Parameter("key", "float tensor [B H S K], S >= T"),
            Parameter("value", "float tensor [B H S K]"),
        ),
        returns="float tensor [B T D], D = H K",
    ),
    forbidden=(
        "scaled_dot_product_attention",
        "course_lib.layers",
        "course_lib.models",
        "transformers",
    ),
    level="core",
    points=5,
    minutes=12,
    example=_example(),
    reference=attend,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Shapes: scores [B H T S], weights the same, mixed [B H T K], joined [B T D]. The mask is "
        "[T S] and goes in before the softmax.",
        "`torch.ones(T, S, dtype=torch.bool).triu(d)` is True from the diagonal d on. With S = T "
        "the future begins at d = 1; each key more than there are queries moves it one place to "
        "the right.",
        "`scores.masked_fill(future, -math.inf).softmax(dim=-1) @ value`, with "
        "`future = torch.ones(T, S, dtype=torch.bool).triu(S - T + 1)`; then "
        "`.transpose(1, 2).flatten(2)` joins the heads.",
    ),
    explanation="One diagonal serves reading a prompt (T = S), one new token (T = 1, nothing is "
    "hidden) and a few tokens behind a cache. `transpose` before `flatten` puts the heads of one "
    "position side by side; a `reshape` alone would put positions of one head there.",
    mutants=(
        Mutant(
            "no_mask",
            partial(_variant, offset="no"),
            "Nothing is hidden: positions see what comes after them.",
        ),
        Mutant(
            "first_positions",
            partial(_variant, offset="first"),
            "The mask takes the queries for the first T positions; they are the last T, so the "
            "diagonal moves by S − T.",
        ),
        Mutant(
            "not_itself",
            partial(_variant, offset="itself"),
            "Off by one: a position sees itself, too.",
        ),
        Mutant("not_scaled", partial(_variant, scale="no"), "Scores are not divided by √K."),
        Mutant(
            "scaled_by_width",
            partial(_variant, scale="width"),
            "Scores are divided by √D; divide by √K, the root of one head's width.",
        ),
        Mutant(
            "scaled_by_k",
            partial(_variant, scale="square"),
            "Scores are divided by K; divide by its square root.",
        ),
        Mutant(
            "wrong_axis",
            partial(_variant, axis=-2),
            "The softmax runs over the queries; it runs over the keys, the last axis.",
        ),
        Mutant(
            "mask_after",
            partial(_variant, mask_after=True),
            "The mask comes after the softmax, so the weights no longer add up to 1.",
        ),
        Mutant(
            "joined_by_reshape",
            partial(_variant, join="positions"),
            "The heads are joined by `reshape` alone, which mixes positions; transpose first.",
        ),
        Mutant(
            "heads_last",
            partial(_variant, join="heads_last"),
            "The heads are woven into each other; each head's K entries stay together.",
        ),
        Mutant("not_joined", partial(_variant, join="no"), "The heads are not joined yet."),
        *graph_mistakes(attend),
    ),
)
