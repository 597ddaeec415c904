"""The book's notebooks hold each exercise's statement and stub as the specification gives them."""

import ast
import copy
import importlib.util
import json
import re
from pathlib import Path

import pytest

from course_lib.exercises import (
    Exercise,
    chapters,
    get_exercise,
    solution_source,
    statement_markdown,
    stub_source,
)
from course_lib.grading.inside.cells import read_cells
from course_lib.grading.inside.policy import find_in_statements
from course_lib.grading.inside.slicing import take_slice
from course_lib.grading.parts import PLACES

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "book"
NOTEBOOKS = sorted(p for p in BOOK.rglob("*.ipynb") if "_build" not in p.parts)


def _exercises(path: Path) -> tuple[Exercise, ...]:
    """The exercises of the chapter whose page this is."""
    page = path.relative_to(ROOT).as_posix()
    (chapter,) = (name for name, place in PLACES.items() if place.page == page)
    return chapters()[chapter]


def _code_cells(path: Path) -> list[str]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _checks(source: str) -> list[tuple[str, str]]:
    lines = [line for line in source.split("\n") if not line.lstrip().startswith(("%", "!"))]
    return [
        (node.args[0].value, ast.unparse(node.args[1]))
        for node in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "check"
        and len(node.args) == 2
        and isinstance(node.args[0], ast.Constant)
    ]


def _problems(cells: list[str]) -> list[str]:
    problems = []
    for position, source in enumerate(cells):
        for exercise_id, candidate in _checks(source):
            stub = stub_source(exercise_id)
            if candidate != get_exercise(exercise_id).name:
                problems.append(f"check of {exercise_id} is given {candidate}")
            if stub.strip() not in (cell.strip() for cell in cells[:position]):
                problems.append(f"no earlier cell is the stub of {exercise_id}:\n{stub}")
    return problems


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stubs_stand_before_their_checks(path: Path):
    assert _problems(_code_cells(path)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_checks_all_its_exercises(path: Path):
    expected = {e.id for e in _exercises(path)}
    assert expected
    found = {exercise_id for cell in _code_cells(path) for exercise_id, _ in _checks(cell)}
    assert expected <= found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_chapter_imports_breaks_no_rule_of_its_exercises(path: Path):
    """Our solutions are not refused for names that the notebook imported for other cells."""
    exercises = _exercises(path)
    assert exercises
    solutions = {stub_source(e.id).strip(): solution_source(e) for e in exercises}
    cells = [solutions.get(cell.strip(), cell) for cell in _code_cells(path)]
    assert sum(cell in solutions.values() for cell in cells) == len(exercises)
    notebook = read_cells(cells)
    for exercise in exercises:
        needed = take_slice(notebook, [exercise.name])
        kept = [notebook.statements[place] for place in needed.positions]
        assert kept, exercise.id
        assert find_in_statements(kept, exercise.forbidden) == []


def test_the_rule_itself():
    stub = stub_source("attention.softmax")
    assert _problems([stub, 'check("attention.softmax", softmax)']) == []
    assert len(_problems([stub + "\n    pass", 'check("attention.softmax", softmax)'])) == 1
    assert len(_problems(['check("attention.softmax", other)', stub])) == 2


def _script():
    path = ROOT / "scripts" / "refresh_exercises.py"
    spec = importlib.util.spec_from_file_location("refresh_exercises", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = _script()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_statements_and_stubs_are_up_to_date(path: Path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    changes = SCRIPT.refresh(notebook)
    assert changes == [], "run `python scripts/refresh_exercises.py`"


ENDINGS = ["Summary", "Recall", "Exercises", "Further reading"]
ELSEWHERE = {  # where the exercises do not stand together under a heading of their own
    "first-steps": {"Exercises"},
    "build-gpt2": {"Exercises"},
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_ends_with_summary_recall_exercises_and_reading(path: Path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    words = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    text = "\n\n".join("".join(cell["source"]) for cell in words)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    wanted = [name for name in ENDINGS if name not in ELSEWHERE.get(path.stem, set())]
    assert headings[-len(wanted) :] == wanted
    recall = text.split("\n## Recall\n")[1].split("\n## ")[0]
    assert recall.count(":class: dropdown recall\n") >= 3


def _cell(text: str, kind: str = "code") -> dict:
    lines = text.splitlines(keepends=True)
    return {"cell_type": kind, "id": text[:8], "source": lines, "outputs": [1]}


def test_refreshing_changes_statement_and_stub_and_nothing_else():
    notebook = {
        "cells": [
            _cell("softmax = 1"),
            _cell("#### Exercise: an old title\n\nOld words.", "markdown"),
            _cell("def softmax(x):\n    ...  # your code here"),
            _cell('%matplotlib inline\ncheck("attention.softmax", softmax)'),
        ]
    }
    before = copy.deepcopy(notebook)
    assert SCRIPT.refresh(notebook) == ["attention.softmax: stub", "attention.softmax: statement"]
    assert SCRIPT.refresh(notebook) == []
    texts = ["".join(cell["source"]) for cell in notebook["cells"]]
    assert texts[1] == statement_markdown("attention.softmax", heading_level=4)
    assert texts[2] == stub_source("attention.softmax")
    for position in (0, 3):
        assert notebook["cells"][position] == before["cells"][position]
    for old, new in zip(before["cells"], notebook["cells"], strict=True):
        assert {**old, "source": []} == {**new, "source": []}


def test_refreshing_an_admonition_leaves_the_text_around_it():
    text = "Before.\n\n:::{admonition} Old\n:class: exercise\nold words\n:::\n\nAfter."
    new = SCRIPT.statement_in(text, "attention.softmax")
    assert new.startswith("Before.\n\n:::{admonition} A softmax that does not overflow\n")
    assert new.endswith("\n```\n:::\n\nAfter.")
    assert SCRIPT.statement_in(new, "attention.softmax") == new


def test_refreshing_a_statement_leaves_the_text_before_it():
    text = "## Summary\n\nWords.\n\n## Exercises\n\n### Exercise: Old\n\nold words"
    new = SCRIPT.statement_in(text, "attention.softmax")
    assert new.startswith("## Summary\n\nWords.\n\n## Exercises\n\n### Exercise: A softmax that")
    assert "old words" not in new
    assert SCRIPT.statement_in(new, "attention.softmax") == new


def test_what_refreshing_cannot_find_is_told():
    lost = {
        "cells": [
            _cell("def softmax(x):\n    return x"),
            _cell('check("attention.softmax", softmax)'),
        ]
    }
    assert SCRIPT.refresh(lost) == [
        "attention.softmax: no cell before its check is a stub of softmax"
    ]
    bare = {
        "cells": [
            _cell(stub_source("attention.softmax")),
            _cell('check("attention.softmax", softmax)'),
        ]
    }
    assert SCRIPT.refresh(bare) == ["attention.softmax: no statement before its stub"]
