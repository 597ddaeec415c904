"""The gallery's entries: submissions with the points they deserve and why.

Most stand in Markdown files, one heading each: what it is, a list with ``Tries`` or ``Has``,
``Deserves`` (one line for each exercise it answers) and ``Because``, then its cells as fenced code.
Optional: ``Check: leaks`` (the feedback must not depend on hidden inputs), ``Check: same again``,
``Seconds`` (for a case).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_lib.exercises import Exercise, get_exercise
from course_lib.grading.judgment import score

HERE = Path(__file__).parent
SEED = 0
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FACT = re.compile(r"^- ([A-Z][a-z ]+): (.+?)(?=^- |^\s*$|\Z)", re.MULTILINE | re.DOTALL)
_DESERVES = re.compile(r"([a-z0-9_]+\.\w+) (full|public|none|not accepted|all but (\d+))")
_CHECKS = ("leaks", "same again")


@dataclass(frozen=True)
class Deserved:
    """What one exercise is worth: ``full``, ``none``, ``public``, ``all but 2``, …"""

    exercise_id: str
    words: str

    @property
    def exercise(self) -> Exercise:
        return get_exercise(self.exercise_id)

    @property
    def points(self) -> float:
        public = len(self.exercise.public_cases(SEED))
        cases = public + len(self.exercise.hidden_cases(SEED))
        right = {"full": cases, "public": public, "none": 0, "not accepted": 0}
        if self.words.startswith("all but "):
            return score(self.exercise, cases - int(self.words.split()[-1]), cases)
        return score(self.exercise, right[self.words], cases)


@dataclass(frozen=True)
class Entry:
    """One submission: what it is, what it deserves, why, and its file."""

    group: str
    title: str
    tries: str
    deserves: tuple[Deserved, ...]
    because: str
    content: bytes
    name: str = "notebook.ipynb"
    checks: frozenset[str] = frozenset()
    seconds: float = 2.0

    @property
    def is_hostile(self) -> bool:
        return self.group.startswith("hostile")


def notebook(*cells: str, **besides: object) -> bytes:
    """A notebook as Jupyter stores it, with these code cells."""
    stored = {
        "cells": [
            {
                "cell_type": "code",
                "execution_count": None,
                "id": f"cell-{number}",
                "metadata": {},
                "outputs": [],
                "source": source.splitlines(keepends=True),
            }
            for number, source in enumerate(cells)
        ],
        "metadata": {"kernelspec": {"display_name": "Python 3", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
        **besides,
    }
    return json.dumps(stored, indent=1).encode()


def written_entries() -> Iterator[Entry]:
    """The entries of all Markdown files, in order."""
    for path in sorted(HERE.glob("*/*.md")):
        group = f"{path.parent.name}/{path.stem}"
        _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
        for title, body in zip(parts[::2], parts[1::2], strict=True):
            yield _entry(group, title.strip(), body)


def _entry(group: str, title: str, body: str) -> Entry:
    head = body.partition("```")[0]
    facts: dict[str, list[str]] = {}
    for key, text in _FACT.findall(head):
        facts.setdefault(key, []).append(" ".join(text.split()))
    cells = _FENCE.findall(body)
    tries = facts.pop("Tries", []) + facts.pop("Has", [])
    because = facts.pop("Because", [])
    deserves = [_deserved(title, text) for text in facts.pop("Deserves", [])]
    checks = frozenset(facts.pop("Check", []))
    seconds = float(facts.pop("Seconds", ["2"])[0])
    if facts or not (tries and because and deserves and cells) or checks - set(_CHECKS):
        raise ValueError(f"{group}, {title!r}: incomplete, or it says more: {facts} {checks}")
    return Entry(
        group=group,
        title=title,
        tries=tries[0],
        deserves=tuple(deserves),
        because=because[0],
        content=notebook(*(cell.removesuffix("\n") for cell in cells)),
        checks=checks,
        seconds=seconds,
    )


def _deserved(title: str, text: str) -> Deserved:
    found = _DESERVES.fullmatch(text)
    if found is None:
        raise ValueError(f"{title!r}: what is {text!r}?")
    return Deserved(found[1], found[2])
