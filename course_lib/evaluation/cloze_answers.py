"""Answers to cloze questions: of a language model, and of rules that need none."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from course_lib.evaluation.cloze import STOP_WORDS, ClozeQuestion
from course_lib.evaluation.text_model import TextModel
from course_lib.evaluation.uncertainty import wilson_interval

_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Accuracy:
    """How many answers were right, with the uncertainty of so few questions.

    >>> str(Accuracy(30, 100))
    '30.0 % (21.9 to 39.6)'
    """

    n_right: int
    n: int

    @classmethod
    def of(cls, right: Sequence[bool]) -> Accuracy:
        """Count the right ones."""
        return cls(sum(right), len(right))

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.n_right / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval, 95 %."""
        return wilson_interval(self.n_right, self.n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


@dataclass(frozen=True)
class WordScore:
    """What a model makes of the last word of a passage.

    Attributes:
        log_probability: ln p of the whole word: the product over its tokens, times the probability
            that a new word or a mark follows. Without that, "nation" would be paid for
            "nationality".
        n_tokens: of the word.
        is_guess: whether greedy decoding writes exactly this word and ends it.
        is_guess_filtered: the same where no stop word may be the first token. GPT-2's authors did
            so, since a passage of LAMBADA never ends in one.
    """

    log_probability: float
    n_tokens: int
    is_guess: bool
    is_guess_filtered: bool


def last_word_score(
    model: TextModel, question: ClozeQuestion, *, sentence_only: bool = False
) -> WordScore:
    """Score the right answer of a question without candidates.

    Source: Radford et al. 2019, section 3.3.

    Args:
        model: who answers.
        question: of `last_word_questions`.
        sentence_only: leave out all but the last sentence: the control.
    """
    before = question.sentence if sentence_only else question.before
    prefix, answer = model.split(before, f" {question.answer}")
    (log_p,) = model.log_probabilities(prefix, [answer])  # [T+1 V]
    ends = model.may_end_word()[: log_p.shape[1]].bool()
    own = log_p[torch.arange(len(answer)), torch.tensor(answer)]
    closes = log_p[-1][ends].logsumexp(-1)
    best = log_p.argmax(-1).tolist()
    is_ended = bool(ends[best[-1]])
    follows = best[1:-1] == answer[1:] and is_ended
    filtered = log_p[0].masked_fill(_stop_tokens(model, log_p.shape[1]), -math.inf)
    return WordScore(
        float(own.sum() + closes),
        len(answer),
        best[0] == answer[0] and follows,
        int(filtered.argmax()) == answer[0] and follows,
    )


def _stop_tokens(model: TextModel, size: int) -> Bool[Tensor, " V"]:
    """Which tokens are a whole stop word, or no letters at all."""
    words = [piece.removesuffix("</w>").strip().lower() for piece in model.pieces[:size]]
    return torch.tensor([word in STOP_WORDS or not word.isalpha() for word in words])


def choice(model: TextModel, question: ClozeQuestion) -> int:
    """Return the number of the candidate that makes the sentence most probable.

    The sum of ln p over the candidate **and the rest of the sentence**, after the passage. No
    division by the length: the candidates are whole events, and one of them happened.

    Source: Radford et al. 2019, section 3.2.

    Raises:
        ValueError: the question has no candidates.
    """
    _check_candidates(question)
    shared, options = _options(model, question)
    sums = []
    found = model.log_probabilities(shared, options)
    for log_p, tokens in zip(found, options, strict=True):
        own = log_p[torch.arange(len(tokens)), torch.tensor(tokens)]
        sums.append(float(own.sum()))
    return max(range(len(sums)), key=sums.__getitem__)


def _options(model: TextModel, question: ClozeQuestion) -> tuple[list[int], list[list[int]]]:
    """The tokens that all candidates begin with, and those of each candidate's sentence."""
    texts = [f" {word}{question.after}" for word in question.candidates]
    splits = [model.split(question.before, text) for text in texts]
    shortest = min((prefix for prefix, _ in splits), key=len)
    return shortest, [[*p[len(shortest) :], *rest] for p, rest in splits]


def frequency_choice(question: ClozeQuestion) -> int:
    """Return the candidate that stands most often in the passage; of several, the last one seen."""
    _check_candidates(question)
    words = _WORD.findall(question.before)
    counts, last = Counter(words), {word: place for place, word in enumerate(words)}
    return max(
        range(len(question.candidates)),
        key=lambda i: (counts[question.candidates[i]], last.get(question.candidates[i], -1)),
    )


def recency_choice(question: ClozeQuestion) -> int:
    """Return the candidate that was named last."""
    _check_candidates(question)
    last = {word: place for place, word in enumerate(_WORD.findall(question.before))}
    places = [last.get(word, -1) for word in question.candidates]
    return max(range(len(places)), key=places.__getitem__)


def frequency_word(question: ClozeQuestion) -> str:
    """Return the most frequent word of the passage that may be asked for; the last one of several.

    Raises:
        ValueError: the passage has no such word.
    """
    words = _content_words(question)
    counts, last = Counter(words), {word: place for place, word in enumerate(words)}
    return max(counts, key=lambda word: (counts[word], last[word]))


def recency_word(question: ClozeQuestion) -> str:
    """Return the last word before the last sentence that may be asked for.

    Raises:
        ValueError: the passage has no such word.
    """
    return _content_words(question)[-1]


def _content_words(question: ClozeQuestion) -> list[str]:
    words = _WORD.findall(question.before[: question.last_sentence].lower())
    words = [word for word in words if len(word) >= 3 and word not in STOP_WORDS]
    if not words:
        raise ValueError("the passage has no word that may be asked for")
    return words


def _check_candidates(question: ClozeQuestion) -> None:
    if not question.candidates:
        raise ValueError("the question has no candidates; use last_word_score for a free answer")
