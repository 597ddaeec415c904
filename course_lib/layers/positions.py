"""How a model is told where a token stands."""

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
