"""``check`` as a learner meets it: stubs, mistakes, errors, loops, noise."""

import dataclasses
import functools
import math
import threading
import time
import warnings

import numpy as np
import pytest
import torch

from course_lib.exercises import Case, get_exercise
from course_lib.grading import check, learner
from course_lib.grading import in_process as in_process_module

SOFTMAX = "attention.softmax"


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "progress.json"))
    monkeypatch.delenv("COURSE_BOOK_BUILD", raising=False)


def plain_cases(seed):
    """Six cases without gradients, so that answers in any dress can be right."""
    generator = torch.Generator().manual_seed(seed)
    return [
        Case({"scores": scores, "dim": dim}, label)
        for scores, dim, label in (
            (torch.tensor([0.0, 1.0, 2.0]), 0, "one row"),
            (torch.randn(2, 3, generator=generator), 1, "random scores, dim=1"),
            (torch.randn(2, 3, generator=generator), 0, "random scores, dim=0"),
            (torch.tensor([1000.0, 1001.0, 999.0]), 0, "large scores"),
            (torch.tensor([[0.0, 1.0], [-500.0, -501.0]]), 1, "two rows far apart"),
            (torch.randn(2, 3, 2, generator=generator), 1, "three axes"),
        )
    ]


@pytest.fixture(autouse=True)
def plain_softmax(monkeypatch):
    exercise = dataclasses.replace(
        get_exercise(SOFTMAX), public_cases=plain_cases, forbidden=(), seconds_per_case=5.0
    )
    known = {SOFTMAX: exercise}
    monkeypatch.setattr(learner, "get_exercise", lambda id: known.get(id) or get_exercise(id))
    return exercise


def right(scores, dim):
    return torch.softmax(scores, dim)


def stub_ellipsis(scores, dim):
    """With words."""
    ...


def stub_pass(scores, dim):
    pass


def stub_raises(scores, dim):
    raise NotImplementedError


def stub_raises_with_words(scores, dim):
    raise NotImplementedError("your code here")


def stub_half_done(scores, dim):
    _ = scores.exp()
    raise NotImplementedError


def stub_returns_ellipsis(scores, dim):
    return ...


class StubClass:
    def __init__(self, size):
        """Nothing yet."""

    def forward(self, x):
        raise NotImplementedError


@pytest.mark.parametrize(
    "candidate",
    [
        None,
        ...,
        stub_ellipsis,
        stub_pass,
        stub_raises,
        stub_raises_with_words,
        stub_half_done,
        stub_returns_ellipsis,
        lambda scores, dim: ...,
        StubClass,
    ],
)
def test_stubs_are_not_attempted(candidate):
    result = check(SOFTMAX, candidate)
    assert result.status == "not attempted"
    assert result.points == 0


def noisy(scores, dim):
    warnings.warn("careful", UserWarning, stacklevel=1)
    print("noise")
    np.log(np.zeros(1))
    return right(scores, dim)


def edits_inputs(scores, dim):
    answer = right(scores, dim)
    scores.zero_()
    return answer


def renamed(a, b):
    return right(a, b)


def as_numpy(scores, dim):
    return right(scores, dim).numpy()


def as_half(scores, dim):
    return right(scores, dim).half()


def as_double_with_graph(scores, dim):
    return right(scores.double().requires_grad_(), dim)


def as_lists(scores, dim):
    return right(scores, dim).tolist()


class Callable:
    def __call__(self, scores, dim):
        return right(scores, dim)


@pytest.mark.parametrize(
    "candidate",
    [
        right,
        noisy,
        edits_inputs,
        renamed,
        as_numpy,
        as_half,
        as_double_with_graph,
        as_lists,
        Callable(),
        functools.partial(torch.softmax),
        torch.softmax,
        torch.no_grad()(right),
    ],
)
def test_right_answers_in_any_dress(candidate, capsys):
    result = check(SOFTMAX, candidate)
    assert result.points == 4, repr(result)
    assert capsys.readouterr() == ("", "")


def indexes_too_far(scores, dim):
    return scores[100, 100]


def exits(scores, dim):
    raise SystemExit(1)


def recurses(scores, dim):
    return recurses(scores, dim)


class WorseError(Exception):
    def __str__(self):
        raise RuntimeError


