"""Rung 9: the cache, so that only new tokens are read."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from course_lib.exercises.build_gpt2.reference import (
    attend,
    blocks_of,
    normalize,
    read,
    read_on,
    write_back,
)
from course_lib.exercises.build_gpt2.small_models import Sizes, Weights, drawing, model_weights
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Answer = tuple[Tensor, list[Any]]


@dataclass(frozen=True)
class _Slips:
    """What may be different about reading on."""

    start: str = "kept"
    order: str = "behind"
    attends: str = "all"
    keeps: str = "all"
    layer: str = "own"
    exchanged: bool = False
    last: str = "last"
    first_positions: bool = False


def _together(old: Tensor, new: Tensor, order: str) -> Tensor:
    return torch.cat([old, new] if order == "behind" else [new, old], dim=2)


def _variant(
    tokens: Tensor,
    weights: Weights,
    n_heads: int,
    cache: list[Any] | None = None,
    *,
    slips: _Slips,
) -> Answer:
    n_kept = 0 if cache is None else cache[0][0].shape[2]
    starts = {"kept": n_kept, "zero": 0, "one_less": max(0, n_kept - 1), "heads": n_heads}
    start = starts[slips.start] if n_kept else 0
    x = weights["token_embedding.weight"][tokens]
    x = x + weights["positions.table"][start : start + tokens.shape[1]]
    kept = []
    for number, part in enumerate(blocks_of(weights)):
        query, key, value = read(x, part, n_heads)
        new = (key, value)
        if cache is not None:
            old = cache[0 if slips.layer == "first" else number]
            key, value = (_together(a, b, slips.order) for a, b in zip(old, new, strict=True))
        kept.append(
            (value, key) if slips.exchanged else new if slips.keeps == "new" else (key, value)
        )
        if slips.attends == "new":
            gathered = attend(query, *new)
        elif slips.first_positions and cache is not None:
            gathered = _as_first(query, key, value)
        else:
            gathered = attend(query, key, value)
        x = write_back(x, gathered, part)
    x = x[:, -1] if slips.last == "last" else x[:, 0] if slips.last == "first" else x
    x = normalize(x, weights["final_norm.gain"], weights["final_norm.bias"])
    return x @ weights["token_embedding.weight"].T, kept


def _as_first(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend as if the queries were the first positions."""
    time = query.shape[2]
    return attend(query, key[:, :, :time], value[:, :, :time])


def _with(**slips: str | bool) -> partial[Answer]:
    return partial(_variant, slips=_Slips(**slips))  # type: ignore[arg-type]


def _case(seed: int, shape: tuple[int, int], n_kept: int, n_layers: int, n_heads: int = 2) -> Case:
    draw, generator = drawing(seed)
    sizes = Sizes(n_layers=n_layers, d_model=4, d_ff=4, context_length=8)
    weights = model_weights(draw, sizes)
    batch, time = shape
    tokens = torch.randint(sizes.vocab_size, (batch, n_kept + time), generator=generator)
    inputs: dict[str, Any] = {"tokens": tokens[:, n_kept:], "weights": weights, "n_heads": n_heads}
    if n_kept:
        cache = read_on(tokens[:, :n_kept], weights, n_heads)[1]
        inputs["cache"] = [tuple(part.clone() for part in pair) for pair in cache]
    label = f"sequences: {batch}, new tokens: {time}, kept: {n_kept}, blocks: {n_layers}"
    return Case(inputs, label)


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, (1, 3), 0, 1),
        _case(first + 1, (1, 1), 4, 1),
        _case(first + 2, (2, 2), 3, 2),
        _case(first + 3, (1, 1), 6, 3, n_heads=4),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, (2, 4), 0, 2),
        _case(first + 1, (3, 1), 7, 2),
        _case(first + 2, (1, 4), 2, 2, n_heads=1),
        _case(first + 3, (1, 2), 4, 11),
    ]


