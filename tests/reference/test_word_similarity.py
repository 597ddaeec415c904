"""Rank correlation equals SciPy's, ties included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from course_lib.data import WordVectors
from course_lib.evaluation import rank_correlation, score_similarities

PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=30)


@given(PAIRS)
def test_rank_correlation_equals_scipy(pairs):
    a, b = ([float(x) for x in column] for column in zip(*pairs, strict=True))
    if len(set(a)) > 1 and len(set(b)) > 1:
        assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_unknown_pairs_do_not_count():
    import numpy as np

    vectors = WordVectors(["a", "b", "c"], np.array([[1.0, 0], [1, 1], [0, 1]]))
    pairs = [("a", "b", 9.0), ("a", "c", 1.0), ("a", "zebra", 5.0)]
    assert score_similarities(vectors, pairs) == (pytest.approx(1.0), 2)


def test_lists_of_different_length():
    with pytest.raises(ValueError, match="a has 1 numbers and b 2"):
        rank_correlation([1.0], [1.0, 2.0])
