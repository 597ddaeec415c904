"""Cards for whatever a learner may give: always a clear one, never an error of ours."""

import dataclasses
import functools
import html.parser
import importlib
import math
import sys

import numpy as np
import pytest
import torch

from course_lib.exercises import Case, get_exercise
from course_lib.grading.card import card_html
from course_lib.grading.feedback import feedback

SOFTMAX = get_exercise("attention.softmax")


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


def shown(candidate) -> str:
    result = feedback(EXERCISE, candidate, cases())
    text = repr(result)
    for said in (text, result._repr_html_()):
        assert "Traceback" not in said
        assert "course_lib/" not in said
        assert "0x" not in said
    assert "came to a stop" not in text
    assert repr(feedback(EXERCISE, candidate, cases())) == text  # the same words every time
    return text


class Evil:
    """Answers every question with an error."""

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None

    def __getattr__(self, name):
        raise RuntimeError("getattr")

    def __bool__(self):
        raise RuntimeError("bool")

    def __len__(self):
        raise RuntimeError("len")


class Liar:
    @property
    def __class__(self):
        return torch.Tensor


class EvilCall:
    def __getattribute__(self, name):
        raise RuntimeError("no")

    def __call__(self, scores, dim):
        return 1


class Mirror:
    def __getattr__(self, name):
        return self

    def __call__(self, *arguments):
        return self


class EvilTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        raise RuntimeError("torch function")


class EvilList(list):
    def __iter__(self):
        raise RuntimeError("iter")

    def __len__(self):
        return -1


