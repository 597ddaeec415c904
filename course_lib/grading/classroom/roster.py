"""The class list: a CSV with a row for each student."""

import csv
import difflib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from course_lib.grading.classroom.late import read_duration, read_time

_COLUMNS = ("id", "name", "submitted", "extension")
_MAX_BYTES = 16 << 20
_SHOULD = "a roster is a CSV with the columns id, name and, where known, submitted and extension"


@dataclass(frozen=True)
class Student:
    """One student: id, name, when they submitted, and how much more time they have.

    The two mappings go by chapter; the key ``""`` holds for every chapter.
    """

    id: str
    name: str = ""
    submitted: Mapping[str, datetime] = field(default_factory=dict)
    extension: Mapping[str, timedelta | datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Roster:
    """The students in the order of the file, and what is to be said about it."""

    students: tuple[Student, ...] = ()
    notes: tuple[str, ...] = ()


def read_roster(
    path: Path, *, chapters: tuple[str, ...] = (), zone: tzinfo | None = None
) -> Roster:
    """Read a roster; times without a zone are read in ``zone``.

    Besides ``submitted`` and ``extension`` there may be ``submitted_attention`` and so on, for one
    chapter. Raises ``ValueError`` with the line for whatever is wrong.
    """
    rows = _rows(path)
    if not rows:
        raise ValueError(f"{path} is empty; {_SHOULD}")
    header = [cell.strip().lower() for cell in rows[0][1]]
    unused = _check_header(path, header, chapters)
    students: dict[str, Student] = {}
    lines: dict[str, int] = {}
    for line, cells in rows[1:]:
        if len(cells) != len(header):
            raise ValueError(
                f"{path}, line {line}: {len(cells)} cells, but the header has {len(header)} columns"
            )
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        try:
            student = _student(row, chapters, zone)
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: {error}") from None
        key = student.id.casefold()
        if key in lines:
            raise ValueError(
                f"{path}: the id {student.id!r} stands in line {lines[key]} and in line {line}; "
                "ids must differ, not in capitals alone"
            )
        lines[key] = line
        students[student.id] = student
    if not students:
        raise ValueError(f"{path} has a header but no students")
    notes = (f"columns of the roster that are not used: {', '.join(unused)}",) if unused else ()
    return Roster(tuple(students.values()), notes)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    if not path.is_file():
        raise ValueError(f"there is no roster {path}")
    with path.open("rb") as file:
        content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise ValueError(f"{path} has more than {_MAX_BYTES:,} bytes: this is not a roster")
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not in UTF-8; save it as 'CSV UTF-8'") from None
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise ValueError(f"{path} is not a readable CSV: {error}") from None


def _check_header(path: Path, header: list[str], chapters: tuple[str, ...]) -> list[str]:
    """Return the columns that are not used; a likely slip is an error."""
    if "id" not in header:
        shown = ", ".join(header[:8])
        raise ValueError(f"{path} has no column id (its columns: {shown}); {_SHOULD}")
    double = sorted({name for name in header if name and header.count(name) > 1})
    if double:
        raise ValueError(f"{path} has the column {double[0]!r} more than once")
    timed = [f"{what}_{chapter}" for what in ("submitted", "extension") for chapter in chapters]
    known = [*_COLUMNS, *timed]
    unused = [name for name in header if name and name not in known]
    for name in unused:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        if near:
            raise ValueError(f"{path} has the column {name!r}; should it be {near[0]!r}?")
    return unused


def _student(row: Mapping[str, str], chapters: tuple[str, ...], zone: tzinfo | None) -> Student:
    if not row["id"]:
        raise ValueError("the id is empty")
    if any(not letter.isprintable() for letter in row["id"] + row.get("name", "")):
        raise ValueError("id and name must not hold control characters")
    submitted: dict[str, datetime] = {}
    extension: dict[str, timedelta | datetime] = {}
    for chapter in ("", *chapters):
        ending = f"_{chapter}" if chapter else ""
        if text := row.get(f"submitted{ending}"):
            submitted[chapter] = read_time(text, "submitted", zone=zone)
        if text := row.get(f"extension{ending}"):
            extension[chapter] = _read_extension(text, zone)
    return Student(row["id"], row.get("name", ""), submitted, extension)


def _read_extension(text: str, zone: tzinfo | None) -> timedelta | datetime:
    """A duration such as ``3d`` or ``12h``, or the new due time."""
    try:
        return read_duration(text, "extension")
    except ValueError:
        return read_time(text, "extension", zone=zone)
