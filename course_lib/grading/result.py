"""The result of a check, as text and as a card."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from course_lib.grading.card import card_html

Status = Literal["right", "wrong", "not attempted", "not accepted"]

_SIGNS = {"right": "✓", "wrong": "✗", "not attempted": "○", "not accepted": "✗"}
_PRINTED_LINES = 10
_OTHER_LINES = 6
_OTHER_CHARACTERS = 140


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
class OtherFailure:
    """A further case that went wrong: its label and the difference, or the error."""

    label: str
    problem: str

    def __str__(self) -> str:
        text = " ".join(f"{self.label}: {self.problem}".split())
        return text if len(text) <= _OTHER_CHARACTERS else text[: _OTHER_CHARACTERS - 1] + "…"


@dataclass(frozen=True)
class CheckResult:
    """What ``check`` found; a notebook shows it as a card, a terminal as text.

    ``cause_name`` is the name of the known mistake whose answers are the same, ``cause`` its
    diagnosis; where none is known, ``observation`` says what can be seen. ``others`` are the failed
    cases after the first, ``right_labels`` the cases that came out right, ``violations`` the calls
    that the exercise does not allow. Nothing in it depends on time or place.
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
    observation: str = ""
    others: tuple[OtherFailure, ...] = ()
    right_labels: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()

    def with_notices(self, notices: tuple[str, ...]) -> "CheckResult":
        """Return the same result with notices, as where progress could not be kept."""
        return replace(self, notices=self.notices + notices)

    def with_violations(self, violations: tuple[str, ...]) -> "CheckResult":
        """Return the same result without points, and with the calls that are not allowed."""
        if not violations:
            return self
        status: Status = "not accepted" if self.status == "right" else self.status
        return replace(self, violations=violations, points=0.0, status=status)

    @property
    def headline(self) -> str:
        """One line: sign, title, what is right, points."""
        score = f"{self.points:g}/{self.max_points} points"
        if self.status == "right":
            state = "right" if self.cases == 1 else f"all {self.cases} cases right"
        elif self.status == "wrong":
            state = f"{self.right} of {self.cases} cases right"
        elif self.status == "not accepted":
            state = "right answers, but a call that is not allowed"
        else:
            state = "not attempted yet"
        return f"{_SIGNS[self.status]} {self.title}: {state}, {score}"

    @property
    def advice(self) -> str:
        """What to do next."""
        if self.status == "right":
            return f'solution("{self.exercise_id}") shows our version, with an explanation.'
        if self.status == "not attempted":
            return "Fill in the stub, run its cell, then run this one again."
        return f'hint("{self.exercise_id}") gives the next hint.'

    def rows(self) -> list[tuple[str, str]]:
        """Return the details as pairs of a name and a text."""
        rows = []
        if self.violations:
            rows.append(("Not allowed", self._policy()))
        if self.failure is not None:
            rows += self.failure.rows()
        if self.cause:
            rows.append(("Likely cause", self.cause))
        elif self.observation:
            rows.append(("In words", self.observation))
        if self.others:
            rows.append(("Also wrong", "\n".join(self._others())))
        if self.right_labels and self.failure is not None:
            rows.append(("Right", "; ".join(self._shortened(self.right_labels))))
        return rows

    def _policy(self) -> str:
        closing = (
            "This exercise is about writing that part yourself; while the call is there, it gives "
            "no points, neither here nor in grading."
        )
        return "\n".join([*self.violations[:_OTHER_LINES], closing])

    def _others(self) -> list[str]:
        """One line for each other case; cases with the same problem share one."""
        first = self.failure.error or self.failure.difference if self.failure else ""
        labels: dict[str, list[str]] = {}
        for other in self.others:
            labels.setdefault(other.problem, []).append(other.label)
        if list(labels) == [first] and len(self.others) > 1:
            return [f"the {len(self.others)} other cases, in the same way"]
        lines = [str(OtherFailure("; ".join(found), problem)) for problem, found in labels.items()]
        return self._shortened(lines)

    @staticmethod
    def _shortened(lines: Sequence[str]) -> list[str]:
        if len(lines) <= _OTHER_LINES:
            return list(lines)
        return [*lines[: _OTHER_LINES - 1], f"… and {len(lines) - _OTHER_LINES + 1} more"]

    def __repr__(self) -> str:
        lines = [self.headline]
        rows = self.rows()
        width = max((len(name) for name, _ in rows), default=0) + 2
        for name, text in rows:
            first, *rest = text.split("\n")
            lines.append(f"  {name + ':':<{width}}{first}")
            lines += [" " * (width + 2) + line for line in rest]
        lines.append(f"  {self.advice}")
        lines += [f"  Note: {notice}" for notice in self.notices]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        return card_html(self.status, self.headline, self.rows(), self.advice, self.notices)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}
