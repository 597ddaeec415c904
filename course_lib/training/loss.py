"""What training makes small."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_lib.config import check_probability


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
    _check_targets(logits, targets, ignore_index)
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=ignore_index)


def smoothed_loss(
    logits: Float[Tensor, "B T V"],
    targets: Int[Tensor, "B T"],
    *,
    smoothing: float = 0.1,
    ignore_index: int = -100,
) -> Float[Tensor, ""]:
    """Cross-entropy against targets that are never quite certain, in nats per token.

    −1/N Σ [(1 − ε) log p(target) + ε/V Σ_v log p(v)]: the right token is wanted with probability
    1 − ε + ε/V, and each other token with ε/V. With ε = 0 this is `next_token_loss`.

    Source: Szegedy et al. 2016, section 7; ε = 0.1 in Vaswani et al. 2017, section 5.4.

    Args:
        logits: a score for every token of the vocabulary at each position.
        targets: the tokens that really came next.
        smoothing: ε, the probability that is spread over the whole vocabulary.
        ignore_index: marks targets that do not count, such as padding.

    Raises:
        ValueError: a target is not in the vocabulary, none counts, or ε is not in [0, 1).
    """
    check_probability("smoothing", smoothing)
    _check_targets(logits, targets, ignore_index)
    counted = targets != ignore_index
    z = logits[counted]  # [N V]; log p = z − logsumexp(z)
    right = z.gather(-1, targets[counted][:, None])[:, 0]
    wanted = (1 - smoothing) * right + smoothing * z.mean(dim=-1)
    return (z.logsumexp(dim=-1) - wanted).mean()


def _check_targets(logits: Tensor, targets: Tensor, ignore_index: int) -> None:
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
