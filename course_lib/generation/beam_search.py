"""Beam search: keep several unfinished continuations and extend the most probable ones.

`search` knows nothing of models; `beam_search` runs it on a decoder, and
`course_lib.generation.translation` on an encoder–decoder.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.config import check_positive
from course_lib.generation.engine import check_prompt, check_room, evaluating
from course_lib.models import Decoder


@dataclass(frozen=True)
class Hypothesis:
    """A continuation and what the model thinks of it.

    Attributes:
        tokens: the new tokens; the stop token that ended it comes last, if one did.
        log_probability: sum of the tokens' log-probabilities, in nats.
        score: log_probability / length ** length_penalty; hypotheses are ranked by it.
        finished: whether a stop token ended it.
    """

    tokens: tuple[int, ...]
    log_probability: float
    score: float
    finished: bool


def _hypothesis(
    tokens: Sequence[int], log_probability: float, length_penalty: float, finished: bool
) -> Hypothesis:
    score = log_probability / len(tokens) ** length_penalty
    return Hypothesis(tuple(tokens), log_probability, score, finished)


@runtime_checkable
class NextScores(Protocol):
    """Scores the token after each of several growing sequences."""

    def first(self) -> Float[Tensor, "1 V"]:
        """Score the first token: logits."""

    def following(self, rows: Int[Tensor, " N"], tokens: Int[Tensor, " N"]) -> Float[Tensor, "N V"]:
        """Go on with the sequences named in `rows`, each with one more token; score the next."""


def check_length_penalty(length_penalty: float) -> None:
    """Raise unless the penalty is a number of at least 0."""
    if not (length_penalty >= 0 and math.isfinite(length_penalty)):
        raise ValueError(f"length_penalty must be at least 0, got {length_penalty}")


def search(
    scores: NextScores,
    *,
    beam_width: int,
    max_new_tokens: int,
    length_penalty: float = 0.0,
    stop_tokens: Collection[int] = (),
) -> list[Hypothesis]:
    """Look for the sequence with the highest score; arguments and method as in `beam_search`."""
    check_positive("beam_width", beam_width)
    check_positive("max_new_tokens", max_new_tokens)
    check_length_penalty(length_penalty)
    logits = scores.first()
    stops = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
    stops[[token for token in stop_tokens if 0 <= token < len(stops)]] = True
    live = torch.zeros(1, 0, dtype=torch.int64, device=logits.device)
    totals = torch.zeros(1, dtype=torch.float64, device=logits.device)
    finished: list[Hypothesis] = []
    for _ in range(max_new_tokens):
        rows, chosen, totals = _best_extensions(logits, totals, beam_width)
        live = torch.cat([live[rows], chosen[:, None]], dim=1)
        ended = stops[chosen]
        finished += [
            _hypothesis(tokens, total, length_penalty, True)
            for tokens, total in zip(live[ended].tolist(), totals[ended].tolist(), strict=True)
        ]
        finished = sorted(finished, key=lambda h: -h.score)[:beam_width]
        live, totals, rows = live[~ended], totals[~ended], rows[~ended]
        done = live.shape[1] == max_new_tokens or len(live) == 0
        if done or _settled(finished, totals, beam_width, max_new_tokens**length_penalty):
            break
        logits = scores.following(rows, live[:, -1])
    unfinished = zip(live.tolist(), totals.tolist(), strict=True)
    found = [*finished, *(_hypothesis(t, total, length_penalty, False) for t, total in unfinished)]
    return sorted(found, key=lambda h: -h.score)[:beam_width]


class _ModelScores:
    """`NextScores` of a model that has read a prompt."""

    def __init__(self, model: Decoder, prompt_ids: Sequence[int], max_new_tokens: int) -> None:
        self.model = model
        self.device = next(model.parameters()).device
        self.prompt = torch.tensor([list(prompt_ids)], device=self.device)
        self.cache = model.make_cache(1, len(prompt_ids) + max_new_tokens)

    def first(self) -> Tensor:
        logits: Tensor = self.model(self.prompt, cache=self.cache)
        return logits[:, -1]

    def following(self, rows: Tensor, tokens: Tensor) -> Tensor:
        self.cache.select(rows)
        logits: Tensor = self.model(tokens[:, None], cache=self.cache)
        return logits[:, -1]


@torch.inference_mode()
def beam_search(
    model: Decoder,
    prompt_ids: Sequence[int],
    *,
    beam_width: int,
    max_new_tokens: int,
    length_penalty: float = 0.0,
    stop_tokens: Collection[int] = (),
) -> list[Hypothesis]:
    """Look for the continuation with the highest score; the most probable one by default.

    At each step all live hypotheses are extended by every token, and the `beam_width` most
    probable extensions are kept. Those that end in a stop token are set aside as finished. The
    search ends when no live one can overtake the finished ones any more. With width 1 it is
    greedy decoding; with a width of at least V ** (max_new_tokens − 1) it is exhaustive.

    Source: Sutskever et al. 2014, section 3.2; score as in Wu et al. 2016, section 7, in the
    simpler form length ** length_penalty.

    Args:
        model: a `GPT2` or a `Transformer`.
        prompt_ids: what to continue.
        beam_width: number of hypotheses kept.
        max_new_tokens: the most tokens to add.
        length_penalty: 0 ranks by log-probability, which favors short continuations; 1 by the
            mean per token; above 1 favors long ones.
        stop_tokens: these finish a hypothesis.

    Returns:
        Up to `beam_width` hypotheses, best first.

    Raises:
        ValueError, TypeError: a number is out of range, the prompt is empty or too long.
    """
    check_positive("beam_width", beam_width)
    check_positive("max_new_tokens", max_new_tokens)
    check_length_penalty(length_penalty)
    check_prompt(model, prompt_ids)
    check_room(model, len(prompt_ids), max_new_tokens)
    with evaluating(model):
        return search(
            _ModelScores(model, prompt_ids, max_new_tokens),
            beam_width=beam_width,
            max_new_tokens=max_new_tokens,
            length_penalty=length_penalty,
            stop_tokens=stop_tokens,
        )


def _best_extensions(
    logits: Tensor, totals: Tensor, beam_width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the rows that are extended, the tokens they get, and the new log-probabilities."""
    extended = totals[:, None] + logits.double().log_softmax(dim=-1)
    best = extended.flatten().topk(min(beam_width, extended.numel()))
    rows = best.indices // logits.shape[-1]
    return rows, best.indices % logits.shape[-1], best.values


def _settled(finished: list[Hypothesis], totals: Tensor, beam_width: int, longest: float) -> bool:
    """Tell whether no live hypothesis can still beat the worst of enough finished ones.

    Log-probabilities only fall, so the best score a live one can reach is its present one spread
    over the greatest length.
    """
    return len(finished) >= beam_width and finished[-1].score >= float(totals.max()) / longest
