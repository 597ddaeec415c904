"""Exercises as text: the stub for the notebook, the statement, the card, the solution."""

import ast
import inspect
import textwrap
from dataclasses import dataclass
from types import GenericAlias, ModuleType
from typing import Any

from course_lib.exercises.registry import get_exercise
from course_lib.exercises.specification import Exercise
from course_lib.exercises.values import readable


def stub_source(exercise_id: str) -> str:
    """Return the code cell a notebook gives the learner to fill in."""
    exercise = get_exercise(exercise_id)
    signature = exercise.signature
    lines = [f'"""{signature.summary}', ""]
    lines += [f"{p.name}: {p.meaning}" for p in signature.parameters]
    lines += [f"returns: {signature.returns}", '"""']
    if exercise.kind == "class":
        body = exercise.stub_body if exercise.stub_body != "..." else _class_body(exercise)
        return f"class {exercise.name}:\n" + textwrap.indent("\n".join(lines) + f"\n\n{body}", _TAB)
    parameters = ", ".join(
        p.name if p.default is None else f"{p.name}={p.default}" for p in signature.parameters
    )
    body = exercise.stub_body
    if body == "...":
        body = "...  # your code here"
    return f"def {exercise.name}({parameters}):\n" + textwrap.indent(
        "\n".join(lines) + f"\n{body}", _TAB
    )


_TAB = "    "


def _class_body(exercise: Exercise) -> str:
    parameters = ", ".join(
        ["self"]
        + [
            p.name if p.default is None else f"{p.name}={p.default}"
            for p in exercise.signature.parameters
        ]
    )
    return f"def __init__({parameters}):\n    ...  # your code here"


def meta_line(exercise: Exercise) -> str:
    """Return level, minutes and points in one line, as in ``core · 8 minutes · 5 points``."""
    minutes = f"{exercise.minutes} minute{'s' if exercise.minutes != 1 else ''}"
    points = f"{exercise.points} point{'s' if exercise.points != 1 else ''}"
    return f"{exercise.level} · {minutes} · {points}"


def example_text(exercise: Exercise) -> str:
    """Return the worked example: the inputs and the expected answer, one a line."""
    lines = [f"{name} = {_hang(value, name)}" for name, value in exercise.example.inputs.items()]
    return "\n".join([*lines, f"→ {_hang(exercise.expected(exercise.example), '→', gap=1)}"])


def _hang(value: object, name: str, gap: int = 3) -> str:
    return readable(value).replace("\n", "\n" + " " * (len(name) + gap))


def statement_markdown(exercise_id: str, *, heading_level: int = 3) -> str:
    """Return the exercise as Markdown for a notebook: title, level, statement, worked example."""
    if not 1 <= heading_level <= 6:
        raise ValueError(f"heading_level must be from 1 to 6, got {heading_level}")
    exercise = get_exercise(exercise_id)
    return (
        f"{'#' * heading_level} Exercise: {exercise.title}\n\n"
        f'<p class="exercise-meta exercise-{exercise.level}">{meta_line(exercise)}</p>\n\n'
        f"{exercise.statement.strip()}\n\n"
        f"**Example**\n\n```text\n{example_text(exercise)}\n```"
    )


@dataclass(frozen=True)
class Card:
    """A text that shows itself as Markdown in a notebook and plainly elsewhere."""

    markdown: str

    def __repr__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


def exercise_card(exercise_id: str) -> Card:
    """Return the statement as a card that a notebook displays."""
    return Card(statement_markdown(exercise_id, heading_level=4))


def solution_source(exercise: Exercise) -> str:
    """Return the reference solution as a cell that runs by itself.

    The imports, constants, type names and helpers that it takes from its module come with it.
    """
    imports: set[str] = set()
    constants: set[str] = set()
    parts: list[str] = []
    _collect(exercise.reference, imports, constants, parts, set())
    blocks = ["\n".join(sorted(lines)) for lines in (imports, constants) if lines]
    return "\n\n\n".join(["\n\n".join(blocks), *parts] if blocks else parts)


def _collect(
    item: Any, imports: set[str], constants: set[str], parts: list[str], seen: set[str]
) -> None:
    function = inspect.unwrap(item)
    source = textwrap.dedent(inspect.getsource(function)).strip()
    seen.add(function.__name__)
    home = inspect.getmodule(function)
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    for name in sorted(names - seen):
        value = getattr(home, name, None)
        if isinstance(value, ModuleType):
            alias = "" if value.__name__ == name else f" as {name}"
            imports.add(f"import {value.__name__}{alias}")
        elif isinstance(value, str | int | float | GenericAlias):
            constants.add(f"{name} = {value!r}")
        elif callable(value) and getattr(value, "__module__", None) == function.__module__:
            _collect(value, imports, constants, parts, seen)
        elif value is not None and hasattr(value, "__module__"):
            imports.add(f"from {value.__module__} import {name}")
    parts.append(source)
