"""The n-gram model against exact fractions and against scikit-learn's counts.

The formulas are written a second time here from scratch, as the textbook has them, with a
dictionary for each order and `fractions.Fraction`; nothing of `course_lib.classical` is used.
"""

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from course_lib.classical import Additive, Interpolated, NGramModel, Vocabulary


def tables(text, order):
    """n(x), n(x, x′), … as nested dictionaries: context → token → count."""
    found = [defaultdict(lambda: defaultdict(int)) for _ in range(order)]
    for place, token in enumerate(text):
        for length in range(min(order, place + 1)):
            found[length][tuple(text[place - length : place])][token] += 1
    return found


def exact(found, context, token, epsilons, size):
    """The recursion from the top: the highest order asks the one below it."""
    if not epsilons:
        return Fraction(1, size)
    row = found[len(context)][tuple(context)] if len(context) < len(found) else {}
    lower = exact(found, context[1:], token, epsilons[:-1], size)
    counted, total = row.get(token, 0), sum(row.values())
    return (counted + epsilons[-1] * lower) / (total + epsilons[-1])


def test_the_three_levels_by_hand():
    # a b a c a b: n = 6; n(a) = 3, n(b) = 2, n(c) = 1; a is followed 3 times (b, c, b),
    # b once (a), c once (a); (c, a) is followed once, by b.
    model = NGramModel.fit([0, 1, 0, 2, 0, 1], 4, order=3, smoothing=Interpolated((1.0, 2.0, 3.0)))
    one = Fraction(2 * 4 + 1, 7 * 4)  # (2 + 1/4) / (6 + 1)
    two = (2 + 2 * one) / 5
    three = (1 + 3 * two) / 4
    assert model.probabilities([2, 0, 1])[-1] == pytest.approx(float(three), rel=1e-15)
    assert three == Fraction(1 * 70 + 3 * 37, 280)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("size", [2, 9])
def test_equals_exact_fractions(order, size):
    draw = np.random.default_rng(100 * order + size)
    text, test = draw.integers(size, size=300).tolist(), draw.integers(size, size=40).tolist()
    epsilons = [Fraction(int(n), 8) for n in draw.integers(1, 40, size=order)]
    smoothing = Interpolated(tuple(float(epsilon) for epsilon in epsilons))
    model = NGramModel.fit(text, size, order=order, smoothing=smoothing)
    found = tables(text, order)
    expected = []
    for place in range(1, len(test)):
        context = test[max(0, place - order + 1) : place] if order > 1 else []
        expected.append(
            float(exact(found, context, test[place], epsilons[: len(context) + 1], size))
        )
    assert model.probabilities(test) == pytest.approx(np.array(expected), rel=1e-12)

    added = model.with_smoothing(Additive(0.25)).probabilities(test)[order:]
    rows = [
        (found[order - 1][tuple(test[i - order + 1 : i])], test[i])
        for i in range(order + 1, len(test))
    ]
    plain = [
        Fraction(4 * row.get(token, 0) + 1, 4 * sum(row.values()) + size) for row, token in rows
    ]
    assert added == pytest.approx(np.array(plain, dtype=float), rel=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_counts_equal_scikit_learn(order):
    draw = np.random.default_rng(order)
    words = [f"w{n}" for n in draw.zipf(1.5, size=3000) if n < 200]
    counter = CountVectorizer(ngram_range=(order, order), token_pattern=r"\S+")
    counts = np.asarray(counter.fit_transform([" ".join(words)]).todense()).ravel()
    vocabulary = Vocabulary.of(words)
    model = NGramModel.fit(vocabulary.encode(words), len(vocabulary), order=order)
    assert model.n_kinds(order) == len(counts)
    for gram, place in list(counter.vocabulary_.items())[:300]:
        assert model.count(vocabulary.encode(gram.split())) == counts[place]
