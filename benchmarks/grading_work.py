"""What `grading.py` has graded: submissions of the attention chapter, for ours and for nbgrader."""

import ast
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from course_lib.exercises import Exercise, chapters, solution_source, stub_source
from course_lib.exercises.values import clone

CHAPTER = "attention"
NOTEBOOK = Path(__file__).resolve().parents[1] / "book" / "transformer" / "attention.ipynb"
SAME = """
import torch


def same(got, expected):
    if isinstance(expected, (list, tuple)):
        assert len(got) == len(expected)
        for left, right in zip(got, expected):
            same(left, right)
    elif isinstance(expected, torch.Tensor):
        torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-4, equal_nan=True)
    else:
        assert abs(got - expected) <= 1e-5 + 1e-4 * abs(expected)
""".strip()


class OwnNames(ast.NodeTransformer):
    """Give the local variables of each function a student's own ending."""

    def __init__(self, ending: str) -> None:
        self.ending = ending
        self.local: set[str] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        names = (n for n in ast.walk(node) if isinstance(n, ast.Name))
        self.local = {n.id for n in names if isinstance(n.ctx, ast.Store)}
        self.local -= {argument.arg for argument in node.args.args}
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(node.id + self.ending, node.ctx) if node.id in self.local else node


def solution(exercise: Exercise, student: int) -> str:
    """Return a student's correct cell."""
    tree = OwnNames(f"_{student}").visit(ast.parse(solution_source(exercise)))
    return f"# {exercise.name}, attempt {student}\n" + ast.unparse(ast.fix_missing_locations(tree))


def chapter_notebook(student: int) -> dict[str, Any]:
    """Return the chapter with the stubs replaced, without outputs, as a student hands it in."""
    book: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    waiting = {stub_source(e.id).strip(): e for e in chapters()[CHAPTER]}
    for cell in book["cells"]:
        source = "".join(cell["source"]).strip()
        if source in waiting:
            cell["source"] = solution(waiting.pop(source), student)
    if waiting:
        raise RuntimeError(f"{NOTEBOOK.name} has no stub of {[e.id for e in waiting.values()]}")
    return book


def literal(value: Any) -> str:
    """Return source text that makes the value again."""
    if isinstance(value, torch.Tensor):
        made = f"torch.tensor({literal(value.detach().tolist())}, dtype={value.dtype})"
        return f"{made}.reshape({tuple(value.shape)})"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(literal, value)) + ("," if isinstance(value, tuple) else "")
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return f'float("{value}")'
    return repr(value)


def test_cell(exercise: Exercise) -> str:
    """Return the public cases of an exercise as nbgrader's teachers write them."""
    lines = []
    for case in exercise.public_cases(0):
        inputs = {
            name: case.inputs[name] for name in exercise.signature.names if name in case.inputs
        }
        expected = exercise.reference(**clone(inputs))  # gradients are left out: less to do
        arguments = ", ".join(f"{name}={literal(value)}" for name, value in inputs.items())
        lines.append(f"same({exercise.name}({arguments}), {literal(expected)})")
    return "\n".join(lines)


def small_notebook(solutions: Sequence[str]) -> dict[str, Any]:
    """Return the notebook for nbgrader: for each exercise a solution cell and a test cell."""
    cells = [_cell("helpers", SAME, locked=True)]
    for exercise, source in zip(chapters()[CHAPTER], solutions, strict=True):
        cells.append(_cell(exercise.name, source, solution=True))
        name = f"test_{exercise.name}"
        cells.append(_cell(name, test_cell(exercise), locked=True, points=exercise.points))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _cell(
    name: str, source: str, *, solution: bool = False, locked: bool = False, points: int = 0
) -> dict[str, Any]:
    about = {
        "schema_version": 3,
        "grade_id": name,
        "solution": solution,
        "locked": locked,
        "grade": points > 0,
        "task": False,
    }
    return {
        "cell_type": "code",
        "id": name.replace("_", "-"),
        "metadata": {"nbgrader": {**about, **({"points": points} if points else {})}},
        "source": source,
        "execution_count": None,
        "outputs": [],
    }
