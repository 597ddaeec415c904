"""A pretrained Transformer with one new layer that reads the answer at the extract token."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.config import check_positive
from course_lib.finetuning.transformations import TaskKind
from course_lib.models import Transformer

INITIAL_STD = 0.02


class FineTunedModel(nn.Module):
    """A Transformer and a linear layer on top of it, for one of the four kinds of tasks.

    With h the vector of the last block at the extract token: classification and entailment give
    h W_y; similarity gives (h₁ + h₂) W_y, the two orders added; multiple choice gives one number
    h_r w for each row r, over which a softmax is taken.

    Source: Radford et al. 2018, equation 3 and section 3.3.

    Args:
        body: the Transformer, with rows for the special tokens; trained in place.
        kind: which of the four.
        n_classes: number of answers; not used for multiple choice.
        dropout: on the vectors that the new layer reads; 0.1 in the paper.
        generator: draws the new layer's weights.

    Raises:
        ValueError, TypeError: `n_classes` is not a positive integer.
    """

    def __init__(
        self,
        body: Transformer,
        kind: TaskKind,
        *,
        n_classes: int = 2,
        dropout: float = 0.1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        check_positive("n_classes", n_classes)
        self.body = body
        self.kind = kind
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(body.config.d_model, 1 if kind == "multiple_choice" else n_classes)
        nn.init.normal_(self.head.weight, std=INITIAL_STD, generator=generator)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, tokens: Int[Tensor, "B R T"], extract: Int[Tensor, "B R"]
    ) -> Float[Tensor, "B C"]:
        """Score the answers.

        Args:
            tokens: R rows for each of B examples, padded on the right.
            extract: where the extract token of each row stands.

        Returns:
            One logit for each class, or for each row of a multiple choice.
        """
        return self.answer(self.hidden_states(tokens), extract)

    def hidden_states(self, tokens: Int[Tensor, "B R T"]) -> Float[Tensor, "B R T D"]:
        """Return what the last block says at each position of each row."""
        batch, rows, length = tokens.shape
        return self.body.hidden_states(tokens.view(-1, length)).view(batch, rows, length, -1)

    def answer(
        self, hidden: Float[Tensor, "B R T D"], extract: Int[Tensor, "B R"]
    ) -> Float[Tensor, "B C"]:
        """Read the answer from the vectors at the extract tokens."""
        place = extract[:, :, None, None].expand(-1, -1, 1, hidden.shape[-1])
        read = hidden.gather(2, place)[:, :, 0]  # [B R D]
        if self.kind == "multiple_choice":
            scores: Tensor = self.head(self.dropout(read))[:, :, 0]
            return scores
        out: Tensor = self.head(self.dropout(read.sum(dim=1)))  # one row, or two orders added
        return out
