"""Mark one submission: every exercise of its chapter is tried in isolation and judged outside.

What is said about a hidden case is its label and the kind of trouble, nothing that the submission
wrote: it might be the hidden inputs.
"""

import builtins
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch

import course_lib
from course_lib.exercises import Case, Exercise, chapters, get_exercise
from course_lib.grading.classroom.notebook import read_notebook
from course_lib.grading.classroom.results import ExerciseMark, SubmissionMarks
from course_lib.grading.inside.policy import Violation
from course_lib.grading.isolation.limits import Attempt
from course_lib.grading.judgment import AnswerKey, is_unfinished, score
from course_lib.grading.outcomes import LearnerError, Outcome
from course_lib.grading.settle import AnswerTooLargeError, settled

_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?<=\d)(?:e[-+]?\d+)?")
_LIST = re.compile(r"\[…(?:, …)*\]")
_MOST_NOTES = 20
_LONGEST_NOTE = 300
# What does not change marks: the words around them, and how they are shown.
_BESIDES = ("command_line", "plots")
_MARKING = ("marking.py", "notebook.py", "results.py")
_KINDS = {
    "time": "it took too long",
    "call": "it could not be called with these arguments",
    "unfinished": "it is not written for this case yet",
    "crash": "the process ended",
    "memory": "it asked for too much memory",
    "size": "the answer is too large",
    "forbidden": "it made a call that is not allowed",
}


@runtime_checkable
class Runner(Protocol):
    """What marking needs of a sandbox."""

    def attempt(self, exercise: Exercise, cells: Sequence[str], cases: Sequence[Case]) -> Attempt:
        """Try the exercise's solution in these cells on the cases, in their order."""
        ...

    def fingerprint(
        self, cells: Sequence[str], names: Sequence[str]
    ) -> Mapping[str, tuple[int, ...]]:
        """Return hashes of what the named functions are made of."""
        ...


@dataclass(frozen=True)
class Work:
    """One file to mark, with all that its marks depend on."""

    student: str
    chapter: str
    file: str
    digest: str
    seed: int
    version: str
    content: bytes = b""
    notes: tuple[str, ...] = ()

    def blank(self, problem: str = "") -> SubmissionMarks:
        """The marks of this work before anything is marked, or where nothing can be."""
        exercises = chapters().get(self.chapter, ())
        return SubmissionMarks(
            student=self.student,
            chapter=self.chapter,
            file=self.file,
            digest=self.digest,
            seed=self.seed,
            version=self.version,
            max_points=sum(exercise.points for exercise in exercises),
            notes=self.notes,
            problem=problem,
        )


def mark_submission(runner: Runner, work: Work) -> SubmissionMarks:
    """Return the marks of one file; raises ``ValueError`` for an unknown chapter."""
    if work.chapter not in chapters():
        raise ValueError(f"no chapter is called {work.chapter!r}")
    notebook = read_notebook(work.content, work.file)
    blank = work.blank(notebook.problem)
    blank = replace(blank, notes=(*blank.notes, *notebook.notes))
    if notebook.problem:
        return blank
    exercises = chapters()[work.chapter]
    marks = [mark_exercise(runner, one, notebook.cells, work.seed) for one in exercises]
    prints = runner.fingerprint(notebook.cells, [exercise.name for exercise in exercises])
    return replace(blank.with_marks(marks), fingerprints=dict(prints))


@cache
def _answers(exercise_id: str, seed: int) -> tuple[AnswerKey, int]:
    """The answer key of an exercise, public cases first, and how many those are."""
    exercise = get_exercise(exercise_id)
    public = exercise.public_cases(seed)
    return AnswerKey(exercise, [*public, *exercise.hidden_cases(seed)]), len(public)


def mark_exercise(
    runner: Runner, exercise: Exercise, cells: Sequence[str], seed: int
) -> ExerciseMark:
    """Try one exercise in isolation and judge what came out."""
    key, n_public = _answers(exercise.id, seed)
    attempt = runner.attempt(exercise, cells, key.cases)
    mark = ExerciseMark(
        exercise_id=exercise.id,
        title=exercise.title,
        status="not attempted",
        points=0.0,
        max_points=exercise.points,
        public_right=0,
        public_cases=n_public,
        hidden_right=0,
        hidden_cases=len(key.cases) - n_public,
        notes=_short(attempt.notes),
    )
    if attempt.status == "missing":
        return replace(mark, status="missing")
    if attempt.status == "forbidden":
        violations = _short([_words(violation) for violation in attempt.violations])
        return replace(mark, status="not accepted", violations=violations)
    if attempt.status == "untouched":
        return mark
    if len(attempt.outcomes) != len(key.cases):
        raise ValueError(f"{len(attempt.outcomes)} outcomes for {len(key.cases)} cases")
    outcomes = [_within_bounds(outcome) for outcome in attempt.outcomes]
    if all(is_unfinished(outcome) for outcome in outcomes):
        return mark
    return _judged(mark, key, outcomes)


