import numpy as np
import pytest
from sklearn import metrics

from course_lib.evaluation import Confusion, accuracy, confusion, macro_f1


def test_a_table_by_hand():
    table = confusion([1, 1, 1, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0])
    assert table == Confusion(2, 1, 1, 3)
    assert table.f1 == pytest.approx(2 / 3)
    assert table.matthews == pytest.approx((2 * 3 - 1) / 12)


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_scikit_learn(seed):
    draw = np.random.default_rng(seed)
    said, true = (draw.integers(0, 2, size=40).tolist() for _ in range(2))
    table = confusion(said, true)
    assert accuracy(said, true) == pytest.approx(metrics.accuracy_score(true, said))
    assert table.f1 == pytest.approx(metrics.f1_score(true, said))
    assert table.matthews == pytest.approx(metrics.matthews_corrcoef(true, said))
    many, truth = (draw.integers(0, 4, size=40).tolist() for _ in range(2))
    assert macro_f1(many, truth) == pytest.approx(metrics.f1_score(truth, many, average="macro"))


def test_without_variation():
    assert confusion([1, 1], [1, 0]).matthews == 0.0
    assert confusion([0, 0], [0, 0]).f1 == 0.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: accuracy([], []), "at least one label"),
        (lambda: macro_f1([1], [1, 0]), "got 1 and 2"),
        (lambda: confusion([2], [1]), "labels must be 0 or 1, got 2"),
    ],
)
def test_bad_inputs(call, words):
    with pytest.raises(ValueError, match=words):
        call()
