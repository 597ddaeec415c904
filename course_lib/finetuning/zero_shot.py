"""What a language model says about a pair of texts before any fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.models import Transformer


@torch.no_grad()
def context_gain(
    model: Transformer, context: Sequence[int], text: Sequence[int], *, neutral: Sequence[int]
) -> float:
    """How much a context helps to predict a text, in nats per token of the text.

    1/N Σ [log P(textᵢ | context, text before i) − log P(textᵢ | neutral, text before i)]. A model
    that has read many texts expects a fitting text more after its context than after nothing.

    Args:
        model: a causal language model.
        context: tokens read first.
        text: the N tokens that are scored.
        neutral: tokens in place of the context, such as a line break.

    Raises:
        ValueError: one of them is empty.
    """
    for name, ids in (("context", context), ("text", text), ("neutral", neutral)):
        if len(ids) == 0:
            raise ValueError(f"{name} is empty; give at least one token")
    return float(_log_likelihood(model, context, text) - _log_likelihood(model, neutral, text))


def _log_likelihood(model: Transformer, before: Sequence[int], text: Sequence[int]) -> Tensor:
    """Mean log-probability of the text's tokens after what is read before."""
    row = torch.tensor([[*before, *text]])
    logits = model(row[:, :-1])[0, len(before) - 1 :]
    return -F.cross_entropy(logits, row[0, len(before) :])
