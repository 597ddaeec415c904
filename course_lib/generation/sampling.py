"""From logits to the next token: filters over the distribution, and the draw itself.

Each filter takes logits and returns logits, with −∞ where a token is ruled out, so filters can be
chained. `filter_logits` applies those of a `SamplingConfig` in this order: repetition penalty,
temperature, top-k, top-p, min-p.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


def _check_temperature(temperature: float) -> None:
    if not (temperature > 0 and math.isfinite(temperature)):
        raise ValueError(
            f"temperature must be above 0, got {temperature}; for the most probable token every "
            f"time, use SamplingConfig(greedy=True)"
        )


def _check_top_k(k: int) -> None:
    if isinstance(k, bool) or not isinstance(k, int):
        raise TypeError(f"top_k must be an int, got {k!r} ({type(k).__name__})")
    if k < 1:
        raise ValueError(f"top_k must be at least 1, got {k}; None switches it off")


def _check_top_p(p: float) -> None:
    if not 0 < p <= 1:
        raise ValueError(f"top_p is a probability and must be in (0, 1], got {p}")


def _check_min_p(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"min_p is a share of the top probability, in [0, 1], got {p}")


def _check_penalty(penalty: float) -> None:
    if not (penalty > 0 and math.isfinite(penalty)):
        raise ValueError(
            f"repetition_penalty must be above 0, got {penalty}; 1.0 switches it off, values "
            f"above 1 discourage repetition"
        )


@dataclass(frozen=True)
class SamplingConfig:
    """How the next token is chosen. The default draws from the model's own distribution.

    Attributes:
        temperature: divides the logits; below 1 sharpens, above 1 flattens.
        top_k: keep the k most probable tokens.
        top_p: keep the smallest set of tokens whose probability reaches p.
        min_p: keep tokens at least p times as probable as the most probable one.
        repetition_penalty: makes tokens that already occurred less probable, if above 1.
        greedy: take the most probable token. Temperature, top-k, top-p and min-p never change
            which one that is; the repetition penalty can.

    Raises:
        ValueError, TypeError: a value is out of its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    greedy: bool = False

    def __post_init__(self) -> None:
        _check_temperature(self.temperature)
        _check_penalty(self.repetition_penalty)
        if self.top_k is not None:
            _check_top_k(self.top_k)
        if self.top_p is not None:
            _check_top_p(self.top_p)
        if self.min_p is not None:
            _check_min_p(self.min_p)


def apply_temperature(
    logits: Float[Tensor, "*batch V"], temperature: float
) -> Float[Tensor, "*batch V"]:
    """Sharpen (below 1) or flatten (above 1) the distribution: logits / temperature.

    Raises:
        ValueError: `temperature` is not above 0.
    """
    _check_temperature(temperature)
    return logits / temperature


def top_k_filter(logits: Float[Tensor, "*batch V"], k: int) -> Float[Tensor, "*batch V"]:
    """Rule out all but the k most probable tokens; ties with the k-th are kept too.

    Source: Fan et al. 2018, section 5.4.

    Raises:
        ValueError, TypeError: `k` is not an integer of at least 1.

    >>> top_k_filter(torch.tensor([1.0, 3.0, 2.0]), 2)
    tensor([-inf, 3., 2.])
    """
    _check_top_k(k)
    kth = logits.topk(min(k, logits.shape[-1]), dim=-1).values[..., -1:]
    return logits.masked_fill(logits < kth, -math.inf)


def top_p_filter(logits: Float[Tensor, "*batch V"], p: float) -> Float[Tensor, "*batch V"]:
    """Keep the nucleus: the smallest set of most probable tokens whose probability reaches p.

    The token that crosses p is kept, so one token always stays. Among equally probable tokens
    the one with the lower id comes first.

    Source: Holtzman et al. 2020, section 3.1.

    Raises:
        ValueError: `p` is not in (0, 1].
    """
    _check_top_p(p)
    if p == 1:
        return logits
    ordered, ids = logits.sort(dim=-1, descending=True, stable=True)
    probabilities = ordered.softmax(dim=-1)
    reached_before = probabilities.cumsum(dim=-1) - probabilities
    ruled_out = reached_before >= p
    ruled_out[..., 0] = False
    return logits.masked_fill(torch.zeros_like(ruled_out).scatter(-1, ids, ruled_out), -math.inf)


