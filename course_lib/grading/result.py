"""The result of a check, as text and as a card."""

import html
from dataclasses import dataclass, replace
from typing import Any, Literal

Status = Literal["right", "wrong", "not attempted"]

_SIGNS = {"right": "✓", "wrong": "✗", "not attempted": "○"}
_CLASSES = {"right": "right", "wrong": "wrong", "not attempted": "todo"}
# Mid-tones with a contrast of at least 3:1 on white and on #121212; text keeps the page's color.
_EDGES = {"right": "#1a8f5a", "wrong": "#c9511f", "not attempted": "#6f7785"}
_PRINTED_LINES = 10


@dataclass(frozen=True)
class Failure:
    """The first case that went wrong, already in words."""

    label: str
    inputs: str
    expected: str
    got: str = ""
    difference: str = ""
    error: str = ""
    line: str = ""
    printed: str = ""

    def rows(self) -> list[tuple[str, str]]:
        """Return name and text of what is known, in the order in which it is read."""
        printed = self.printed.rstrip().split("\n")
        if len(printed) > _PRINTED_LINES:
            printed = [*printed[:_PRINTED_LINES], "…"]
        rows = [
            ("Case", self.label),
            ("Input", self.inputs),
            ("Error", self.error),
            ("Your code", self.line),
            ("Got", self.got),
            ("Expected", self.expected),
            ("Difference", self.difference),
            ("Printed", "\n".join(printed)),
        ]
        return [(name, text) for name, text in rows if text]


@dataclass(frozen=True)
class CheckResult:
    """What ``check`` found; a notebook shows it as a card, a terminal as text.

    ``cause_name`` is the name of the known mistake whose answers are the same, ``cause`` its
    diagnosis. Nothing in it depends on time or place.
    """

    exercise_id: str
    title: str
    status: Status
    points: float
    max_points: int
    right: int
    cases: int
    failure: Failure | None = None
    cause: str | None = None
    cause_name: str | None = None
    notices: tuple[str, ...] = ()

    def with_notices(self, notices: tuple[str, ...]) -> "CheckResult":
        """Return the same result with notices, as where progress could not be kept."""
        return replace(self, notices=self.notices + notices)

    @property
    def headline(self) -> str:
        """One line: sign, title, what is right, points."""
        score = f"{self.points:g}/{self.max_points} points"
        if self.status == "right":
            state = "right" if self.cases == 1 else f"all {self.cases} cases right"
        elif self.status == "wrong":
            state = f"{self.right} of {self.cases} cases right"
        else:
            state = "not attempted yet"
        return f"{_SIGNS[self.status]} {self.title}: {state}, {score}"

    @property
    def advice(self) -> str:
        """What to do next."""
        if self.status == "right":
            return f'solution("{self.exercise_id}") shows our version, with an explanation.'
        if self.status == "wrong":
            return f'hint("{self.exercise_id}") gives the next hint.'
        return "Fill in the stub, run its cell, then run this one again."

    def rows(self) -> list[tuple[str, str]]:
        """Return the details as pairs of a name and a text."""
        rows = [] if self.failure is None else self.failure.rows()
        if self.cause:
            rows.append(("Likely cause", self.cause))
        return rows

    def __repr__(self) -> str:
        lines = [self.headline]
        width = max((len(name) for name, _ in self.rows()), default=0) + 2
        for name, text in self.rows():
            first, *rest = text.split("\n")
            lines.append(f"  {name + ':':<{width}}{first}")
            lines += [" " * (width + 2) + line for line in rest]
        lines.append(f"  {self.advice}")
        lines += [f"  Note: {notice}" for notice in self.notices]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        rows = "".join(_row(name, text) for name, text in self.rows())
        table = f'<dl style="margin:.6em 0 0;padding:0;">{rows}</dl>' if rows else ""
        notices = "".join(f"<div><em>{html.escape(notice)}</em></div>" for notice in self.notices)
        return (
            f'<div class="course-check course-check-{_CLASSES[self.status]}" style="'
            f"border:1px solid {_EDGES[self.status]};border-left-width:6px;border-radius:6px;"
            'padding:.7em 1em;margin:.5em 0;background:transparent;color:inherit;">'
            f'<div class="course-check-headline"><strong>{html.escape(self.headline)}</strong>'
            f'</div>{table}<div class="course-check-advice" style="margin-top:.6em;">'
            f"{_with_code(self.advice)}</div>{notices}</div>"
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


_PLAIN_ROWS = ("Case", "Likely cause", "Difference", "Error")


def _row(name: str, text: str) -> str:
    label = f'<dt style="font-weight:600;margin-top:.35em;">{html.escape(name)}</dt>'
    if name in _PLAIN_ROWS:
        weight = "font-weight:600;" if name == "Likely cause" else ""
        body = f'<div style="{weight}overflow-wrap:anywhere;">{_backticks(text)}</div>'
    else:
        body = (
            f'<pre tabindex="0" role="group" aria-label="{html.escape(name)}" style="margin:.1em 0;'
            "padding:.3em .5em;overflow-x:auto;max-height:18em;background:transparent;"
            'color:inherit;border:1px solid rgba(128,128,128,.45);border-radius:4px;">'
            f"{html.escape(text)}</pre>"
        )
    return f'{label}<dd style="margin:0 0 0 .2em;">{body}</dd>'


def _backticks(text: str) -> str:
    parts = html.escape(text).split("`")
    if len(parts) % 2 == 0:
        return html.escape(text)
    return "".join(
        f'<code style="color:inherit;background:transparent;">{part}</code>' if i % 2 else part
        for i, part in enumerate(parts)
    )


def _with_code(advice: str) -> str:
    call, closing, rest = advice.partition(")")
    return _backticks(f"`{call})`{rest}") if closing and "(" in call else html.escape(advice)
