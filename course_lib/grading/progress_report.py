"""Progress by part and chapter: for a notebook and for a terminal."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from course_lib.exercises import Exercise
from course_lib.grading.parts import place_of
from course_lib.grading.record import Entry

_HEADINGS = ("Exercise", "Level", "Points", "Attempts", "Hints", "Solution", "Last check")
_SIGNS = {"done": "✓", "begun": "◐", "open": "○"}
_GREEN, _GRAY = "#1a8f5a", "rgba(128,128,128,.35)"


@dataclass(frozen=True)
class ProgressRow:
    """One exercise and what the learner has done with it."""

    exercise_id: str
    title: str
    level: str
    points: float
    max_points: int
    entry: Entry

    @property
    def is_done(self) -> bool:
        """Whether all points are reached."""
        return self.points >= self.max_points

    @property
    def sign(self) -> str:
        """A sign for done, begun or open; the words beside it say the same."""
        state = "done" if self.is_done else "begun" if self.entry.attempts else "open"
        return _SIGNS[state]

    @property
    def score(self) -> str:
        """The points, as in ``3/4``."""
        return f"{self.points:g}/{self.max_points}"

    @property
    def words(self) -> str:
        """What was done, as in ``2 attempts, 1 hint, solution seen, last on 2026-03-01``."""
        entry = self.entry
        parts = [
            counted(entry.attempts, "attempt") if entry.attempts else "",
            counted(entry.hints, "hint") if entry.hints else "",
            "solution seen" if entry.solution_seen else "",
            f"last on {day(entry.last_checked)}" if day(entry.last_checked) else "",
        ]
        return ", ".join(part for part in parts if part)

    @property
    def cells(self) -> tuple[str, ...]:
        """The texts of the row, in the order of the headings."""
        entry = self.entry
        seen = "seen" if entry.solution_seen else ""
        counts = (str(entry.attempts or ""), str(entry.hints or ""))
        return (self.exercise_id, self.level, self.score, *counts, seen, day(entry.last_checked))


@dataclass(frozen=True)
class ProgressReport:
    """Rows by chapter, totals, and the next exercise.

    An excerpt shows some chapters only and says nothing about the whole.
    """

    chapters: Mapping[str, tuple[ProgressRow, ...]]
    notices: tuple[str, ...] = ()
    is_excerpt: bool = False

    @classmethod
    def of(
        cls,
        chapters: Mapping[str, tuple[Exercise, ...]],
        entries: Mapping[str, Entry],
        notices: tuple[str, ...] = (),
        *,
        is_excerpt: bool = False,
    ) -> "ProgressReport":
        """Return the report of these exercises and entries."""
        rows: dict[str, tuple[ProgressRow, ...]] = {}
        for chapter, exercises in chapters.items():
            rows[chapter] = tuple(
                ProgressRow(e.id, e.title, e.level, min(entry.points, e.points), e.points, entry)
                for e in exercises
                for entry in (entries.get(e.id, Entry()),)
            )
        return cls(rows, notices, is_excerpt)

    @property
    def points(self) -> float:
        """All points reached."""
        return points_of(self.rows)

    @property
    def max_points(self) -> int:
        """All points there are."""
        return max_points_of(self.rows)

    @property
    def rows(self) -> tuple[ProgressRow, ...]:
        """All rows, in the order of the book."""
        return tuple(row for rows in self.chapters.values() for row in rows)

    @property
    def parts(self) -> dict[str, list[str]]:
        """The chapters of each part of the book."""
        found: dict[str, list[str]] = {}
        for chapter in self.chapters:
            found.setdefault(place_of(chapter).part, []).append(chapter)
        return found

    @property
    def next_exercise(self) -> str | None:
        """The first exercise without full points, core ones before stretch ones.

        The search begins in the chapter that was worked on last.
        """
        chapters = list(self.chapters)
        latest = max(self.rows, key=lambda row: row.entry.last_checked, default=None)
        if latest is not None and latest.entry.last_checked:
            start = chapters.index(latest.exercise_id.split(".")[0])
            chapters = chapters[start:] + chapters[:start]
        open_rows = [row for name in chapters for row in self.chapters[name] if not row.is_done]
        core = [row for row in open_rows if row.level == "core"]
        return (core or open_rows)[0].exercise_id if open_rows else None

    def _closing(self) -> list[str]:
        notes = [f"Note: {notice}" for notice in self.notices]
        if self.is_excerpt:
            return notes
        done = sum(row.is_done for row in self.rows)
        total = (
            f"In all: {self.points:g}/{self.max_points} points, "
            f"{done} of {counted(len(self.rows), 'exercise')} done."
        )
        following = next((row for row in self.rows if row.exercise_id == self.next_exercise), None)
        if following is None:
            return [total, "Everything is done.", *notes]
        page = place_of(following.exercise_id.split(".")[0]).page
        where = f", in {page}" if page else ""
        return [total, f"Next: {following.exercise_id} ({following.title}){where}", *notes]

    def __repr__(self) -> str:
        lines: list[str] = []
        width = max((len(row.exercise_id) for row in self.rows), default=0)
        for part, chapters in self.parts.items():
            lines.append(part)
            for chapter in chapters:
                rows = self.chapters[chapter]
                lines.append(f"  {place_of(chapter).title}: {_score(rows)}")
                lines += [
                    f"    {row.sign} {row.exercise_id:<{width}}  {row.level:<7}  "
                    f"{row.score:>6}  {row.words}".rstrip()
                    for row in rows
                ]
        return "\n".join([*lines, *self._closing()])

    def _repr_html_(self) -> str:
        body = ""
        shown = (self.next_exercise or "").split(".")[0]
        for part, chapters in self.parts.items():
            body += f'<div style="font-weight:600;margin:.8em 0 .1em;">{html.escape(part)}</div>'
            for chapter in chapters:
                body += _chapter_html(chapter, self.chapters[chapter], is_open=chapter == shown)
        closing = "".join(
            f'<div style="overflow-wrap:anywhere;">{html.escape(line)}</div>'
            for line in self._closing()
        )
        return (
            '<div class="course-progress" role="group" aria-label="Progress" '
            'style="color:inherit;max-width:52em;line-height:1.5;">'
            f'{body}<div style="margin-top:.9em;">{closing}</div></div>'
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def points_of(rows: tuple[ProgressRow, ...]) -> float:
    """Return the points reached in these exercises."""
    return round(sum(row.points for row in rows), 1)


def max_points_of(rows: tuple[ProgressRow, ...]) -> int:
    """Return the points there are in these exercises."""
    return sum(row.max_points for row in rows)


def counted(number: int, noun: str) -> str:
    """Return number and noun, as in ``1 hint`` and ``2 hints``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def day(moment: str) -> str:
    """Return the day of a stored time where the learner is, or nothing for no time.

    >>> day("not a time")
    ''
    """
    try:
        return datetime.fromisoformat(moment).astimezone().date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _score(rows: tuple[ProgressRow, ...]) -> str:
    return f"{points_of(rows):g}/{max_points_of(rows)} points"


