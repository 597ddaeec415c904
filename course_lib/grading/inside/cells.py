"""A notebook's cells as Python statements; what is not Python is left out with a note."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_CHARACTERS = 10_000_000
_MOST_NOTES = 20
_MOST_REPAIRS = 200
# Cell magics whose body is Python that runs in the notebook's own namespace.
_PYTHON_CELLS = frozenset(("time", "timeit", "capture", "prun", "debug"))
_MAGIC_LINE = re.compile(r"^(\s*)(?:[%!?]|\w[\w.,\s]*=\s*[!%]|[\w.]+\?{1,2}\s*$)")
_TIMED_LINE = re.compile(r"^%time\s+(?=\w)")


@dataclass(frozen=True)
class Statement:
    """A top-level statement and the number of its cell, from 1."""

    cell: int
    node: ast.stmt

    @property
    def file(self) -> str:
        """The name under which it is compiled, as tracebacks show it."""
        return f"cell {self.cell}"


@dataclass
class Notebook:
    """The statements of a notebook in order, the text of its cells, and remarks.

    ``broken`` holds, by cell, the syntax error of what could not be read and its text.
    """

    statements: list[Statement] = field(default_factory=list)
    sources: dict[int, str] = field(default_factory=dict)
    broken: dict[int, tuple[SyntaxError, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a remark, unless it is there already or there are too many."""
        if text not in self.notes and len(self.notes) < _MOST_NOTES:
            self.notes.append(text)


def read_cells(cells: Sequence[str]) -> Notebook:
    """Return the statements of all cells. A cell that is not Python costs only itself."""
    notebook = Notebook()
    room = MOST_CHARACTERS
    for number, source in enumerate(cells, start=1):
        room -= len(source)
        if room < 0:
            notebook.note(f"the notebook is too long; it was read up to cell {number - 1}")
            break
        _read_cell(notebook, number, source)
    return notebook


def _read_cell(notebook: Notebook, number: int, source: str) -> None:
    text = source.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    text = _without_cell_magic(notebook, number, text)
    if not text.strip():
        return
    lines = text.split("\n")
    nodes, error = _parsed(lines)
    repairs = 0
    while error is not None and repairs < _MOST_REPAIRS and _drop_magic(lines, error):
        repairs += 1
        nodes, error = _parsed(lines)
    if error is not None and _drop_all_magics(lines):
        repairs += 1
        nodes, error = _parsed(lines)
    if repairs:
        notebook.note(f"cell {number}: notebook commands (lines with % or !) were left out")
    if error is not None:
        place = f"line {error.lineno}: " if error.lineno else ""
        notebook.note(f"cell {number} is not valid Python ({place}{error.msg})")
        notebook.broken[number] = (error, "\n".join(lines))
        nodes = _readable_parts(lines)
    notebook.sources[number] = "\n".join(lines)
    notebook.statements += [Statement(number, node) for node in nodes]


def _without_cell_magic(notebook: Notebook, number: int, text: str) -> str:
    first, _, rest = text.lstrip().partition("\n")
    if not first.startswith("%%"):
        return text
    name = first[2:].split(maxsplit=1)[0] if first[2:].split() else ""
    if name in _PYTHON_CELLS:
        notebook.note(f"cell {number}: `%%{name}` was left out")
        return "\n" * (text.count("\n") - rest.count("\n")) + rest
    notebook.note(f"cell {number}: a `%%{name[:20]}` cell was left out")
    return ""


def _parsed(lines: list[str]) -> tuple[list[ast.stmt], SyntaxError | None]:
    try:
        return ast.parse("\n".join(lines)).body, None
    except SyntaxError as error:
        return [], error
    except (ValueError, RecursionError, MemoryError) as error:
        return [], SyntaxError(f"it cannot be read: {type(error).__name__}")


def _drop_magic(lines: list[str], error: SyntaxError) -> bool:
    place = (error.lineno or 0) - 1
    return 0 <= place < len(lines) and _drop(lines, place)


def _drop_all_magics(lines: list[str]) -> bool:
    dropped = [_drop(lines, place) for place in range(len(lines))]
    return any(dropped)


def _drop(lines: list[str], place: int) -> bool:
    line = lines[place]
    found = _MAGIC_LINE.match(line)
    if found is None:
        return False
    timed = _TIMED_LINE.sub("", line)
    lines[place] = timed if timed != line else f"{found[1]}pass"
    return True


def _readable_parts(lines: list[str]) -> list[ast.stmt]:
    """Return the statements of a broken cell that can be read by themselves.

    A part begins at a line that is not indented and goes on to the next such line that does not
    continue it.
    """
    starts = [
        place
        for place, line in enumerate(lines)
        if re.match(r"(?:def|class|async|import|from|@|\w+\s*=)(?=\W|\w)", line)
        and not (place and lines[place - 1].startswith("@"))
    ]
    found: list[ast.stmt] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        nodes, error = _parsed([""] * start + lines[start:end])
        if error is not None:  # a stray line after the part: take the indented block alone
            block = [start]
            while block[-1] + 1 < end and (
                not lines[block[-1] + 1].strip() or lines[block[-1] + 1][0] in " \t)]}"
            ):
                block.append(block[-1] + 1)
            nodes, error = _parsed([""] * start + lines[start : block[-1] + 1])
        found += [] if error is not None else nodes
    return found
