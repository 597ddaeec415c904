"""ALiBi: no position vectors, only a penalty on the scores that grows with the distance."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.config import check_positive


def alibi_slopes(n_heads: int) -> Float[Tensor, " H"]:
    """Return each head's slope: how much a score loses per position of distance.

    For H a power of two, m_h = 2^(−8 (h + 1) / H): a geometric series that ends at 2^(−8).
    For other H, the slopes of the power of two below, then every second slope of the power of
    two above, until there are H.

    Source: Press, Smith and Lewis 2022, section 3; for other H, the authors' code.

    Args:
        n_heads: H.

    Raises:
        ValueError: `n_heads` is below 1.

    >>> alibi_slopes(8).tolist()[:3]
    [0.5, 0.25, 0.125]
    """
    check_positive("n_heads", n_heads)
    below = 2 ** int(math.log2(n_heads))
    slopes = [2.0 ** (-8.0 * (h + 1) / below) for h in range(below)]
    slopes += [2.0 ** (-4.0 * (h + 1) / below) for h in range(0, 2 * below, 2)]
    return torch.tensor(slopes[:n_heads])


def alibi_bias(
    n_heads: int,
    n_queries: int,
    n_keys: int | None = None,
    *,
    device: torch.device | str | None = None,
) -> Float[Tensor, "H T S"]:
    """Return what is added to the scores: −m_h · |t − s|, before the softmax.

    The queries are the last `n_queries` of the `n_keys` positions, as in `causal_mask`. The bias
    does not hide the future: a causal mask is still needed.

    Source: Press, Smith and Lewis 2022, section 3.

    Args:
        n_heads: H.
        n_queries: T.
        n_keys: S; T where not given.
        device: where the bias is made.

    Raises:
        ValueError: a size is below 1, or there are fewer keys than queries.

    >>> alibi_bias(1, 1, 3)[0].tolist()
    [[-0.0078125, -0.00390625, -0.0]]
    """
    n_keys = n_queries if n_keys is None else n_keys
    check_positive("n_queries", n_queries)
    if n_keys < n_queries:
        raise ValueError(
            f"n_keys must be at least n_queries: the queries are the last of the keys; "
            f"got n_queries={n_queries}, n_keys={n_keys}"
        )
    keys = torch.arange(n_keys, device=device)
    distance = (keys[n_keys - n_queries :, None] - keys).abs()
    return -alibi_slopes(n_heads).to(distance.device)[:, None, None] * distance