def bar_html(share: float) -> str:
    """Return a bar filled to this share; the points stand beside it, so it says nothing alone."""
    percent = f"{100 * min(max(share, 0.0), 1.0):.0f}%"
    return (
        f'<span aria-hidden="true" style="width:6em;max-width:100%;height:.55em;border-radius:.3em;'
        f'overflow:hidden;background:{_GRAY};display:inline-block;vertical-align:middle;">'
        f'<span style="display:block;height:100%;width:{percent};background:{_GREEN};"></span>'
        "</span>"
    )


def _chapter_html(chapter: str, rows: tuple[ProgressRow, ...], *, is_open: bool) -> str:
    head = "".join(_cell("th", name, ' scope="col"') for name in _HEADINGS)
    body = ""
    for row in rows:
        name, *others = row.cells
        label = f'<span aria-hidden="true">{row.sign}</span> {html.escape(name)}'
        body += f'<tr><th scope="row" style="{_CELL}font-weight:400;">{label}</th>'
        body += "".join(_cell("td", text) for text in others) + "</tr>"
    title = html.escape(place_of(chapter).title)
    share = points_of(rows) / max(max_points_of(rows), 1)
    return (
        f'<details{" open" if is_open else ""} style="margin:.15em 0;">'
        '<summary style="cursor:pointer;padding:.15em 0;">'
        '<span style="display:inline-block;width:min(17.5em,calc(100% - 2em));">'
        f"{title}</span>{bar_html(share)}"
        f'<span style="margin-left:.8em;">{_score(rows)}</span></summary>'
        f'<div tabindex="0" role="group" aria-label="{title}: exercises" '
        'style="overflow-x:auto;padding-left:1.1em;">'
        '<table style="text-align:left;color:inherit;border-collapse:collapse;font-size:.92em;'
        f'margin:.2em 0 .6em;"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        "</div></details>"
    )


_CELL = (
    "text-align:left;padding:.2em .9em .2em 0;white-space:nowrap;background:transparent;"
    "border:0;border-bottom:1px solid rgba(128,128,128,.3);"
)


def _cell(tag: str, text: str, more: str = "") -> str:
    return f'<{tag}{more} style="{_CELL}">{html.escape(text)}</{tag}>'
