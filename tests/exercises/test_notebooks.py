"""Every ``check`` in the book's notebooks has its stub, unchanged, in an earlier cell."""

import ast
import json
from pathlib import Path

import pytest

from course_lib.exercises import chapters, get_exercise, stub_source

BOOK = Path(__file__).parents[2] / "book"
NOTEBOOKS = sorted(p for p in BOOK.rglob("*.ipynb") if "_build" not in p.parts)


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
    expected = {e.id for e in chapters().get(path.stem.replace("-", "_"), ())}
    found = {exercise_id for cell in _code_cells(path) for exercise_id, _ in _checks(cell)}
    assert expected <= found


def test_the_rule_itself():
    stub = stub_source("attention.softmax")
    assert _problems([stub, 'check("attention.softmax", softmax)']) == []
    assert len(_problems([stub + "\n    pass", 'check("attention.softmax", softmax)'])) == 1
    assert len(_problems(['check("attention.softmax", other)', stub])) == 2
