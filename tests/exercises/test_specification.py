from dataclasses import replace

import pytest
import torch

from course_lib.exercises import Case, Exercise, Mutant, get_exercise, object_inputs, stub_source
from course_lib.exercises.values import clone, readable

BASE = get_exercise("attention.softmax")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"id": "softmax"}, "id must look like"),
        ({"points": 0}, "points of attention.softmax must be > 0"),
        ({"hints": ("one",)}, "at least 3, got 1"),
        ({"mutants": BASE.mutants[:4]}, "at least 5"),
        ({"mutants": BASE.mutants[:5] + BASE.mutants[:1]}, "with different names"),
        ({"id": "attention.other"}, "reference of attention.other must be called 'other'"),
        ({"signature": get_exercise("attention.causal_mask").signature}, "make them equal"),
    ],
)
def test_wrong_specifications_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        replace(BASE, **changes)


def test_cases_hold_plain_data_only():
    with pytest.raises(TypeError, match=r"inputs\['f'\]\[0\] is a function; a case holds plain"):
        Case({"f": [lambda: 0]}, "label")
    with pytest.raises(ValueError, match="must not be empty"):
        Mutant("name", lambda: 0, " ")


def test_unknown_id_names_the_nearest():
    with pytest.raises(ValueError, match=r"did you mean attention\.softmax"):
        get_exercise("attention.sofmax")


def test_inputs_are_cloned():
    tensor = torch.ones(2)
    copy = clone({"a": [tensor]})
    copy["a"][0].zero_()
    assert tensor.sum() == 2


def test_readable_is_short_and_plain():
    assert readable(torch.tensor([-0.0, 1 / 3])) == "[0, 0.3333]  (tensor, shape [2], float32)"
    assert "..." in readable(torch.zeros(100, 100))
    assert len(readable("x" * 1000)) < 320
    assert readable(object()) == "a value of type object"
    assert readable((1, "a", None)) == "(1, 'a', None)"


def class_exercise() -> Exercise:
    class Counter:
        def __init__(self, start=0):
            self.count = start

        def add(self, by):
            self.count += by
            return self.count

    def cases(seed: int) -> list[Case]:
        calls = [("add", 2), ("add", seed), "count"]
        return [Case(object_inputs({"start": seed + 1}, calls), "count twice")]

    return replace(
        BASE,
        id="attention.Counter",
        kind="class",
        reference=Counter,
        example=cases(0)[0],
        public_cases=cases,
        hidden_cases=cases,
    )


def test_a_class_is_run_by_its_calls():
    exercise = class_exercise()
    assert exercise.expected(exercise.public_cases(3)[0]) == [6, 9, 9]


def test_class_stub_is_code(monkeypatch):
    monkeypatch.setattr(
        "course_lib.exercises.presentation.get_exercise", lambda _: class_exercise()
    )
    compile(stub_source("attention.Counter"), "stub", "exec")
