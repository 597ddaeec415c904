"""A stand-in for the sandbox that runs in this process, and small notebooks to grade."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from course_lib.exercises import chapters, get_exercise, solution_source, stub_source
from course_lib.grading.classroom import marking
from course_lib.grading.in_process import is_untouched, run_cases
from course_lib.grading.isolation import Attempt

CHAPTER = "first_steps"
NAME = chapters()[CHAPTER][0].name


class FakeSandbox:
    """The sandbox's interface, without any isolation."""

    def __init__(self, *, trusted: bool = False) -> None:
        self.trusted = trusted

    def __enter__(self) -> "FakeSandbox":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def attempt(self, exercise: Any, cells: Any, cases: Any) -> Attempt:
        space: dict[str, Any] = {"__name__": "notebook"}
        notes = []
        for cell in cells:
            try:
                exec(compile(cell, "cell", "exec"), space)
            except Exception as error:
                notes.append(f"a cell was left out: {type(error).__name__}")
        if exercise.name not in space:
            return Attempt("missing", notes=tuple(notes))
        candidate = space[exercise.name]
        if is_untouched(exercise, candidate):
            return Attempt("untouched", notes=tuple(notes))
        return Attempt("ran", tuple(run_cases(exercise, candidate, cases)), notes=tuple(notes))

    def fingerprint(self, cells: Any, names: Any) -> dict[str, tuple[int, ...]]:
        return {name: (hash(name) & 0xFFFF, len(cells)) for name in names}


def code_cells(*sources: str) -> list[dict[str, Any]]:
    return [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources
    ]


def notebook_bytes(*sources: str, **metadata: Any) -> bytes:
    stored = {"cells": code_cells(*sources), "metadata": metadata, "nbformat": 4}
    return json.dumps(stored).encode()


def right_answer(exercise_id: str) -> str:
    return solution_source(get_exercise(exercise_id))


@pytest.fixture(scope="session")
def fake() -> type[FakeSandbox]:
    return FakeSandbox


@pytest.fixture(scope="session")
def notebook() -> Callable[..., bytes]:
    return notebook_bytes


@pytest.fixture(scope="session")
def answers() -> dict[str, bytes]:
    """Notebooks of one small chapter: right, wrong, stub, broken."""
    exercise = chapters()[CHAPTER][0]
    check = f'check("{exercise.id}", {NAME})'
    return {
        "right": notebook_bytes(right_answer(exercise.id), check),
        "wrong": notebook_bytes(f"def {NAME}(*given):\n    return 0.25", check),
        "stub": notebook_bytes(stub_source(exercise.id), check),
        "raises": notebook_bytes(f"def {NAME}(*given):\n    raise ValueError('no')", check),
    }


@pytest.fixture
def class_folder(tmp_path: Path, answers: dict[str, bytes]) -> Path:
    """Four students, one folder each."""
    for kind, content in answers.items():
        folder = tmp_path / "class" / f"{kind}-student"
        folder.mkdir(parents=True)
        (folder / "first-steps.ipynb").write_bytes(content)
    return tmp_path / "class"


@pytest.fixture(autouse=True)
def _steady_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other people edit the package while these tests run."""
    version = marking.course_version()
    for module in ("session", "timing"):
        monkeypatch.setattr(
            f"course_lib.grading.classroom.{module}.course_version", lambda: version
        )