def _judged(mark: ExerciseMark, key: AnswerKey, outcomes: Sequence[Outcome]) -> ExerciseMark:
    n_public = mark.public_cases
    banned = [i for i, outcome in enumerate(outcomes) if _kind(outcome) == "forbidden"]
    if banned:
        error = outcomes[banned[0]].error
        told = error.message if error is not None and banned[0] < n_public else ""
        words = told or "a call that is not allowed was made while the function ran"
        return replace(mark, status="not accepted", violations=_short([words]))
    wrong = [i for i, outcome in enumerate(outcomes) if key.difference(i, outcome) is not None]
    right = len(outcomes) - len(wrong)
    hidden_wrong = [i for i in wrong if i >= n_public]
    public_wrong = [i for i in wrong if i < n_public]
    mutant = key.diagnose(outcomes) if wrong else None
    hidden_problem = ""
    if hidden_wrong:
        first = hidden_wrong[0]
        label = without_numbers(key.cases[first].label)
        hidden_problem = f"{label}: {_trouble(outcomes[first])}"
    return replace(
        mark,
        status="wrong" if wrong else "right",
        points=score(key.exercise, right, len(outcomes)),
        public_right=n_public - len(public_wrong),
        hidden_right=mark.hidden_cases - len(hidden_wrong),
        failure=key.failure(public_wrong[0], outcomes[public_wrong[0]]) if public_wrong else None,
        hidden_problem=hidden_problem,
        cause=None if mutant is None else mutant.diagnosis,
        cause_name=None if mutant is None else mutant.name,
    )


def without_numbers(label: str) -> str:
    """Return a hidden case's label without its numbers, which may be its inputs.

    >>> without_numbers("sequences of lengths [0, 4], 6 places each, p = 0.428")
    'sequences of lengths […], … places each, p = …'
    """
    return _LIST.sub("[…]", _NUMBER.sub("…", label))


def _kind(outcome: Outcome) -> str:
    return "" if outcome.error is None else outcome.error.kind


def _within_bounds(outcome: Outcome) -> Outcome:
    """An answer that is too large or too deep to be compared is an error of its own kind."""
    if outcome.error is not None:
        return outcome
    try:
        return replace(outcome, value=settled(outcome.value))
    except AnswerTooLargeError as error:
        words = f"the answer is far too large to be right: {error}"
        return Outcome(error=LearnerError("size", words), printed=outcome.printed)


def _trouble(outcome: Outcome) -> str:
    """Say what is wrong with a hidden case in our own words only.

    The name of an error type is the submission's to choose, so only Python's own are repeated.
    """
    if outcome.error is None:
        return "the answer differs from what is expected"
    if outcome.error.kind in _KINDS:
        return _KINDS[outcome.error.kind]
    known = getattr(builtins, outcome.error.type_name, None)
    if isinstance(known, type) and issubclass(known, BaseException):
        return f"it raised {known.__name__}"
    return "it raised an error"


def _words(violation: Violation) -> str:
    place = f"line {violation.line}"
    if violation.cell is not None:
        place = f"code cell {violation.cell}, {place}"
    if place in violation.message:
        return violation.message
    return f"{violation.message} ({place})"


def _short(texts: Sequence[str]) -> tuple[str, ...]:
    """Texts for people, of a bounded number and length."""
    shown = [" ".join(text.split()) for text in dict.fromkeys(texts)]
    cut = [t if len(t) <= _LONGEST_NOTE else t[: _LONGEST_NOTE - 1] + "…" for t in shown]
    more = len(cut) - _MOST_NOTES
    return (*cut[:_MOST_NOTES], f"and {more} more") if more > 0 else tuple(cut)


@cache
def course_version() -> str:
    """Return version and digest of all code that marks may depend on, with that of its libraries.

    Where an exercise or the grading changes, so does this, and nothing old is reused.
    """
    root = Path(course_lib.__file__).parent
    digest = hashlib.sha256(f"{torch.__version__} {np.__version__}".encode())
    for path in sorted(root.rglob("*.py")):
        below = path.relative_to(root)
        is_page = "classroom" in below.parts and below.name not in _MARKING
        if below.parts[0] not in _BESIDES and not is_page:
            digest.update(f"{below.as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return f"{course_lib.__version__}+{digest.hexdigest()[:12]}"
