"""Exercise: heads that share keys and values."""

import math

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def grouped_query_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Return each query head's mix of the values of its group."""
    in_group = query.shape[1] // key.shape[1]
    key = key.repeat_interleave(in_group, dim=1)  # [B H S K]
    value = value.repeat_interleave(in_group, dim=1)
    weights = torch.softmax(query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]), dim=-1)
    return weights @ value


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    return torch.softmax(scores, dim=-1) @ value


def _tiled(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    times = query.shape[1] // key.shape[1]
    return _attend(query, key.repeat(1, times, 1, 1), value.repeat(1, times, 1, 1))


def _first_for_all(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return _attend(query, key[:, :1], value[:, :1])


def _averaged(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return _attend(query, key.mean(1, keepdim=True), value.mean(1, keepdim=True))


def _queries_averaged(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    batch, _, time, d_head = query.shape
    groups = query.reshape(batch, key.shape[1], -1, time, d_head).mean(2)
    return _attend(groups, key, value)


def _values_tiled(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    times = query.shape[1] // key.shape[1]
    return _attend(query, key.repeat_interleave(times, dim=1), value.repeat(1, times, 1, 1))


def _no_scale(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return grouped_query_attention(query * math.sqrt(query.shape[-1]), key, value)


def _wrong_axis(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    times = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(times, dim=1), value.repeat_interleave(times, dim=1)
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    return torch.softmax(scores, dim=-2) @ value


def _group_summed(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    mixed = grouped_query_attention(query, key, value)
    batch, _, time, d_head = query.shape
    return mixed.reshape(batch, key.shape[1], -1, time, d_head).sum(2)


def _case(
    generator: torch.Generator, heads: tuple[int, int], sizes: tuple[int, int, int, int], label: str
) -> Case:
    def normal(*shape: int) -> Tensor:
        return (1.5 * torch.randn(*shape, generator=generator)).round(decimals=1)

    batch, n_queries, n_keys, d_head = sizes
    inputs = {
        "query": normal(batch, heads[0], n_queries, d_head),
        "key": normal(batch, heads[1], n_keys, d_head),
        "value": normal(batch, heads[1], n_keys, d_head),
    }
    return Case(inputs, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, (4, 2), (1, 2, 2, 2), "four heads in two groups"),
        _case(generator, (6, 3), (2, 3, 3, 4), "six heads in three groups"),
        _case(generator, (3, 1), (1, 2, 3, 2), "one group for all: multi-query"),
        _case(generator, (2, 2), (1, 2, 4, 3), "each its own: multi-head"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, (9, 3), (2, 4, 4, 5), "nine heads in three groups"),
        _case(generator, (8, 2), (3, 1, 6, 4), "one query, six keys"),
        _case(generator, (4, 4), (1, 3, 3, 2), "each its own"),
        _case(generator, (1, 1), (1, 1, 1, 1), "one of everything"),
    ]


def _example() -> Case:
    key = torch.zeros(1, 2, 1, 2)
    value = torch.tensor([[[[1.0, 2.0]], [[30.0, 40.0]]]])
    return Case({"query": torch.ones(1, 4, 1, 2), "key": key, "value": value}, "example")


EXERCISE = Exercise(
    id="multi_head.grouped_query_attention",
    title="Heads that share keys and values",
    statement="""
In grouped-query attention $H$ query heads share $G$ heads of keys and values, $G$ a divisor of $H$.
The **first** $H / G$ query heads use key–value head 0, the next $H / G$ use head 1, and so on.
Return each query head's output, as in scaled dot-product attention without a mask.

`torch.softmax` may be used, ready-made attention may not.
""",
    signature=Signature(
        summary="Return each query head's mix of the values of its group.",
        parameters=(
            Parameter("query", "float tensor [B H T K]"),
            Parameter("key", "float tensor [B G S K]: G divides H"),
            Parameter("value", "float tensor [B G S K]"),
        ),
        returns="float tensor [B H T K]",
    ),
    forbidden=(
        "scaled_dot_product_attention",
        "course_lib.layers",
        "course_lib.models",
        "transformers",
    ),
    level="stretch",
    points=4,
    minutes=10,
    example=_example(),
    reference=grouped_query_attention,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Write down for H = 4 and G = 2 which key–value head each query head uses: 0, 0, 1, 1. "
        "Then make the keys and values into H heads in that order.",
        "Two PyTorch functions repeat. On heads a, b, `repeat` gives a, b, a, b and "
        "`repeat_interleave` gives a, a, b, b.",
        "`key.repeat_interleave(H // G, dim=1)`, the same for the values, then ordinary attention "
        "with scores divided by the root of K.",
    ),
    explanation="Repeating makes it plain multi-head attention with equal keys in a group. "
    "`repeat` in place of `repeat_interleave` has the same shapes and is right for G = 1 and "
    "G = H, so a test with those two alone would not find it. Real kernels do not copy: they read "
    "each key–value head once for its whole group.",
    mutants=(
        Mutant(
            "tiled",
            _tiled,
            "The heads are repeated as 0, 1, 0, 1; neighbors share a head: 0, 0, 1, 1 "
            "(`repeat_interleave`).",
        ),
        Mutant(
            "first_for_all",
            _first_for_all,
            "Every query head uses key–value head 0; only the first H / G do.",
        ),
        Mutant(
            "averaged",
            _averaged,
            "Keys and values are averaged over the heads; each group has its own.",
        ),
        Mutant(
            "queries_averaged",
            _queries_averaged,
            "The queries of a group are averaged; keys and values are shared, queries are not.",
        ),
        Mutant(
            "values_tiled",
            _values_tiled,
            "Keys are shared in the right order and values in another: `repeat_interleave` both.",
        ),
        Mutant("no_scale", _no_scale, "The scores are not divided by √K."),
        Mutant(
            "wrong_axis",
            _wrong_axis,
            "The softmax runs over the queries; it should run over the keys, the last axis.",
        ),
        Mutant(
            "group_summed",
            _group_summed,
            "The outputs of a group are added up; there is one output for each query head.",
        ),
    ),
)
