"""Scores of analogies: against one question at a time, and where nothing is known."""

import numpy as np
import pytest

from course_lib.data import WordVectors
from course_lib.evaluation import score_analogies

NAMES = [f"w{i}" for i in range(12)]


def _vectors():
    draw = np.random.default_rng(3)
    base = draw.normal(size=(6, 5))
    moved = base + np.array([1.5, 0, 0, 0, 0]) + draw.normal(scale=0.9, size=(6, 5))
    return WordVectors(NAMES, np.concatenate([base, moved]))


def test_equal_to_one_question_at_a_time():
    vectors = _vectors()
    questions = [
        (NAMES[i], NAMES[i + 6], NAMES[j], NAMES[j + 6])
        for i in range(6)
        for j in range(6)
        if i != j
    ]
    score = score_analogies(vectors, {"all": questions}, batch_size=7)["all"]
    unit = WordVectors(NAMES, vectors.unit())
    correct = [vectors.analogy(a, b, c)[0][0] == d for a, b, c, d in questions]
    target = [unit[b] - unit[a] + unit[c] for a, b, c, _ in questions]
    free = [unit.nearest(t, 1)[0][0] == q[3] for t, q in zip(target, questions, strict=True)]
    alone = [unit.nearest(c, 1, exclude=(a, b))[0][0] == d for a, b, c, d in questions]
    assert score.correct == pytest.approx(np.mean(correct))
    assert score.unfiltered == pytest.approx(np.mean(free))
    assert score.without_offset == pytest.approx(np.mean(alone))
    assert 0 < score.unfiltered < score.correct


def test_unknown_words_are_not_asked():
    sections = {"none": [("w0", "w6", "w1", "zebra")], "one": [("w0", "w6", "w1", "w7")]}
    scores = score_analogies(_vectors(), sections)
    assert (scores["none"].n_asked, scores["none"].n_known, scores["none"].correct) == (1, 0, 0.0)
    assert scores["one"].n_known == 1


def test_too_few_words():
    with pytest.raises(ValueError, match="five are needed at least"):
        score_analogies(_vectors().first(4), {})