def _example() -> Case:
    sizes = Sizes(n_layers=1, d_model=2, d_ff=1, vocab_size=2, context_length=2)
    weights = model_weights(torch.zeros, sizes)
    weights["token_embedding.weight"] = torch.eye(2)
    weights["final_norm.gain"] = torch.ones(2)
    weights["blocks.0.attention.query_key_value.bias"] = torch.tensor([0, 0, 0, 0, 5.0, 6.0])
    kept = torch.zeros(1, 1, 1, 2), torch.tensor([[[[7.0, 8.0]]]])
    inputs = {"tokens": torch.tensor([[1]]), "weights": weights, "n_heads": 1, "cache": [kept]}
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="build_gpt2.read_on",
    title="Rung 9 · read on, without reading again",
    statement="""
Write the model once more, for tokens that come **behind** others. The cache is a list with one pair
for each block, in their order: the keys and the values of all tokens read so far, both [B H S K].

In each block put the new keys and values behind the kept ones, let the new queries attend to all of
them, and keep the longer pair. The first new token stands at position $S$, not at 0. Without a
cache the text begins here. Return the logits after the last token and the new cache.

Your rungs 1, 2 and 3 serve as they are. `block` hides its keys and values, so its lines come once
more, or you give it a way in. In the example the block writes nothing, but it does keep.
""",
    signature=Signature(
        summary="Return the next token's scores and the cache, after reading only the new tokens.",
        parameters=(
            Parameter("tokens", "int tensor [B T], the new tokens; S + T is at most C"),
            Parameter("weights", "dict of float tensors, as in rung 5"),
            Parameter("n_heads", "int H"),
            Parameter("cache", "list of one pair (keys, values) [B H S K] for each block", "None"),
        ),
        returns="(logits, cache): float tensor [B V]; a list of pairs [B H S+T K]",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="stretch",
    points=8,
    minutes=20,
    example=_example(),
    reference=read_on,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Three things are new against rung 5: where the positions begin, what attention gets as "
        "keys and values, and what is returned. The norms, the feed-forward layer and the output "
        "see only the new tokens.",
        "`start = 0 if cache is None else cache[0][0].shape[2]` is S, and the positions are "
        "`weights['positions.table'][start : start + tokens.shape[1]]`.",
        "In block i, after `project_heads`: `key = torch.cat([cache[i][0], key], dim=2)`, the same "
        "for the value, then `kept.append((key, value))`; `attend(query, key, value)` already "
        "takes the queries for the last positions. At the end `x[:, -1]`, norm, output.",
    ),
    explanation="Under a causal mask nothing that was read earlier depends on what comes later, so "
    "its keys and values never change. Queries are not kept: a past position asks nothing any "
    "more. A prompt is read in one call and each new token in one more, and `attend` needed no "
    "change for it.",
    mutants=(
        Mutant(
            "starts_at_zero",
            _with(start="zero"),
            "The positions of the new tokens begin at 0; they begin behind the kept ones.",
        ),
        Mutant(
            "one_place_early",
            _with(start="one_less"),
            "The first new token gets the position of the last kept one; it comes after it.",
        ),
        Mutant(
            "counts_heads",
            _with(start="heads"),
            "The place of the first new token is read off the wrong axis of the cache: that is "
            "the number of heads. The positions are axis 2.",
        ),
        Mutant(
            "in_front",
            _with(order="front"),
            "The new keys and values are put in front of the kept ones; put them behind.",
        ),
        Mutant(
            "cache_unused",
            _with(attends="new"),
            "The cache grows, but the queries attend to the new tokens only.",
        ),
        Mutant(
            "keeps_new_only",
            _with(keeps="new"),
            "The cache that is returned holds the new tokens only; the next call needs all.",
        ),
        Mutant(
            "first_layers_cache",
            _with(layer="first"),
            "Every block uses the pair of block 0; each has its own.",
        ),
        Mutant("exchanged", _with(exchanged=True), "Values and keys are exchanged in the cache."),
        Mutant(
            "first_positions",
            _with(first_positions=True),
            "The new queries see only as many keys as there are queries, the oldest ones; they "
            "stand at the end and see all before them.",
        ),
        Mutant("first_logits", _with(last="first"), "The logits are those of the first new token."),
        Mutant(
            "all_logits",
            _with(last="all"),
            "The logits of all new tokens are returned; only the last one's are asked for.",
        ),
    ),
)