class EqualToAll(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class AsClass:
    def __init__(self, scores, dim):
        self.answer = right(scores, dim)


async def coroutine(scores, dim):
    return right(scores, dim)


async def asynchronous_generator(scores, dim):
    yield right(scores, dim)


def generator(scores, dim):
    yield right(scores, dim)


def nested_without_end(scores, dim):
    items = []
    items.append(items)
    return items


def recursion(scores, dim):
    return recursion(scores, dim)


def recursion_with_a_higher_limit(scores, dim):
    sys.setrecursionlimit(2_000)
    return recursion_with_a_higher_limit(scores, dim)


def deletes_a_global(scores, dim):
    kept = globals().pop("right")
    try:
        return right(scores, dim)
    finally:
        globals()["right"] = kept


def misspelled(scores, dim):
    return torhc.softmax(scores, dim)


@pytest.mark.parametrize(
    ("candidate", "words"),
    [
        (generator, "The function has a `yield`"),
        (coroutine, "Write `def` alone."),
        (asynchronous_generator, "Write `def` alone."),
        (AsClass, "This is a class, and calling it makes an object."),
        (int, "The exercise asks for a function: `def softmax(scores, dim):`"),
        (len, "it cannot be called with (scores, dim). TypeError: len() takes exactly one"),
        (print, "is a `return` missing?"),
        (max, "`if`, `and` and `or` want one truth value"),
        (functools.partial(right, dim=0), "yours takes (scores, *, dim)."),
        (lambda scores: scores, "It is called with 2 values, (scores, dim); yours takes (scores)."),
        (lambda: 1, "yours takes none."),
        (lambda a, b, c: a, "yours takes (a, b, c)."),
        (lambda scores, dim: Evil(), "a value of type Evil"),
        (lambda scores, dim: [Evil()], "a list of length 1"),
        (lambda scores, dim: {Evil: Evil()}, "{a value of type type: a value of type Evil}"),
        (lambda scores, dim: Liar(), "a value of type Liar"),
        (lambda scores, dim: EvilList([1.0, 2.0]), "expected [3], got [2]"),
        (lambda scores, dim: EqualToAll(3), "shape: expected [3], got []"),
        (lambda scores, dim: torch.zeros(1).expand(10**12), "far too large to be right"),
        (lambda scores, dim: list(range(10**6)), "it holds 1,000,000 items"),
        (lambda scores, dim: 10**100_000, "an integer of more than 1,000 digits"),
        (nested_without_end, "nested more than 40 deep"),
        (recursion, "The function keeps calling itself."),
        (recursion_with_a_higher_limit, "The function keeps calling itself."),
        (deletes_a_global, "Nothing is called `right` here."),
        (misspelled, "Nothing is called `torhc` here."),
        (lambda scores, dim: scores * math.nan, "nan comes from 0/0"),
        (lambda scores, dim: scores / 0, "nan comes from 0/0"),
        (lambda scores, dim: 1j, "Difference: shape"),
        (lambda scores, dim: scores.to("meta"), "tensor without data"),
        (lambda scores, dim: scores.to_sparse(), "This is the input `scores`, unchanged."),
        (lambda scores, dim: scores[...], "This is the input `scores`, unchanged."),
        (lambda scores, dim: np.array([object()]), "a value of type array of objects"),
        (lambda scores, dim: 2 * right(scores, dim), "Every entry is 2 times the expected one."),
        (lambda scores, dim: right(scores, dim) / 8, "Every entry is 1/8 of the expected one."),
        (lambda scores, dim: -right(scores, dim), "Every entry has the wrong sign."),
        (lambda scores, dim: right(scores, dim) + 1, "Every entry is 1 too large."),
        (lambda scores, dim: right(scores, dim).flip(0), "The right answer, in reverse order."),
        (lambda scores, dim: right(scores, dim).round(decimals=2), "All entries are close"),
        (torch, "got a value of type module; give the function itself"),
        ("softmax", "got a text of 7 characters"),
        ([0] * 10**6, "got a value of type list"),
    ],
)
def test_every_candidate_gets_a_clear_card(candidate, words):
    limit = sys.getrecursionlimit()
    assert words in shown(candidate)
    assert sys.getrecursionlimit() == limit


def test_objects_that_answer_no_question_get_a_card_too():
    assert "shape: expected [3], got []" in shown(EvilCall())
    assert "a value of type Mirror" in shown(Mirror())
    assert "got a value of type Evil; give the function itself" in shown(Evil())


@pytest.mark.parametrize(
    "candidate",
    [
        right,
        lambda scores, dim: right(scores, dim).to_sparse(),
        lambda scores, dim: right(scores, dim).requires_grad_(),
        lambda scores, dim: right(scores, dim).as_subclass(EvilTensor),
        lambda scores, dim: right(scores, dim).to(torch.complex64),
        lambda scores, dim: np.ma.masked_array(right(scores, dim).numpy()),
        lambda scores, dim: torch.nn.Parameter(right(scores, dim)),
        lambda scores, dim, *, eps=0.0: right(scores, dim),
        functools.lru_cache(right),
    ],
)
def test_right_answers_of_unusual_kinds_are_right(candidate):
    assert "all 4 cases right" in shown(candidate)


def test_the_first_failure_is_shown_in_full_and_the_others_in_a_line_each():
    text = shown(lambda scores, dim: right(scores, -1))
    assert "Case:         two rows, dim=0" in text
    assert "Right:        one row; two rows, dim=1; large scores" in text
    text = shown(lambda scores, dim: 3 * right(scores, dim))
    assert text.count("Expected:") == 1
    assert "large scores: at [0]: got" in text
    assert "the 3 other cases, in the same way" in shown(misspelled)
    many = cases() * 4
    result = feedback(EXERCISE, lambda scores, dim: scores.sum(), many)
    assert len(dict(result.rows())["Also wrong"].split("\n")) <= 6


def test_what_a_fault_of_ours_looks_like(monkeypatch):
    module = importlib.import_module("course_lib.grading.feedback")
    monkeypatch.setattr(module, "judge", lambda *_: 1 / 0)
    text = repr(feedback(EXERCISE, right, cases()))
    assert "this check came to a stop (ZeroDivisionError), which says nothing about" in text


class Balanced(html.parser.HTMLParser):
    """Every element that is opened is closed, and nothing runs."""

    def __init__(self, page):
        super().__init__()
        self.open = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag not in ("script", "img", "link", "iframe")
        assert all(not name.startswith("on") for name, _ in attributes)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "candidate",
    [right, misspelled, recursion, generator, None, lambda scores, dim: "<b>`x'\"&"],
)
def test_card_is_sound_html_that_anyone_can_read(candidate):
    result = feedback(EXERCISE, candidate, cases()).with_notices(("<i>careful</i>",))
    result = result.with_violations(("`torch.softmax` in line 2: torch.softmax(a < b)",))
    page = result._repr_html_()
    Balanced(page)
    assert "<i>" not in page
    assert 'role="group"' in page
    assert page.count("<pre ") == page.count('<pre tabindex="0"')  # what scrolls can be reached
    assert "color:inherit" in page


def test_entries_that_differ_are_marked_and_only_those():
    rows = [
        ("Got", "[1, 2.5, '<a>', 0.3333]  (tensor, shape [4])"),
        ("Expected", "[1, 2.75, '<b>', 0.3334]  (tensor, shape [4])"),
    ]
    page = card_html("wrong", "headline", rows, "advice")
    marked = [piece.split("</mark>")[0].split(">")[-1] for piece in page.split("<mark ")[1:]]
    assert marked == ["2.5", "&#x27;&lt;a&gt;&#x27;", "2.75", "&#x27;&lt;b&gt;&#x27;"]
    assert "<mark" not in card_html("wrong", "h", [("Got", "[1]"), ("Expected", "[1, 2]")], "a")
