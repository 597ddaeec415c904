"""What an attention head does: its weights held against where a role would look.

A role is a table of Booleans, one row per query: `targets[t, s]` is True where a head with that
role looks from position t. The score of a head is the mean weight it puts there, and a head that
spreads its weight evenly is the control.

Source: Clark et al. 2019, sections 3 and 4, score heads by offset, by separator and by syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_lib.config import check_positive


def offset_targets(n_positions: int, offset: int) -> Bool[Tensor, "T T"]:
    """Return the role "look `offset` places to the right": −1 is the previous token, 0 oneself.

    Args:
        n_positions: T.
        offset: places from the query to its target; negative is to the left.

    Raises:
        ValueError: n_positions is below 1.

    >>> offset_targets(3, -1).int().tolist()
    [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    """
    check_positive("n_positions", n_positions)
    position = torch.arange(n_positions)
    return position[None, :] - position[:, None] == offset


def position_targets(n_positions: int, positions: Sequence[int]) -> Bool[Tensor, "T T"]:
    """Return the role "look at these positions", such as the first token or the delimiters.

    A query that is itself one of the positions has no target, since it would score by looking at
    itself.

    Raises:
        ValueError: a position is outside 0 … T − 1.

    >>> position_targets(3, [0]).int().tolist()
    [[0, 0, 0], [1, 0, 0], [1, 0, 0]]
    """
    check_positive("n_positions", n_positions)
    targets = torch.zeros(n_positions, n_positions, dtype=torch.bool)
    chosen = [_inside(position, n_positions, "positions") for position in positions]
    targets[:, chosen] = True
    targets[chosen] = False
    return targets


def same_token_targets(tokens: Int[Tensor, " T"]) -> Bool[Tensor, "T T"]:
    """Return the role "look where the same token stands", oneself excepted.

    >>> same_token_targets(torch.tensor([7, 8, 7])).int().tolist()
    [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    """
    same = tokens[:, None] == tokens[None, :]
    return same & ~torch.eye(len(tokens), dtype=torch.bool, device=tokens.device)


def link_targets(n_positions: int, links: Mapping[int, Sequence[int]]) -> Bool[Tensor, "T T"]:
    """Return the role "look along these links", as from a verb to the tokens of its object.

    Args:
        n_positions: T.
        links: query position → the key positions it is linked to.

    Raises:
        ValueError: a position is outside 0 … T − 1.
    """
    check_positive("n_positions", n_positions)
    targets = torch.zeros(n_positions, n_positions, dtype=torch.bool)
    for query, keys in links.items():
        row = _inside(query, n_positions, "links")
        for key in keys:
            targets[row, _inside(key, n_positions, "links")] = True
    return targets


def role_score(
    weights: Float[Tensor, "*heads T S"], targets: Bool[Tensor, "_ _"]
) -> Float[Tensor, "*heads"]:
    """Return the mean weight that each head puts on a role's targets.

    1/|R| · Σ_{t ∈ R} Σ_{s : targets[t, s]} weights[t, s], where R holds the queries that have a
    target at all. It lies between 0 and 1.

    Args:
        weights: attention weights; each row adds up to 1.
        targets: [T S], True where the role looks.

    Raises:
        ValueError: the shapes differ, or no query has a target.
    """
    rows = _rows_with_target(weights, targets)
    return (weights * targets).sum(-1)[..., rows].mean(-1)


def role_hits(
    weights: Float[Tensor, "*heads T S"], targets: Bool[Tensor, "_ _"]
) -> Float[Tensor, "*heads"]:
    """Return the share of queries whose largest weight falls on a target, for each head.

    Raises:
        ValueError: the shapes differ, or no query has a target.
    """
    rows = _rows_with_target(weights, targets)
    largest = weights.argmax(-1)[..., rows]
    found = targets[rows].expand(*largest.shape, -1).gather(-1, largest[..., None])
    return found[..., 0].to(weights.dtype).mean(-1)


def even_weights(n_positions: int, *, is_causal: bool = False) -> Float[Tensor, "T T"]:
    """Return the weights of a head that prefers nothing: the control of every role.

    >>> even_weights(2, is_causal=True).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    check_positive("n_positions", n_positions)
    ones = torch.ones(n_positions, n_positions)
    allowed = ones.tril() if is_causal else ones
    return allowed / allowed.sum(-1, keepdim=True)


@contextmanager
def silenced(output: nn.Module, heads: Sequence[int], d_head: int) -> Iterator[None]:
    """Silence heads of one attention layer inside a `with`: what they hand over becomes 0.

    Head h owns the entries h · d_head … (h + 1) · d_head − 1 of what enters the layer's output
    projection. They are set to 0 there by a hook, which is removed at the end.

    Args:
        output: the linear layer that mixes the joined heads, such as `MultiHeadAttention.output`.
        heads: numbers of the heads, from 0.
        d_head: K.

    Raises:
        ValueError: a head that the layer does not have, or d_head does not divide its width.
    """
    check_positive("d_head", d_head)
    width = getattr(output, "in_features", None)
    if not isinstance(width, int) or width % d_head:
        raise ValueError(
            f"output must be a linear layer whose in_features is a multiple of d_head={d_head}; "
            f"got {type(output).__name__} with in_features={width}"
        )
    for head in heads:
        _inside(head, width // d_head, "heads")

    def silence(_: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        joined = inputs[0].clone()
        for head in heads:
            joined[..., head * d_head : (head + 1) * d_head] = 0.0
        return (joined, *inputs[1:])

    handle = output.register_forward_pre_hook(silence)
    try:
        yield
    finally:
        handle.remove()


def _inside(position: int, size: int, argument: str) -> int:
    if not 0 <= position < size:
        raise ValueError(f"{argument} holds {position}; it must be between 0 and {size - 1}")
    return position


def _rows_with_target(weights: Tensor, targets: Tensor) -> Tensor:
    if weights.shape[-2:] != targets.shape:
        raise ValueError(
            f"targets has shape {tuple(targets.shape)}; it must be that of one head's weights, "
            f"{tuple(weights.shape[-2:])}"
        )
    rows = targets.any(-1)
    if not rows.any():
        raise ValueError("targets marks nothing: no query has a target, so there is no mean")
    return rows
