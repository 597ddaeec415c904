"""How a model is told where a token stands: vectors added to the embeddings."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.config import check_positive


class LearnedPositions(nn.Module):
    """One learned vector per position, as in GPT-1 and GPT-2.

    Args:
        context_length: number of positions.
        d_model: D, length of each vector.
    """

    def __init__(self, context_length: int, d_model: int) -> None:
        super().__init__()
        check_positive("context_length", context_length)
        check_positive("d_model", d_model)
        self.table = nn.Parameter(torch.empty(context_length, d_model))
        nn.init.normal_(self.table, std=0.02)

    def forward(self, positions: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """Look up the vectors of the given positions."""
        return nn.functional.embedding(positions, self.table)


def check_even(name: str, value: int) -> None:
    """Raise unless `value` is a positive even integer: its entries are taken in pairs."""
    check_positive(name, value)
    if value % 2:
        raise ValueError(f"{name} must be even, for its entries go in pairs; got {value}")


def check_base(base: float) -> None:
    """Raise unless `base` is above 1."""
    if not base > 1:
        raise ValueError(f"base must be above 1, got {base}")


def pair_frequencies(
    width: int, *, base: float = 10000.0, device: torch.device | str | None = None
) -> Float[Tensor, " pairs"]:
    """Return ω_i = base^(−2i / width) for the pairs i = 0 … width/2 − 1, in float64.

    Units: radians per position. The first pair turns fastest (1 radian), the last slowest.

    >>> pair_frequencies(4).tolist()
    [1.0, 0.01]
    """
    exponents = torch.arange(0, width, 2, dtype=torch.float64, device=device) / width
    return base**-exponents


def sinusoidal_positions(
    n_positions: int,
    d_model: int,
    *,
    base: float = 10000.0,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "T D"]:
    """Write each position as the sines and cosines of clocks of many speeds.

    P[t, 2i] = sin(t ω_i), P[t, 2i + 1] = cos(t ω_i), ω_i = base^(−2i / D); computed in float64.

    Source: Vaswani et al. 2017, section 3.5.

    Args:
        n_positions: T; the positions are 0 … T − 1.
        d_model: D, length of each vector; even.
        base: the slowest clock goes around once in nearly 2π · base positions.
        dtype: of the result.

    Raises:
        ValueError: a size is below 1, `d_model` is odd, or `base` is not above 1.

    >>> sinusoidal_positions(2, 4)[0].tolist()
    [0.0, 1.0, 0.0, 1.0]
    """
    check_positive("n_positions", n_positions)
    layer = SinusoidalPositions(d_model, base=base)
    return layer.encode(torch.arange(n_positions)).to(dtype)


class SinusoidalPositions(nn.Module):
    """`sinusoidal_positions` for any position; nothing is learned and no table is kept.

    Args:
        d_model: D, length of each vector; even.
        base: see `sinusoidal_positions`.

    Raises:
        ValueError: `d_model` is not positive and even, or `base` is not above 1.
    """

    def __init__(self, d_model: int, *, base: float = 10000.0) -> None:
        super().__init__()
        check_even("d_model", d_model)
        check_base(base)
        self.d_model = d_model
        self.base = base

    def encode(self, positions: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """Return the vectors in float64."""
        frequencies = pair_frequencies(self.d_model, base=self.base, device=positions.device)
        angles = positions[..., None].double() * frequencies
        return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)

    def forward(self, positions: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """Return the vectors of the given positions in PyTorch's default dtype."""
        return self.encode(positions).to(torch.get_default_dtype())
