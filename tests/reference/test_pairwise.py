"""The Bradley–Terry fit is scikit-learn's logistic regression on differences."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from course_lib.evaluation import bradley_terry
from tests.evaluation.test_pairwise import TRUE, made_votes


@pytest.mark.parametrize("with_position", [False, True])
def test_equal_to_logistic_regression(with_position):
    votes = made_votes(TRUE, 200, left=50.0)
    names = ["a", "b", "c"]
    rows = np.array(
        [
            [(v.left == n) * 1.0 - (v.right == n) for n in names] + [1.0] * with_position
            for v in votes
        ]
    )
    model = LogisticRegression(C=1 / 0.5, fit_intercept=False, tol=1e-10, max_iter=1000)
    model.fit(rows, [int(vote.score) for vote in votes])
    theirs = model.coef_[0] * 400 / math.log(10)
    ours = bradley_terry(votes, with_position=with_position, prior=0.5)
    mean = theirs[:3].mean()
    for name, value in zip(names, theirs[:3], strict=True):
        assert ours.ratings[name] == pytest.approx(value - mean + 1000, abs=0.05)
    if with_position:
        assert ours.left_advantage == pytest.approx(theirs[3], abs=0.05)
