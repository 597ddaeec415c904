"""Rotary positions: queries and keys are turned by an angle that grows with the position."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.layers.positions import check_base, check_even, pair_frequencies


class RotaryPositions(nn.Module):
    """Turn pair i of a query or key at position t by the angle t · ω_i, ω_i = base^(−2i / K).

    (a, b) → (a cos tω − b sin tω, a sin tω + b cos tω)

    A query at t and a key at s then meet at the angle (t − s) ω_i: their product depends on the
    distance alone. Values are not turned. Nothing is learned.

    Pair i is here entries i and i + K/2 ("halves", the layout of Llama's weights); in the paper
    it is entries 2i and 2i + 1 ("pairs"). The two give the same scores once the rows of the query
    and key matrices are put in the order `pairs_to_halves`.

    Source: Su et al. 2021 (RoFormer), section 3.2.2 and equation 34.

    Args:
        d_head: K, width of a head; even.
        base: see `course_lib.layers.positions.sinusoidal_positions`.

    Raises:
        ValueError: `d_head` is not positive and even, or `base` is not above 1.
    """

    def __init__(self, d_head: int, *, base: float = 10000.0) -> None:
        super().__init__()
        check_even("d_head", d_head)
        check_base(base)
        self.d_head = d_head
        self.base = base

    def rotate(
        self, x: Float[Tensor, "*batch T K"], positions: Int[Tensor, " T"]
    ) -> Float[Tensor, "*batch T K"]:
        """Turn each of the T vectors by its position's angles.

        Args:
            x: queries or keys, usually [B H T K].
            positions: where each of the T vectors stands.

        Raises:
            ValueError: the last axis of `x` is not `d_head` wide.
        """
        if x.shape[-1] != self.d_head:
            raise ValueError(f"x must have d_head={self.d_head} entries, got {x.shape[-1]}")
        frequencies = pair_frequencies(self.d_head, base=self.base, device=x.device)
        angles = positions[:, None].double() * frequencies
        cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        first, second = x.chunk(2, dim=-1)
        return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)

    def forward(
        self, x: Float[Tensor, "*batch T K"], positions: Int[Tensor, " T"]
    ) -> Float[Tensor, "*batch T K"]:
        """Do the same as `rotate`."""
        return self.rotate(x, positions)


def pairs_to_halves(d_head: int) -> Int[Tensor, " K"]:
    """Return the order that takes the paper's layout of a head to the one used here.

    `x[..., pairs_to_halves(K)]` puts the entries 0, 2, 4, … first, then 1, 3, 5, …

    >>> pairs_to_halves(6).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    check_even("d_head", d_head)
    return torch.arange(d_head).view(-1, 2).T.flatten()
