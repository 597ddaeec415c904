"""What training makes small."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F


def next_token_loss(
    logits: Float[Tensor, "B T V"],
    targets: Int[Tensor, "B T"],
    *,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    """Average surprise at the right next tokens, in nats.

    −1/N Σ log softmax(logits)[target], over the N targets that are not `ignore_index`.

    Args:
        logits: a score for every token of the vocabulary at each position.
        targets: the tokens that really came next: the input moved one place to the left.
        ignore_index: marks targets that do not count, such as padding.

    Raises:
        ValueError: a target is not in the vocabulary, or none counts.
    """
    counted = targets[targets != ignore_index]
    if counted.numel() == 0:
        raise ValueError("targets: every target is ignored, so the mean loss has no value")
    low, high = int(counted.min()), int(counted.max())
    if low < 0 or high >= logits.shape[-1]:
        wrong = low if low < 0 else high
        raise ValueError(
            f"targets: {wrong} is not in the vocabulary of {logits.shape[-1]} tokens "
            f"(ids run from 0 to {logits.shape[-1] - 1})"
        )
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=ignore_index)
