"""A stub is a stub in any dress, and a start is not a stub."""

import pytest

from course_lib.exercises import all_exercises, stub_source
from course_lib.grading.inside.untouched import is_untouched

STUB = 'def f(a, b=2):\n    """Words."""\n    ...  # your code here'


def made(source: str, name: str = "f"):
    namespace: dict = {}
    exec(source, namespace)
    return namespace[name]


@pytest.mark.parametrize("exercise", all_exercises(), ids=lambda exercise: exercise.id)
def test_every_stub_is_untouched(exercise):
    stub = stub_source(exercise.id)
    assert is_untouched(made(stub, exercise.name), stub)


@pytest.mark.parametrize(
    "source",
    [
        "def f(): ...",
        "def f(): pass",
        "def f(): return ...",
        "def f(): return None",
        "def f(a):\n    # a comment\n    raise NotImplementedError",
        "def f(a):\n    raise NotImplementedError('your code here')",
        "f = None",
        "f = ...",
        "f = lambda a: ...",
        "class f: pass",
        "class f:\n    def __init__(self, a):\n        ...\n    def forward(self):\n        pass",
    ],
)
def test_nothing_yet(source):
    assert is_untouched(made(source), STUB)


@pytest.mark.parametrize(
    "source",
    [
        "def f(a, b=2): return a",
        "def f(a, b=2): return 0",
        "def f(a): print(a)",
        "def f(a): raise ValueError",
        "f = 3",
        "f = len",
        "class f(dict): pass",
        "class f:\n    def g(self):\n        return 1",
    ],
)
def test_something(source):
    assert not is_untouched(made(source), STUB)


def test_a_stub_that_does_something_is_known_by_its_code():
    stub = "def f(a):\n    result = a.clone()\n    ...\n    return result"
    assert is_untouched(made(stub), stub)
    assert is_untouched(made(stub.replace("    ...", "    # here\n    ...")), stub)
    assert not is_untouched(made(stub.replace("    ...", "    result += 1")), stub)
