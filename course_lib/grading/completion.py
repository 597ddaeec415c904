"""The completion record: what was done in the exercises, made on the learner's own computer."""

import contextlib
import os
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from course_lib import __version__
from course_lib.grading.completion_page import page_html, sheet_html
from course_lib.grading.parts import place_of
from course_lib.grading.progress_report import (
    ProgressReport,
    ProgressRow,
    counted,
    day,
    max_points_of,
    points_of,
)

_LONGEST_NAME = 60
COURSE = "GPT Inside Out"
CAVEAT = (
    "Recorded on this computer by the learner's own copy of the course; not a certified result. "
    "Nobody watched, and the file it is made from can be edited. Points are the best attempt at "
    "the cases that `check` shows; hints and solutions cost no points."
)


@dataclass(frozen=True)
class ChapterLine:
    """One chapter in the record. Days are as in ``2026-03-01``, empty where nothing was checked."""

    part: str
    title: str
    done: int
    exercises: int
    points: float
    max_points: int
    first_day: str
    last_day: str
    solutions: int
    solutions_first: int

    @property
    def days(self) -> str:
        """The days of the first and the last check."""
        if self.first_day == self.last_day:
            return self.first_day
        same_year = self.first_day[:4] == self.last_day[:4]
        return f"{self.first_day} – {self.last_day[5:] if same_year else self.last_day}"

    @property
    def solutions_words(self) -> str:
        """Solutions looked at; in brackets how many of them before all points were reached."""
        if not self.solutions:
            return ""
        return f"{self.solutions} ({self.solutions_first})"


@dataclass(frozen=True)
class CompletionRecord:
    """Points by chapter, with days and solutions seen, as text, page, image.

    ``name`` is the learner's, if they give one; ``made`` the day on which the record was made.
    """

    lines: tuple[ChapterLine, ...]
    total: ChapterLine
    name: str = ""
    made: str = ""
    version: str = __version__

    @classmethod
    def of(
        cls, report: ProgressReport, name: str = "", *, made: date | None = None
    ) -> "CompletionRecord":
        """Return the record of a report. Raises ``ValueError`` for a name that is too long."""
        lines = tuple(
            _line(place_of(chapter).part, place_of(chapter).title, rows)
            for chapter, rows in report.chapters.items()
        )
        total = _line("", "In all", report.rows)
        return cls(lines, total, _tidy(name), (made or date.today()).isoformat())

    @property
    def summary(self) -> str:
        """One sentence: what was reached, and when."""
        total = self.total
        when = f", {total.days}" if total.days else ""
        return (
            f"{total.done} of {counted(total.exercises, 'exercise')} done, "
            f"{total.points:g} of {total.max_points} points{when}"
        )

    def to_html(self) -> str:
        """Return a page that needs nothing else, and prints on one sheet."""
        return page_html(self, COURSE, CAVEAT)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the record as a page (``.html``) or an image (``.png``, ``.pdf``).

        The file is written in one step. Raises ``ValueError`` for another ending and ``OSError``
        where it cannot be written.
        """
        target = Path(path).expanduser()
        ending = target.suffix.lower()
        if ending in (".html", ".htm"):
            data = self.to_html().encode("utf-8")
        elif ending in (".png", ".pdf"):
            from course_lib.grading.completion_image import image_bytes

            data = image_bytes(self, ending.removeprefix("."), COURSE, CAVEAT)
        else:
            raise ValueError(f"path must end in .html, .png or .pdf, got {target.name!r}")
        _write(target, data)
        return target

    def __repr__(self) -> str:
        width = max(len(line.title) for line in (*self.lines, self.total))
        rows = [
            f"  {line.title:<{width}}  {line.points:>5g}/{line.max_points:<4} points  "
            f"{line.done}/{line.exercises} done  {line.days}".rstrip()
            for line in (*self.lines, self.total)
        ]
        head = f"{COURSE}: record of exercises" + (f" of {self.name}" if self.name else "")
        return "\n".join([head, self.summary, *rows, CAVEAT.replace("`", "")])

    def _repr_html_(self) -> str:
        return sheet_html(self, COURSE, CAVEAT)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def _line(part: str, title: str, rows: Sequence[ProgressRow]) -> ChapterLine:
    first = sorted(day(row.entry.first_checked) for row in rows if day(row.entry.first_checked))
    last = sorted(day(row.entry.last_checked) for row in rows if day(row.entry.last_checked))
    return ChapterLine(
        part=part,
        title=title,
        done=sum(row.is_done for row in rows),
        exercises=len(rows),
        points=points_of(tuple(rows)),
        max_points=max_points_of(tuple(rows)),
        first_day=first[0] if first else "",
        last_day=last[-1] if last else "",
        solutions=sum(row.entry.solution_seen for row in rows),
        solutions_first=sum(row.entry.saw_solution_first for row in rows),
    )


def _tidy(name: str) -> str:
    """Return the name in one line, without characters that cannot be seen."""
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    tidy = " ".join(kept.split())
    if len(tidy) > _LONGEST_NAME:
        raise ValueError(
            f"name must have at most {_LONGEST_NAME} characters to fit on the sheet, "
            f"got {len(tidy)}"
        )
    return tidy


def _write(target: Path, data: bytes) -> None:
    if not target.parent.is_dir():
        raise FileNotFoundError(f"the folder {target.parent} does not exist; create it first")
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; give the name of a file in it")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)  # as any file of theirs, not private as a temporary one
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
