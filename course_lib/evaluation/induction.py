"""Induction heads: heads that look for what came last time after the same token.

After … A B … A such a head looks at B, and so raises the chance that B comes again. Its score is
`role_score` on `successor_targets`; the test is a sequence of random tokens, read twice, in which
nothing else helps.

Source: Elhage et al. 2021; Olsson et al. 2022.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_lib.config import check_positive
from course_lib.evaluation.head_roles import silenced
from course_lib.layers import causal_mask
from course_lib.layers.grouped_query import attention_weights
from course_lib.models import GPT2, Transformer

Head = tuple[int, int]
"""Layer and number of a head, both from 0."""


def repeated_tokens(
    choices: Int[Tensor, " N"], length: int, *, generator: torch.Generator, start: int | None = None
) -> Int[Tensor, " T"]:
    """Draw `length` different tokens at random and write them twice.

    Args:
        choices: the token ids to draw from.
        length: of one copy.
        generator: draws.
        start: a token to stand before both copies.

    Raises:
        ValueError: length is below 1 or above the number of choices.

    >>> repeated_tokens(torch.tensor([7]), 1, generator=torch.Generator(), start=0).tolist()
    [0, 7, 7]
    """
    check_positive("length", length)
    if length > len(choices):
        raise ValueError(f"length is {length}, but choices hold {len(choices)} tokens")
    once = choices[torch.randperm(len(choices), generator=generator)[:length]]
    first = torch.tensor([] if start is None else [start], dtype=torch.int64)
    return torch.cat([first, once, once])


def occurrence_targets(tokens: Int[Tensor, " T"], offset: int) -> Bool[Tensor, "T T"]:
    """Return the role "look `offset` places behind an earlier occurrence of my token".

    targets[t, s] is True where s ≤ t, s − offset < t and tokens[s − offset] = tokens[t]. Offset 0
    is the earlier occurrence itself, 1 what came after it.

    >>> occurrence_targets(torch.tensor([5, 6, 5]), 0).int().tolist()
    [[0, 0, 0], [0, 0, 0], [1, 0, 0]]
    """
    n = len(tokens)
    place = torch.arange(n, device=tokens.device)
    earlier = (tokens[:, None] == tokens[None, :]) & (place[None, :] < place[:, None])
    targets = torch.zeros(n, n, dtype=torch.bool, device=tokens.device)
    if abs(offset) < n:
        kept = n - abs(offset)
        first = max(offset, 0)
        targets[:, first : first + kept] = earlier[:, first - offset : first - offset + kept]
    return targets.tril()


def successor_targets(tokens: Int[Tensor, " T"]) -> Bool[Tensor, "T T"]:
    """Return the role "look behind an earlier occurrence of the token I stand on".

    targets[t, s] is True where s ≤ t and tokens[s − 1] = tokens[t].

    >>> successor_targets(torch.tensor([5, 6, 5])).int().tolist()
    [[0, 0, 0], [0, 0, 0], [0, 1, 0]]
    """
    return occurrence_targets(tokens, 1)


@torch.no_grad()
def attention_maps(
    network: GPT2 | Transformer, tokens: Int[Tensor, " T"]
) -> Float[Tensor, "L H T T"]:
    """Return the weights of every head of a decoder on one sequence."""
    maps: list[Tensor] = []
    hidden = torch.zeros(len(tokens), len(tokens)).masked_fill(
        ~causal_mask(len(tokens)), -torch.inf
    )

    def keep(attention: nn.Module, inputs: tuple[Any, ...]) -> None:
        query, key, _ = attention.split_heads(inputs[0])  # type: ignore[operator]
        key = key.repeat_interleave(query.shape[1] // key.shape[1], dim=1)
        maps.append(attention_weights(query, key, hidden)[0])

    handles = [
        module.attention.register_forward_pre_hook(keep)  # type: ignore[union-attr]
        for module in network.blocks
    ]
    try:
        network.hidden_states(tokens[None])
    finally:
        for handle in handles:
            handle.remove()
    return torch.stack(maps)


def best_heads(scores: Float[Tensor, "L H"], n: int) -> list[Head]:
    """Return the n heads with the largest scores, the best first.

    Raises:
        ValueError: n is below 1 or above the number of heads.
    """
    check_positive("n", n)
    if n > scores.numel():
        raise ValueError(f"n is {n}, but there are {scores.numel()} heads")
    order = scores.flatten().argsort(descending=True, stable=True)[:n].tolist()
    return [divmod(place, scores.shape[1]) for place in order]


def other_heads_of_same_layers(heads: Sequence[Head], n_heads: int, *, seed: int) -> list[Head]:
    """Draw as many other heads of each layer: the control for silencing the given ones.

    Args:
        heads: the heads that are not to be drawn.
        n_heads: H, of every layer.
        seed: of the draw.

    Raises:
        ValueError: a layer has fewer other heads than are needed.
    """
    draw = random.Random(seed)
    found: list[Head] = []
    for layer in sorted({layer for layer, _ in heads}):
        taken = {head for other, head in heads if other == layer}
        free = [head for head in range(n_heads) if head not in taken]
        if len(free) < len(taken):
            raise ValueError(
                f"layer {layer} has {len(free)} other heads, {len(taken)} are needed; "
                "silence fewer heads of it"
            )
        found += [(layer, head) for head in draw.sample(free, len(taken))]
    return found


@contextmanager
def heads_silenced(network: GPT2 | Transformer, heads: Iterable[Head]) -> Iterator[None]:
    """Silence heads of several layers inside a `with`, each as `silenced` does."""
    by_layer: dict[int, list[int]] = {}
    for layer, head in heads:
        by_layer.setdefault(layer, []).append(head)
    with ExitStack() as stack:
        for layer, numbers in by_layer.items():
            attention = network.blocks[layer].attention
            stack.enter_context(
                silenced(attention.output, numbers, attention.d_head)  # type: ignore
            )
        yield
