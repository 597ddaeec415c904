"""Progress as a table: for a notebook and for a terminal."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course_lib.exercises import Exercise
from course_lib.grading.record import Entry

_HEADINGS = ("Exercise", "Level", "Points", "Attempts", "Hints", "Solution")


@dataclass(frozen=True)
class ProgressRow:
    """One exercise and what the learner has done with it."""

    exercise_id: str
    level: str
    points: float
    max_points: int
    entry: Entry

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of the row, in the order of the headings."""
        seen = "seen" if self.entry.solution_seen else ""
        score = f"{self.points:g}/{self.max_points}"
        attempts, hints = str(self.entry.attempts), str(self.entry.hints)
        return (self.exercise_id, self.level, score, attempts, hints, seen)


@dataclass(frozen=True)
class ProgressReport:
    """Rows by chapter, totals, and the next exercise."""

    chapters: Mapping[str, tuple[ProgressRow, ...]]
    notices: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        chapters: Mapping[str, tuple[Exercise, ...]],
        entries: Mapping[str, Entry],
        notices: tuple[str, ...] = (),
    ) -> "ProgressReport":
        """Return the report of these exercises and entries."""
        rows: dict[str, tuple[ProgressRow, ...]] = {}
        for chapter, exercises in chapters.items():
            rows[chapter] = tuple(
                ProgressRow(e.id, e.level, min(entry.points, e.points), e.points, entry)
                for e in exercises
                for entry in (entries.get(e.id, Entry()),)
            )
        return cls(rows, notices)

    @property
    def points(self) -> float:
        """All points reached."""
        return round(sum(row.points for row in self._all()), 1)

    @property
    def max_points(self) -> int:
        """All points there are."""
        return sum(row.max_points for row in self._all())

    @property
    def next_exercise(self) -> str | None:
        """The first exercise that has not its full points: core ones before stretch ones."""
        open_rows = [row for row in self._all() if row.points < row.max_points]
        core = [row for row in open_rows if row.level == "core"]
        return (core or open_rows)[0].exercise_id if open_rows else None

    def _all(self) -> list[ProgressRow]:
        return [row for rows in self.chapters.values() for row in rows]

    def _score(self, chapter: str) -> str:
        rows = self.chapters[chapter]
        reached = round(sum(row.points for row in rows), 1)
        return f"{reached:g}/{sum(row.max_points for row in rows)} points"

    def _closing(self) -> list[str]:
        total = f"In all: {self.points:g}/{self.max_points} points."
        following = self.next_exercise
        then = "Everything is done." if following is None else f"Next: {following}"
        return [total, then, *(f"Note: {notice}" for notice in self.notices)]

    def __repr__(self) -> str:
        table = [_HEADINGS, *(row.cells for row in self._all())]
        widths = [max(len(row[i]) for row in table) for i in range(len(_HEADINGS))]

        def line(cells: tuple[str, ...]) -> str:
            padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            return ("  " + "  ".join(padded)).rstrip()

        lines = [line(_HEADINGS)]
        for chapter, rows in self.chapters.items():
            lines.append(f"{chapter}: {self._score(chapter)}")
            lines += [line(row.cells) for row in rows]
        return "\n".join([*lines, *self._closing()])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in _HEADINGS)
        body = ""
        for chapter, rows in self.chapters.items():
            title = html.escape(f"{chapter}: {self._score(chapter)}")
            body += f'<tr><th scope="rowgroup" colspan="{len(_HEADINGS)}">{title}</th></tr>'
            for row in rows:
                cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row.cells)
                body += f"<tr>{cells}</tr>"
        closing = "".join(f"<div>{html.escape(line)}</div>" for line in self._closing())
        return (
            '<div class="course-progress" role="group" aria-label="Progress" tabindex="0" '
            'style="overflow-x:auto;color:inherit;">'
            '<table class="table" style="text-align:left;color:inherit;">'
            f"<thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>{closing}</div>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}
