"""BLEU: how many runs of words a translation shares with its references."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from course_lib.config import check_positive

Smoothing = Literal["exp", "none"]
NGram = tuple[str, ...]

_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_RULES = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),  # signs other than ' , - .
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),  # a period or comma not after a digit
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),  # or not before one
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # a hyphen after a digit
)


@dataclass(frozen=True)
class BLEUScore:
    """A BLEU score and what it is made of.

    Attributes:
        score: from 0 to 100: brevity penalty · geometric mean of the precisions.
        precisions: for n = 1, 2, …: share of the hypotheses' n-grams found in the references, in
            percent; a share of 0 may be smoothed.
        brevity_penalty: below 1 where the hypotheses are shorter than the references.
        hypothesis_length: words in all hypotheses.
        reference_length: words in the references nearest in length.
    """

    score: float
    precisions: tuple[float, ...]
    brevity_penalty: float
    hypothesis_length: int
    reference_length: int


def tokenize_13a(text: str) -> list[str]:
    """Cut a text into words and signs as the standard BLEU script does ("mteval-v13a").

    Scores are comparable only when the words were cut alike.
    Source: Post 2018, section 2; the rules are those of sacrebleu's default.

    >>> tokenize_13a("Turn off, 1.5 s (max).")
    ['Turn', 'off', ',', '1.5', 's', '(', 'max', ')', '.']
    """
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for written, meant in _ENTITIES:
        text = text.replace(written, meant)
    text = f" {text} "
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text.split()


def count_ngrams(words: Sequence[str], n: int) -> Counter[NGram]:
    """Count the runs of n words.

    >>> count_ngrams(["a", "b", "a", "b"], 2)[("a", "b")]
    2
    """
    return Counter(tuple(words[start : start + n]) for start in range(len(words) - n + 1))


def corpus_bleu(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    max_order: int = 4,
    smoothing: Smoothing = "exp",
    lowercase: bool = False,
    tokenize: Callable[[str], list[str]] = tokenize_13a,
) -> BLEUScore:
    """Score a whole test set.

    BLEU = BP · exp(1/N Σₙ log pₙ), BP = min(1, exp(1 − r/c)), where pₙ is the clipped precision of
    n-grams: matches are counted over all sentences before dividing, and an n-gram counts at most
    as often as in the reference that has most of it. c and r are the lengths of all hypotheses and
    of the references nearest to them in length.

    Source: Papineni et al. 2002, section 2.3; smoothing "exp" of Chen and Cherry 2014 (method 3):
    the k-th precision without any match becomes 1 / (2ᵏ · number of n-grams). Equal to sacrebleu.

    Args:
        hypotheses: the translations to judge.
        references: for each hypothesis, one or more right translations.
        max_order: N.
        smoothing: "exp", or "none": then one precision of 0 makes the score 0.
        lowercase: forgive capital letters.
        tokenize: cuts a text into words.

    Raises:
        ValueError: the numbers of hypotheses and references differ or are 0, a hypothesis has no
            reference, or an option is unknown.
    """
    check_positive("max_order", max_order)
    if smoothing not in ("exp", "none"):
        raise ValueError(f'smoothing must be "exp" or "none", got {smoothing!r}')
    _check_corpus(hypotheses, references)
    matches, totals = [0] * max_order, [0] * max_order
    hypothesis_length = reference_length = 0
    for hypothesis, right in zip(hypotheses, references, strict=True):
        texts = (text.lower() if lowercase else text for text in (hypothesis, *right))
        words, *right_words = map(tokenize, texts)
        hypothesis_length += len(words)
        reference_length += min((abs(len(r) - len(words)), len(r)) for r in right_words)[1]
        for order in range(max_order):
            found, total = clipped_matches(words, right_words, order + 1)
            matches[order] += found
            totals[order] += total
    precisions = _precisions(matches, totals, smoothing)
    penalty = brevity_penalty(hypothesis_length, reference_length)
    score = 0.0
    if all(precisions):
        score = penalty * math.exp(sum(map(math.log, precisions)) / max_order)
    return BLEUScore(score, precisions, penalty, hypothesis_length, reference_length)


def clipped_matches(
    words: Sequence[str], references: Sequence[Sequence[str]], n: int
) -> tuple[int, int]:
    """Count the n-grams of one hypothesis that a reference has, and all of them.

    >>> clipped_matches(["the", "the", "the"], [["the", "cat"]], 1)
    (1, 3)
    """
    ours = count_ngrams(words, n)
    most: Counter[NGram] = Counter()
    for reference in references:
        most |= count_ngrams(reference, n)  # the larger count of each n-gram
    return (ours & most).total(), ours.total()


def brevity_penalty(hypothesis_length: int, reference_length: int) -> float:
    """Return min(1, exp(1 − r/c)): what a translation that leaves things out loses.

    >>> brevity_penalty(10, 8), round(brevity_penalty(8, 10), 4)
    (1.0, 0.7788)
    """
    if hypothesis_length >= reference_length:
        return 1.0
    if hypothesis_length == 0:
        return 0.0
    return math.exp(1 - reference_length / hypothesis_length)


def _check_corpus(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if isinstance(hypotheses, str) or any(isinstance(right, str) for right in references):
        raise ValueError(
            "hypotheses must be a list of texts and references a list of lists of texts"
        )
    if len(hypotheses) != len(references) or not hypotheses:
        raise ValueError(
            f"hypotheses and references must be equally many, at least one; got "
            f"{len(hypotheses)} and {len(references)}"
        )
    if not all(references):
        place = [bool(right) for right in references].index(False)
        raise ValueError(f"references: number {place} is empty; give at least one right text")


def _precisions(
    matches: Sequence[int], totals: Sequence[int], smoothing: Smoothing
) -> tuple[float, ...]:
    found = [0.0] * len(matches)
    if not any(matches):
        return tuple(found)
    halving = 1.0
    for order, (match, total) in enumerate(zip(matches, totals, strict=True)):
        if total == 0:
            break
        if match:
            found[order] = 100 * match / total
        elif smoothing == "exp":
            halving *= 2
            found[order] = 100 / (halving * total)
    return tuple(found)
