"""Write the exercises' statements and stubs into the book's notebooks again, in place.

    python scripts/refresh_exercises.py [NOTEBOOK…] [--check]

A notebook holds each statement and each stub as text, so that it can be read anywhere. They come
from the specification, and after a change there this script brings them up to date. It finds an
exercise by its ``check("chapter.name", name)``: the stub is the last cell before it with a stub of
that name, the statement the markdown cell right before the stub. Ids, outputs and all other cells
stay as they are. With ``--check`` nothing is written, and the exit code tells whether anything is
out of date.
"""

import argparse
import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

from course_lib.exercises import get_exercise, statement_markdown, stub_source
from course_lib.exercises.presentation import example_text

PLACEHOLDER = "# your code here"
BOOK = Path(__file__).parents[1] / "book"
ADMONITION = re.compile(r":::\{admonition\} [^\n]*\n:class: exercise\n.*?\n:::(?=\n|$)", re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) Exercise: ", re.MULTILINE)


def source(cell: dict[str, Any]) -> str:
    """Return a cell's source as one text."""
    return "".join(cell["source"])


def refresh(notebook: dict[str, Any]) -> list[str]:
    """Bring statements and stubs up to date; returns what was changed or could not be found."""
    changes: list[str] = []
    cells = notebook["cells"]
    for position, cell in enumerate(cells):
        for exercise_id, name in checks(cell):
            stub = next(
                (i for i in reversed(range(position)) if name in defined(cells[i])),
                None,
            )
            if stub is None:
                changes.append(f"{exercise_id}: no cell before its check is a stub of {name}")
                continue
            changes += _put(cells[stub], stub_source(exercise_id), f"{exercise_id}: stub")
            if stub == 0 or cells[stub - 1]["cell_type"] != "markdown":
                changes.append(f"{exercise_id}: no statement before its stub")
                continue
            text = statement_in(source(cells[stub - 1]), exercise_id)
            changes += _put(cells[stub - 1], text, f"{exercise_id}: statement")
    return changes


def checks(cell: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the exercises that a cell checks: id and the name of what is checked."""
    return [
        (node.args[0].value, node.args[1].id)
        for node in ast.walk(_tree(cell))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "check"
        and len(node.args) == 2
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
        and isinstance(node.args[1], ast.Name)
    ]


def defined(cell: dict[str, Any]) -> set[str]:
    """Return the names of the functions and classes for which a cell holds a stub."""
    if PLACEHOLDER not in source(cell):
        return set()
    return {
        node.name for node in _tree(cell).body if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def _tree(cell: dict[str, Any]) -> ast.Module:
    if cell["cell_type"] != "code":
        return ast.Module(body=[], type_ignores=[])
    lines = [line for line in source(cell).split("\n") if not line.lstrip().startswith(("%", "!"))]
    return ast.parse("\n".join(lines))


def statement_in(text: str, exercise_id: str) -> str:
    """Return the text of a cell with the present statement in it.

    Where the cell holds an admonition of the class ``exercise`` among other text, only this is
    replaced; else the statement goes from its heading to the end of the cell and keeps the
    heading's level. What stands before it stays.
    """
    if ADMONITION.search(text):
        return ADMONITION.sub(lambda _: admonition(exercise_id), text, count=1)
    heading = HEADING.search(text)
    before, level = (text[: heading.start()], len(heading[1])) if heading else ("", 3)
    return before + statement_markdown(exercise_id, heading_level=level)


def admonition(exercise_id: str) -> str:
    """Return the statement as an admonition."""
    exercise = get_exercise(exercise_id)
    return (
        f":::{{admonition}} {exercise.title}\n:class: exercise\n"
        f"{{level}}`{exercise.level}` {{minutes}}`{exercise.minutes}` "
        f"{{points}}`{exercise.points}`\n\n{exercise.statement.strip()}\n\n"
        f"**Example**\n\n```text\n{example_text(exercise)}\n```\n:::"
    )


def _put(cell: dict[str, Any], text: str, what: str) -> list[str]:
    if source(cell).strip() == text.strip():
        return []
    cell["source"] = text.splitlines(keepends=True)
    return [what]


def main() -> int:
    """Refresh the notebooks named, or all of the book."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if out of date")
    arguments = parser.parse_args()
    every = sorted(path for path in BOOK.rglob("*.ipynb") if "_build" not in path.parts)
    out_of_date = False
    for path in arguments.notebooks or every:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        changes = refresh(notebook)
        for change in changes:
            print(f"{path}: {change}")
        out_of_date |= bool(changes)
        if changes and not arguments.check:
            text = json.dumps(notebook, ensure_ascii=False, indent=1)
            path.write_text(text + "\n", encoding="utf-8")
    return int(out_of_date and arguments.check)


if __name__ == "__main__":
    sys.exit(main())
