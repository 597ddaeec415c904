"""Who may look at whom: every mask of the package, True where attention is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

from course_lib.config import check_positive


def causal_mask(
    n_queries: int, n_keys: int | None = None, *, device: torch.device | str | None = None
) -> Bool[Tensor, "T S"]:
    """Let each position see itself and what came before it.

    The queries are the last `n_queries` of the `n_keys` positions, so that the same mask serves
    when earlier keys come from a cache.

    Args:
        n_queries: T, number of query positions.
        n_keys: S, number of key positions; T where not given.
        device: where the mask is made.

    Raises:
        ValueError: there are fewer keys than queries.

    >>> causal_mask(3).int().tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    >>> causal_mask(1, 3).int().tolist()
    [[1, 1, 1]]
    """
    n_keys = n_queries if n_keys is None else n_keys
    check_positive("n_queries", n_queries)
    if n_keys < n_queries:
        raise ValueError(
            f"n_keys must be at least n_queries: the queries are the last of the keys; "
            f"got n_queries={n_queries}, n_keys={n_keys}"
        )
    ones = torch.ones(n_queries, n_keys, dtype=torch.bool, device=device)
    return ones.tril(diagonal=n_keys - n_queries)


def full_mask(n_positions: int, *, device: torch.device | str | None = None) -> Bool[Tensor, "T T"]:
    """Let each position see every position, as an encoder does.

    Args:
        n_positions: T.
        device: where the mask is made.

    >>> full_mask(2).int().tolist()
    [[1, 1], [1, 1]]
    """
    check_positive("n_positions", n_positions)
    return torch.ones(n_positions, n_positions, dtype=torch.bool, device=device)


def prefix_mask(
    n_positions: int, prefix_length: int, *, device: torch.device | str | None = None
) -> Bool[Tensor, "T T"]:
    """Let the first positions see one another, and each later one itself and what came before.

    A prefix of 0 or 1 gives the causal mask, a prefix of `n_positions` the full one.

    Source: Dong et al. 2019 (UniLM), section 2.3; Raffel et al. 2020 (T5), section 3.2.1.

    Args:
        n_positions: T.
        prefix_length: how many positions are read in both directions.
        device: where the mask is made.

    Raises:
        ValueError: `prefix_length` is not between 0 and `n_positions`.

    >>> prefix_mask(4, 2).int().tolist()
    [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    """
    mask = causal_mask(n_positions, device=device)
    if not 0 <= prefix_length <= n_positions:
        raise ValueError(
            f"prefix_length must be between 0 and n_positions={n_positions}, got {prefix_length}"
        )
    mask[:, :prefix_length] |= torch.arange(n_positions, device=device)[:, None] < prefix_length
    return mask


def permutation_mask(
    order: Sequence[int],
    *,
    stream: Literal["query", "content"] = "query",
    device: torch.device | str | None = None,
) -> Bool[Tensor, "T T"]:
    """Let each position see those that are predicted before it, in an order that is not theirs.

    The text keeps its positions; only the order of prediction changes. Two streams read it:
    the *query* stream predicts position i and must not see what stands there, so its mask
    leaves out the diagonal (the position predicted first sees nothing); the *content* stream
    stands for what position i holds, for others to read, and sees itself too. In the order
    0, 1, 2, … the content mask is the causal one.

    Source: Yang et al. 2019 (XLNet), section 2.3.

    Args:
        order: `order[i]` tells when position i is predicted; a permutation of 0 … T − 1.
        stream: "query" (not itself) or "content" (itself too).
        device: where the mask is made.

    Raises:
        ValueError: `order` is not a permutation of 0 … T − 1, or `stream` is neither of the two.

    >>> permutation_mask([2, 0, 1]).int().tolist()
    [[0, 1, 1], [0, 0, 0], [0, 1, 0]]
    >>> permutation_mask([2, 0, 1], stream="content").int().tolist()
    [[1, 1, 1], [0, 1, 0], [0, 1, 1]]
    """
    check_positive("the length of order", len(order))
    if sorted(order) != list(range(len(order))):
        raise ValueError(
            f"order must hold each of 0 … {len(order) - 1} once, got {list(order)}: "
            "order[i] tells when position i is predicted"
        )
    if stream not in ("query", "content"):
        raise ValueError(f'stream must be "query" or "content", got {stream!r}')
    when = torch.tensor(order, device=device)
    return when[None, :] < when[:, None] if stream == "query" else when[None, :] <= when[:, None]


def padding_mask(is_token: Shaped[Tensor, "B S"]) -> Bool[Tensor, "B 1 1 S"]:
    """Hide padding from every query and every head.

    Args:
        is_token: 1 or True at real tokens, 0 or False at padding.

    Raises:
        ValueError: a value is neither 0 nor 1.
    """
    allowed = is_token.bool()
    if is_token.dtype != torch.bool and not torch.equal(allowed.to(is_token.dtype), is_token):
        raise ValueError("is_token must hold only 0 (padding) and 1 (token)")
    return allowed[:, None, None, :]


def cross_mask(is_token: Shaped[Tensor, "B S"], n_queries: int) -> Bool[Tensor, "B 1 T S"]:
    """Let each of the decoder's positions see every token of the source and none of its padding.

    Args:
        is_token: 1 or True at the source's tokens, 0 or False at its padding.
        n_queries: T, number of the decoder's positions.

    Raises:
        ValueError: a value is neither 0 nor 1, or `n_queries` is below 1.

    >>> cross_mask(torch.tensor([[1, 1, 0]]), 2).int().tolist()
    [[[[1, 1, 0], [1, 1, 0]]]]
    """
    check_positive("n_queries", n_queries)
    return padding_mask(is_token).expand(-1, -1, n_queries, -1)


def decoder_padding(
    is_token: Shaped[Tensor, "B S"], n_queries: int
) -> tuple[Bool[Tensor, "B 1 T S"], Int[Tensor, "B T"]]:
    """Hide padding, on either side, and later positions from a decoder; count tokens only.

    Padding sees itself, so that no row of scores is empty.

    Args:
        is_token: 1 or True at real tokens, 0 or False at padding.
        n_queries: T; the queries are the last of the S positions.

    Returns:
        The mask, and each query's position: how many tokens stand before it in its row.

    >>> mask, positions = decoder_padding(torch.tensor([[0, 1, 1]]), 3)
    >>> mask.int().tolist(), positions.tolist()
    ([[[[1, 0, 0], [0, 1, 0], [0, 1, 1]]]], [[0, 0, 1]])
    """
    allowed = padding_mask(is_token)
    n_keys = is_token.shape[1]
    causal = causal_mask(n_queries, n_keys, device=is_token.device)
    place = torch.arange(n_keys, device=is_token.device)
    itself = place[n_keys - n_queries :, None] == place
    counted = is_token.long().cumsum(dim=1) - 1
    return (allowed & causal) | itself, counted.clamp(min=0)[:, n_keys - n_queries :]
