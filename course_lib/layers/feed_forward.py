"""The part of a block that works on each position alone."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.config import check_positive, check_probability

Activation = Literal["gelu_tanh", "gelu", "relu"]


def gelu_tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """GELU in the form the GPT models use.

    0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), within 0.0005 of x · Φ(x).

    Source: Hendrycks and Gimpel 2016, section 2.
    """
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


class FeedForward(nn.Module):
    """Widen, bend, narrow: D → F → D with a GELU between.

    Source: Vaswani et al. 2017, section 3.3 (with a ReLU); the GELU is that of Radford et al.
    2018.

    Args:
        d_model: D.
        d_ff: F, usually 4 · D.
        dropout: probability, on the output.
        activation: "gelu_tanh" (x · Φ(x) nearly, see `gelu_tanh`), "gelu" (x · Φ(x) exactly) or
            "relu" (max(0, x)).
        bias: whether the two matrices have biases.

    Raises:
        ValueError: a size is below 1, `dropout` is not a probability, or `activation` is none of
            the three.
    """

    def __init__(
        self,
        d_model: int,
        d_ff: int,
        *,
        dropout: float = 0.0,
        activation: Activation = "gelu_tanh",
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        check_positive("d_ff", d_ff)
        check_probability("dropout", dropout)
        if activation not in get_args(Activation):
            raise ValueError(
                f"activation must be one of {', '.join(get_args(Activation))}, got {activation!r}"
            )
        self.activation: Activation = activation
        self.widen = nn.Linear(d_model, d_ff, bias=bias)
        self.narrow = nn.Linear(d_ff, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def bend(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Apply the activation."""
        if self.activation == "relu":
            return F.relu(x)
        return F.gelu(x, approximate="tanh" if self.activation == "gelu_tanh" else "none")

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        """Treat each position alike and alone."""
        out: Tensor = self.dropout(self.narrow(self.bend(self.widen(x))))
        return out


class GatedFeedForward(nn.Module):
    """SwiGLU: one widened copy decides how much of the other passes.

    narrow(silu(gate(x)) ⊙ widen(x)), silu(z) = z · σ(z)

    Three matrices in place of two: with F = 8/3 · D it has as many weights as `FeedForward` with
    F = 4 · D.

    Source: Shazeer 2020, equation 6.

    Args:
        d_model: D.
        d_ff: F.
        dropout: probability, on the output.
        bias: whether the three matrices have biases; in Llama they have none.

    Raises:
        ValueError: a size is below 1, or `dropout` is not a probability.
    """

    def __init__(
        self, d_model: int, d_ff: int, *, dropout: float = 0.0, bias: bool = False
    ) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        check_positive("d_ff", d_ff)
        check_probability("dropout", dropout)
        self.gate = nn.Linear(d_model, d_ff, bias=bias)
        self.widen = nn.Linear(d_model, d_ff, bias=bias)
        self.narrow = nn.Linear(d_ff, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        """Treat each position alike and alone."""
        out: Tensor = self.dropout(self.narrow(F.silu(self.gate(x)) * self.widen(x)))
        return out
