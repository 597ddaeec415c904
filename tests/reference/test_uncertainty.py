"""Intervals and agreement equal SciPy's and scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from course_lib.evaluation import cohen_kappa, wilson_interval


@given(st.integers(1, 300), st.data())
@settings(max_examples=60, deadline=None)
def test_wilson_equals_scipy(n, data):
    n_right = data.draw(st.integers(0, n))
    theirs = binomtest(n_right, n).proportion_ci(method="wilson")
    assert wilson_interval(n_right, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_equals_scikit_learn(seed):
    draw = np.random.default_rng(seed)
    first = draw.choice(["left", "right", "tie"], size=40).tolist()
    second = [a if draw.random() < 0.6 else str(draw.choice(["left", "right"])) for a in first]
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))
