"""The part of a block that works on each position alone."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.config import check_positive


def gelu_tanh(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """GELU in the form the GPT models use.

    0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), within 0.0005 of x · Φ(x).

    Source: Hendrycks and Gimpel 2016, section 2.
    """
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))


class FeedForward(nn.Module):
    """Widen, bend, narrow: D → F → D with a GELU between.

    Source: Vaswani et al. 2017, section 3.3, with the GELU of Radford et al. 2018.

    Args:
        d_model: D.
        d_ff: F, usually 4 · D.
        dropout: probability, on the output.
    """

    def __init__(self, d_model: int, d_ff: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        check_positive("d_ff", d_ff)
        self.widen = nn.Linear(d_model, d_ff)
        self.narrow = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Float[Tensor, "B T D"]) -> Float[Tensor, "B T D"]:
        """Treat each position alike and alone."""
        out: Tensor = self.dropout(self.narrow(F.gelu(self.widen(x), approximate="tanh")))
        return out
