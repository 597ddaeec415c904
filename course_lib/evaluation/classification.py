"""How good labels are: accuracy, F1 and the Matthews correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Confusion:
    """How often each of the four things happened that can happen with two labels.

    Attributes:
        true_positive: said 1, was 1.
        false_positive: said 1, was 0.
        false_negative: said 0, was 1.
        true_negative: said 0, was 0.
    """

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); 0 where TP is 0."""
        counted = 2 * self.true_positive + self.false_positive + self.false_negative
        return 2 * self.true_positive / counted if counted else 0.0

    @property
    def matthews(self) -> float:
        """Correlation of the said and the true label, from −1 to 1; 0 where one never varies.

        (TP TN − FP FN) / √((TP + FP)(TP + FN)(TN + FP)(TN + FN)). Source: Matthews 1975.
        """
        tp, fp = self.true_positive, self.false_positive
        fn, tn = self.false_negative, self.true_negative
        product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return (tp * tn - fp * fn) / math.sqrt(product) if product else 0.0


def accuracy(said: Sequence[int], true: Sequence[int]) -> float:
    """Return the part of the labels that are right, from 0 to 1.

    Raises:
        ValueError: there is no label, or the lengths differ.

    >>> accuracy([1, 0, 2], [1, 1, 2])
    0.6666666666666666
    """
    _check(said, true)
    return sum(a == b for a, b in zip(said, true, strict=True)) / len(true)


def confusion(said: Sequence[int], true: Sequence[int]) -> Confusion:
    """Count the four outcomes of labels 0 and 1.

    Raises:
        ValueError: there is no label, the lengths differ, or a label is neither 0 nor 1.

    >>> confusion([1, 1, 0, 0], [1, 0, 1, 0]).matthews
    0.0
    """
    _check(said, true)
    if unknown := {*said, *true} - {0, 1}:
        raise ValueError(f"labels must be 0 or 1, got {min(unknown)}")
    pairs = list(zip(said, true, strict=True))
    return Confusion(*(pairs.count(outcome) for outcome in ((1, 1), (1, 0), (0, 1), (0, 0))))


def macro_f1(said: Sequence[int], true: Sequence[int]) -> float:
    """Return the mean of the F1 scores of all labels, each taken as the positive one in turn.

    Raises:
        ValueError: there is no label, or the lengths differ.

    >>> macro_f1([0, 1, 2], [0, 1, 2])
    1.0
    """
    _check(said, true)
    labels = sorted({*said, *true})
    scores = [
        confusion([int(a == label) for a in said], [int(b == label) for b in true]).f1
        for label in labels
    ]
    return sum(scores) / len(scores)


def _check(said: Sequence[int], true: Sequence[int]) -> None:
    if len(said) != len(true) or not true:
        raise ValueError(
            f"said and true must be equally long and hold at least one label, got {len(said)} "
            f"and {len(true)}"
        )