def min_p_filter(logits: Float[Tensor, "*batch V"], p: float) -> Float[Tensor, "*batch V"]:
    """Rule out tokens less than p times as probable as the most probable one.

    Source: Nguyen et al. 2024, section 3.

    Raises:
        ValueError: `p` is not in [0, 1].
    """
    _check_min_p(p)
    if p == 0:
        return logits
    lowest = logits.max(dim=-1, keepdim=True).values + math.log(p)
    return logits.masked_fill(logits < lowest, -math.inf)


def repetition_penalty(
    logits: Float[Tensor, "*batch V"], previous_ids: Int[Tensor, "*batch N"], penalty: float
) -> Float[Tensor, "*batch V"]:
    """Make each token that occurred before less probable, once however often it occurred.

    Its logit is divided by `penalty` if positive and multiplied by it if negative.

    Source: Keskar et al. 2019, section 4.1 (with the sign treated as `transformers` does).

    Raises:
        ValueError: `penalty` is not above 0.
    """
    _check_penalty(penalty)
    seen = logits.gather(-1, previous_ids)
    seen = torch.where(seen < 0, seen * penalty, seen / penalty)
    return logits.scatter(-1, previous_ids, seen)


def filter_logits(
    logits: Float[Tensor, "*batch V"],
    previous_ids: Int[Tensor, "*batch N"],
    sampling: SamplingConfig,
) -> Float[Tensor, "*batch V"]:
    """Apply the filters that are on: repetition penalty, temperature, top-k, top-p, min-p.

    Args:
        logits: the model's, for the next token.
        previous_ids: the tokens so far, prompt included.
        sampling: which filters are on.
    """
    if sampling.repetition_penalty != 1 and previous_ids.shape[-1] > 0:
        logits = repetition_penalty(logits, previous_ids, sampling.repetition_penalty)
    if sampling.greedy:
        return logits
    if sampling.temperature != 1:
        logits = apply_temperature(logits, sampling.temperature)
    if sampling.top_k is not None:
        logits = top_k_filter(logits, sampling.top_k)
    if sampling.top_p is not None:
        logits = top_p_filter(logits, sampling.top_p)
    if sampling.min_p is not None:
        logits = min_p_filter(logits, sampling.min_p)
    return logits


def draw(
    probabilities: Float[Tensor, "*batch V"], generator: torch.Generator | None = None
) -> Int[Tensor, "*batch"]:
    """Draw one id per distribution: the first whose cumulative probability exceeds u ~ U[0, 1).

    Args:
        probabilities: need not sum to 1.
        generator: where u comes from; the global one where not given.
    """
    cumulative = probabilities.cumsum(dim=-1)
    total = cumulative[..., -1:]
    u = torch.rand(total.shape, generator=generator, dtype=total.dtype, device=total.device)
    return torch.searchsorted(cumulative, u * total, right=True).squeeze(-1)


def choose(
    logits: Float[Tensor, "*batch V"],
    previous_ids: Int[Tensor, "*batch N"],
    sampling: SamplingConfig,
    generator: torch.Generator | None = None,
) -> Int[Tensor, "*batch"]:
    """Choose the next token: filter, then take the largest (greedy) or draw.

    Arguments as in `filter_logits` and `draw`. Among equal logits, greedy takes the lowest id.
    """
    filtered = filter_logits(logits, previous_ids, sampling)
    if sampling.greedy:
        return filtered.argmax(dim=-1)
    return draw(filtered.softmax(dim=-1), generator)
