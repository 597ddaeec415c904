"""Choosing the next token of one sequence without sorting the whole vocabulary."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.generation.sampling import (
    SamplingConfig,
    choose,
    draw,
    filter_logits,
    repetition_penalty,
)

_FIRST_LOOK = 256


def shortlist(
    logits: Float[Tensor, " V"], sampling: SamplingConfig
) -> tuple[Float[Tensor, " N"], Int[Tensor, " N"]] | None:
    """Find the few tokens that top-k, top-p and min-p keep, among the most probable ones.

    Args:
        logits: after the repetition penalty and the temperature.
        sampling: which of the three filters are on.

    Returns:
        The filtered logits of the tokens kept and their ids, in order of id; None where no
        filter is on, or the shortlist may not hold all that is kept.
    """
    vocab_size = logits.shape[-1]
    if sampling.top_k is not None:
        n = sampling.top_k + 1
    elif sampling.top_p is not None or sampling.min_p is not None:
        n = _FIRST_LOOK
    else:
        return None
    if 4 * n > vocab_size:
        return None
    values, ids = logits.topk(n)
    if sampling.top_k is not None:
        if values[-1] == values[-2]:  # a tie with the k-th: who else is tied is not known
            return None
        values, ids = values[:-1], ids[:-1]
    ids, order = ids.sort()
    values = values[order]
    if sampling.top_k is None:
        # The probabilities are those among all tokens: one entry stands for those not listed.
        rest = logits.logsumexp(-1) if sampling.top_p is not None else None
        return _without_top_k(values, ids, sampling, rest)
    none = ids[:0]
    kept = filter_logits(values, none, replace(sampling, top_k=None, temperature=1.0))
    return kept, ids


def _without_top_k(
    values: Tensor, ids: Tensor, sampling: SamplingConfig, log_total: Tensor | None
) -> tuple[Tensor, Tensor] | None:
    """Apply top-p and min-p to the most probable tokens, given the log of the whole sum."""
    smallest = values.min()
    if sampling.top_p is not None and log_total is not None:
        ordered, order = values.sort(descending=True, stable=True)
        probabilities = (ordered - log_total).exp()
        before = probabilities.cumsum(-1) - probabilities
        kept = before < sampling.top_p
        if bool(kept[-1]) or bool(ordered[-1] == ordered[kept.sum() - 1]):
            return None
        kept[0] = True
        values = values.masked_fill(~torch.zeros_like(kept).scatter(0, order, kept), -math.inf)
    if sampling.min_p is not None:
        lowest = values.max() + math.log(sampling.min_p) if sampling.min_p > 0 else -math.inf
        if sampling.top_p is None and bool(smallest >= lowest):
            return None
        values = values.masked_fill(values < lowest, -math.inf)
    return values, ids


def choose_one(
    logits: Float[Tensor, "1 V"],
    previous_ids: Int[Tensor, "1 N"],
    sampling: SamplingConfig,
    generator: torch.Generator | None = None,
) -> Int[Tensor, "1"]:
    """Do what `choose` does, for one sequence and faster; the distribution is the same."""
    if sampling.repetition_penalty != 1:
        logits = repetition_penalty(logits, previous_ids, sampling.repetition_penalty)
    if sampling.greedy:
        return logits.argmax(dim=-1)
    if sampling.temperature != 1:
        logits = logits / sampling.temperature
    listed = shortlist(logits[0], sampling)
    if listed is None:
        plain = replace(sampling, temperature=1.0, repetition_penalty=1.0)
        return choose(logits, previous_ids, plain, generator)
    values, ids = listed
    return ids[draw(values.softmax(-1), generator)].view(1)
