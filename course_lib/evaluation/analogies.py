"""How many analogies word vectors solve, section by section, with two controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from course_lib.data.vectors import Question, WordVectors


@dataclass(frozen=True)
class AnalogyScore:
    """Shares of one section's questions, each from 0 to 1.

    Attributes:
        n_asked: questions of the section.
        n_known: those whose four words all have vectors; the shares are of these.
        correct: the nearest word to b − a + c is d, when a, b and c may not be answers.
        unfiltered: the same when every word may be an answer.
        without_offset: the nearest word to c alone is d, when a, b and c may not be answers. What
            this solves needs no analogy.
    """

    n_asked: int
    n_known: int
    correct: float
    unfiltered: float
    without_offset: float


def score_analogies(
    vectors: WordVectors, sections: Mapping[str, Sequence[Question]], *, batch_size: int = 512
) -> dict[str, AnalogyScore]:
    """Answer the questions (a, b, c, d), "a is to b as c is to d", and count.

    Source: Mikolov et al. 2013 for the test; Linzen 2016 for the two controls.

    Raises:
        ValueError: `vectors` holds fewer than five words.
    """
    if len(vectors) < 5:
        raise ValueError(f"vectors holds {len(vectors)} words; five are needed at least")
    unit = vectors.unit()
    known = {
        name: np.array(
            [[vectors.positions[w] for w in q] for q in questions if all(w in vectors for w in q)],
            dtype=np.int64,
        ).reshape(-1, 4)
        for name, questions in sections.items()
    }
    alone = _neighbors_alone(unit, np.unique(np.concatenate([*known.values()])), batch_size)
    result = {}
    for name, rows in known.items():
        parts = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
        marks = np.concatenate([_marks(unit, alone, part) for part in parts] or [np.zeros((0, 3))])
        shares = marks.mean(axis=0) if len(marks) else np.zeros(3)
        result[name] = AnalogyScore(len(sections[name]), len(rows), *(float(x) for x in shares))
    return result


def _neighbors_alone(
    unit: Float[np.ndarray, "V D"], asked: Int[np.ndarray, " n"], batch_size: int
) -> dict[int, list[int]]:
    """The four words nearest to each asked word, itself among them."""
    found: dict[int, list[int]] = {}
    for start in range(0, len(asked), batch_size):
        part = asked[start : start + batch_size]
        best = _best(unit[part] @ unit.T, 4)
        found.update(zip(part.tolist(), best.tolist(), strict=True))
    return found


def _marks(
    unit: Float[np.ndarray, "V D"], alone: Mapping[int, list[int]], rows: Int[np.ndarray, "n 4"]
) -> Float[np.ndarray, "n 3"]:
    """One where a question is solved, for the three ways of answering."""
    a, b, c, d = rows.T
    scores = (unit[b] - unit[a] + unit[c]) @ unit.T
    marks = np.zeros((len(rows), 3))
    marks[:, 1] = scores.argmax(axis=1) == d
    np.put_along_axis(scores, rows[:, :3], -np.inf, axis=1)
    marks[:, 0] = scores.argmax(axis=1) == d
    for i, question in enumerate(rows.tolist()):
        others = (word for word in alone[question[2]] if word not in question[:3])
        marks[i, 2] = next(others) == question[3]
    return marks


def _best(scores: Float[np.ndarray, "n V"], k: int) -> Int[np.ndarray, "n k"]:
    """The `k` highest columns of each row, the highest first."""
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    result: Int[np.ndarray, "n k"] = np.take_along_axis(top, order, axis=1)
    return result
