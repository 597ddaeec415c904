"""What a learner calls in a notebook: check, hint, solution, progress, reset."""

from collections.abc import Callable
from dataclasses import replace

from course_lib.exercises import chapters, get_exercise, solution_source
from course_lib.exercises.presentation import Card
from course_lib.grading.completion import CompletionRecord
from course_lib.grading.feedback import feedback
from course_lib.grading.progress_report import ProgressReport
from course_lib.grading.record import (
    Entries,
    Entry,
    is_recording,
    read_entries,
    update_entries,
)
from course_lib.grading.result import CheckResult

_WHILE_BUILDING = "on your computer every part stands here; while the book is built nothing is kept"


def check(exercise_id: str, candidate: object, *, seed: int = 0) -> CheckResult:
    """Try a solution on the exercise's public cases and say what is right and what is not.

    An untouched stub is reported as not attempted. Errors, warnings, prints and endless loops in
    the candidate are reported, never raised. Raises ``ValueError`` only for an unknown id.

    >>> check("attention.causal_mask", None).status
    'not attempted'
    """
    exercise = get_exercise(exercise_id)
    result = feedback(exercise, candidate, exercise.public_cases(seed))
    if result.status == "not attempted":
        return result
    _, notices = update_entries(
        _changing(exercise_id, lambda entry: entry.checked(result.points, result.max_points))
    )
    return result.with_notices(notices)


def hint(exercise_id: str, level: int | None = None) -> Card:
    """Show the next hint, or the one of this level (1 is the first).

    After the last hint the last one is shown again. Raises ``ValueError`` for an unknown id or
    a level that does not exist.
    """
    exercise = get_exercise(exercise_id)
    count = len(exercise.hints)
    if level is not None and not 1 <= level <= count:
        raise ValueError(f"level must be from 1 to {count} for {exercise_id}, got {level}")
    entries, _ = read_entries()
    seen = entries.get(exercise_id, Entry()).hints
    number = min(seen + 1, count) if level is None else level
    _, notices = update_entries(
        _changing(exercise_id, lambda entry: replace(entry, hints=max(entry.hints, number)))
    )
    more = (
        f'`hint("{exercise_id}")` gives the next one.'
        if number < count
        else f'That was the last one; `solution("{exercise_id}")` shows our version.'
    )
    text = f"**Hint {number} of {count}.** {exercise.hints[number - 1]}\n\n{more}"
    return Card(_with_notices(text, notices))


def solution(exercise_id: str) -> Card:
    """Show the reference solution with its explanation, and note that it was seen."""
    exercise = get_exercise(exercise_id)
    _, notices = update_entries(_changing(exercise_id, lambda entry: entry.shown_solution()))
    text = (
        f"**Solution: {exercise.title}**\n\n"
        f"```python\n{solution_source(exercise)}\n```\n\n{exercise.explanation}"
    )
    return Card(_with_notices(text, notices))


def progress() -> ProgressReport:
    """Return points, attempts and hints by part and chapter, and what comes next.

    While the book is built only the first chapter is shown, without totals, so that the page stays
    true when chapters are added.
    """
    known = chapters()
    if not is_recording():
        first = dict(list(known.items())[:1])
        return ProgressReport.of(first, {}, (_WHILE_BUILDING,), is_excerpt=True)
    entries, notices = read_entries()
    return ProgressReport.of(known, entries, notices)


def completion_record(name: str = "") -> CompletionRecord:
    """Return the record of what is done: a page to look at, to save and to print.

    ``completion_record("Ada").save("record.html")``; the ending may also be ``.png`` or ``.pdf``.
    """
    return CompletionRecord.of(progress(), name)


def reset(what: str | None = None) -> ProgressReport:
    """Forget an exercise (``"attention.softmax"``), a chapter (``"attention"``), or everything.

    Raises ``ValueError`` where no exercise or chapter has this name.
    """
    known = chapters()
    if what is not None and what not in known:
        get_exercise(what)

    def forget(entries: Entries) -> Entries:
        if what is None:
            return {}
        return {
            key: entry
            for key, entry in entries.items()
            if key != what and key.split(".")[0] != what
        }

    entries, notices = update_entries(forget)
    return ProgressReport.of(known, entries, notices)


def _changing(exercise_id: str, change: Callable[[Entry], Entry]) -> Callable[[Entries], Entries]:
    def apply(entries: Entries) -> Entries:
        return {**entries, exercise_id: change(entries.get(exercise_id, Entry()))}

    return apply


def _with_notices(text: str, notices: tuple[str, ...]) -> str:
    return "\n\n".join([text, *(f"*Note: {notice}*" for notice in notices)])