def raises_worse(scores, dim):
    raise WorseError


def not_for_integers(scores, dim):
    return torch.softmax(scores.long(), dim)


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (indexes_too_far, ["IndexError", "return scores[100, 100]"]),
        (exits, ["SystemExit: 1", "raise SystemExit(1)"]),
        (recurses, ["RecursionError"]),
        (raises_worse, ["WorseError: (its message cannot be shown)"]),
        (not_for_integers, ["not implemented for 'Long'", "scores.long()"]),
        (lambda scores: scores, ["it cannot be called with (scores, dim)"]),
        (lambda scores, dim: None if dim else scores.sum() and None, ["`return` missing"]),
        (lambda scores, dim: object(), ["a value of type object"]),
        (lambda scores, dim: "text", ["Got:", "'text'"]),
        (lambda scores, dim: scores, ["Difference:"]),
        (lambda scores, dim: "", ["a text of 0 characters"]),
        (5, ["give the function itself"]),
        (torch.ones(2), ["give the function itself"]),
    ],
)
def test_mistakes_are_explained_without_our_frames(candidate, words):
    result = check(SOFTMAX, candidate)
    assert result.status == "wrong"
    for word in words:
        assert word in repr(result)
    assert "Traceback" not in repr(result)
    assert "course_lib/" not in repr(result)


def loops(scores, dim):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


@pytest.fixture
def short_limit(plain_softmax):
    object.__setattr__(plain_softmax, "seconds_per_case", 0.4)


def test_endless_loop_ends_and_partial_credit_stays(short_limit):
    def loops_on_large(scores, dim):
        return loops(scores, dim) if scores.max() > 100 else right(scores, dim)

    result = check(SOFTMAX, loops_on_large)
    assert (result.right, result.cases) == (5, 6)
    assert "still running after 0.4 s" in repr(result)


def test_endless_loop_ends_in_another_thread(short_limit):
    results = []
    thread = threading.Thread(target=lambda: results.append(check(SOFTMAX, loops)))
    thread.start()
    thread.join(20)
    assert "still running" in repr(results[0])


def test_interrupting_the_kernel_is_not_swallowed():
    def interrupted(scores, dim):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(SOFTMAX, interrupted)


def test_randomness_outside_is_untouched_and_inside_is_fixed():
    def random_answer(scores, dim):
        return torch.randn(3)

    torch.manual_seed(7)
    expected = torch.randn(1)
    torch.manual_seed(7)
    first, second = check(SOFTMAX, random_answer), check(SOFTMAX, random_answer)
    assert torch.randn(1) == expected
    assert repr(first) == repr(second)


def test_unknown_exercise():
    with pytest.raises(ValueError, match=r"no exercise is called 'attention\.sofmax'"):
        check("attention.sofmax", right)


def test_a_known_mistake_is_named_and_others_are_not():
    def no_root(q, k, v, mask=None):
        scores = q @ k.transpose(-2, -1)
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        weights = scores.softmax(-1)
        return weights @ v, weights

    exercise = get_exercise("attention.scaled_dot_product")
    result = check(exercise.id, no_root)
    named = next(mutant for mutant in exercise.mutants if mutant.name == result.cause_name)
    assert "√d" in named.diagnosis
    assert f"Likely cause: {named.diagnosis}" in repr(result)
    assert check(SOFTMAX, lambda scores, dim: scores * 0).cause is None


def test_card_is_safe_and_deterministic():
    def prints(scores, dim):
        print("<script>alert(1)</script>\n" * 50)
        return scores

    result = check(SOFTMAX, prints)
    page = result._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert result._repr_mimebundle_() == check(SOFTMAX, prints)._repr_mimebundle_()
    assert repr(result).count("alert") == 10


def test_points_are_never_full_unless_all_is_right():
    exercise = learner.get_exercise(SOFTMAX)
    cases = exercise.public_cases(0) * 10
    outcomes = in_process_module.run_cases(exercise, right, cases)
    from course_lib.grading.judgment import judge
    from course_lib.grading.outcomes import Outcome

    outcomes[-1] = Outcome(value=1.0)
    assert judge(exercise, cases, outcomes).points == 3.9
    with pytest.raises(ValueError, match="one outcome for each case"):
        judge(exercise, cases, outcomes[1:])
