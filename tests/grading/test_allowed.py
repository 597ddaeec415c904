"""Calls that an exercise forbids: `check` names them with their line and gives no points."""

import dataclasses
import functools

import pytest
import torch

from course_lib.exercises import Case, get_exercise
from course_lib.grading import check, record
from course_lib.grading.feedback import feedback

SOFTMAX = get_exercise("attention.softmax")
MASK = get_exercise("attention.causal_mask")


def cases(seed=0):
    square = torch.tensor([[0.5, 1.0], [3.0, -1.0]])
    return [
        Case({"scores": torch.tensor([0.0, 1.0, 2.0]), "dim": 0}, "one row"),
        Case({"scores": square, "dim": 1}, "two rows, dim=1"),
        Case({"scores": square, "dim": 0}, "two rows, dim=0"),
        Case({"scores": torch.tensor([1000.0, 1001.0, 999.0]), "dim": 0}, "large scores"),
    ]


EXERCISE = dataclasses.replace(SOFTMAX, public_cases=cases, forbidden=())


def right(scores, dim):
    exponentials = torch.exp(scores - scores.amax(dim, keepdim=True))
    return exponentials / exponentials.sum(dim, keepdim=True)


def uses_softmax(scores, dim):
    return torch.softmax(scores, dim)


def helper(scores, dim):
    return torch.nn.functional.softmax(scores, dim)


def uses_a_helper(scores, dim):
    return helper(scores, dim)


renamed = torch.softmax


def uses_another_name(scores, dim):
    return renamed(scores, dim)


def wrong_and_forbidden(scores, dim):
    return 1 - scores.softmax(dim)


class Solver:
    def __call__(self, scores, dim):
        return scores.softmax(dim)


POLICED = dataclasses.replace(EXERCISE, forbidden=("softmax",))


@pytest.mark.parametrize(
    ("candidate", "line"),
    [
        (uses_softmax, "return torch.softmax(scores, dim)"),
        (uses_a_helper, "return torch.nn.functional.softmax(scores, dim)"),
        (uses_another_name, "return renamed(scores, dim)"),
        (torch.no_grad()(uses_softmax), "return torch.softmax(scores, dim)"),
        (Solver(), "return scores.softmax(dim)"),
        (torch.softmax, "`torch.softmax`"),
        (functools.partial(torch.softmax), "`torch.softmax`"),
        (torch.nn.functional.softmax, "softmax`"),
        (lambda scores, dim: torch.softmax(scores, dim), "torch.softmax(scores, dim)"),
    ],
)
def test_a_forbidden_call_gives_no_points_and_its_line(candidate, line):
    result = feedback(POLICED, candidate, cases())
    assert (result.status, result.points, result.right) == ("not accepted", 0, 4), repr(result)
    assert "right answers, but a call that is not allowed, 0/4 points" in repr(result)
    assert line in dict(result.rows())["Not allowed"]
    assert "neither here nor in grading" in result._repr_html_()


def test_a_wrong_answer_with_a_forbidden_call_says_both():
    result = feedback(POLICED, wrong_and_forbidden, cases())
    assert (result.status, result.points) == ("wrong", 0)
    assert {"Not allowed", "Difference"} <= set(dict(result.rows()))


def test_no_claim_without_a_source():
    namespace = {"torch": torch}
    exec("def softmax(scores, dim): return torch.softmax(scores, dim)", namespace)
    assert feedback(POLICED, namespace["softmax"], cases()).points == 4
    assert feedback(POLICED, right, cases()).points == 4


def test_a_module_may_be_forbidden():
    from course_lib.layers import causal_mask as ready_made

    def causal_mask(n_queries, n_keys=None):
        return ready_made(n_queries, n_keys)

    policed = dataclasses.replace(MASK, forbidden=("course_lib.layers",))
    for candidate in (causal_mask, ready_made):
        result = feedback(policed, candidate, policed.public_cases(0))
        assert "course_lib.layers" in dict(result.rows())["Not allowed"]
    assert "return ready_made(" in repr(feedback(policed, causal_mask, policed.public_cases(0)))


def test_forbidden_calls_are_recorded_without_points(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "progress.json"))
    monkeypatch.delenv("COURSE_BOOK_BUILD", raising=False)
    if "softmax" in SOFTMAX.forbidden:
        check(SOFTMAX.id, uses_softmax)
        entry = record.read_entries()[0][SOFTMAX.id]
        assert (entry.points, entry.attempts) == (0, 1)
