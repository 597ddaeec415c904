"""Who may look at whom: every mask of the package, True where attention is allowed."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Shaped
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
