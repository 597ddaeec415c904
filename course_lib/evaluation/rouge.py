"""ROUGE: how much of a reference text a summary covers, in words, pairs of words, and in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.config import check_positive
from course_lib.evaluation.bleu import count_ngrams

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class RougeScore:
    """What two texts share, measured from both sides.

    >>> RougeScore(precision=1.0, recall=0.5).f1
    0.6666666666666666

    Attributes:
        precision: share of the hypothesis that the reference has, from 0 to 1.
        recall: share of the reference that the hypothesis has.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both, 2PR / (P + R); 0 where both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def tokenize_rouge(text: str) -> list[str]:
    """Cut a text into lower-case words of a–z and 0–9; everything else parts words.

    Words are not stemmed. So "taxes" and "tax" differ, and any text in another script is empty.

    >>> tokenize_rouge("The U.S. cut taxes.")
    ['the', 'u', 's', 'cut', 'taxes']
    """
    return _NOT_A_WORD.sub(" ", text.lower()).split()


def rouge_n(hypothesis: str, reference: str, n: int) -> RougeScore:
    """Score the n-grams that two texts share, each at most as often as the poorer text has it.

    recall = shared n-grams / n-grams of the reference; precision = shared / those of the
    hypothesis.

    Source: Lin 2004, section 2. Equal to the package rouge-score without its stemmer.

    >>> rouge_n("the cat sat", "the cat lay down", 1).recall
    0.5

    Raises:
        ValueError: n is below 1.
    """
    check_positive("n", n)
    ours = count_ngrams(tokenize_rouge(hypothesis), n)
    theirs = count_ngrams(tokenize_rouge(reference), n)
    shared = (ours & theirs).total()
    return RougeScore(shared / max(ours.total(), 1), shared / max(theirs.total(), 1))


def rouge_l(hypothesis: str, reference: str) -> RougeScore:
    """Score the longest common subsequence: shared words in the same order, gaps allowed.

    Source: Lin 2004, section 3.1, with F₁ for its F of free weight. Equal to the package
    rouge-score without its stemmer.

    >>> rouge_l("the cat quietly sat", "the cat sat down").f1
    0.75
    """
    ours, theirs = tokenize_rouge(hypothesis), tokenize_rouge(reference)
    length = longest_common_subsequence(ours, theirs)
    return RougeScore(length / max(len(ours), 1), length / max(len(theirs), 1))


def longest_common_subsequence(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the length of the longest sequence of words that both contain in this order.

    L(i, j) = L(i − 1, j − 1) + 1 where aᵢ = bⱼ, else max(L(i − 1, j), L(i, j − 1)); one row of the
    table is kept. Takes len(a) · len(b) steps.

    >>> longest_common_subsequence("a b c d".split(), "b x d a".split())
    2
    """
    row = [0] * (len(b) + 1)  # row[j] = L(i, j)
    for word in a:
        diagonal = 0  # L(i − 1, j − 1)
        for j, other in enumerate(b, start=1):
            above = row[j]
            row[j] = diagonal + 1 if word == other else max(above, row[j - 1])
            diagonal = above
    return row[-1]
