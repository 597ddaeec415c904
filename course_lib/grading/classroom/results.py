"""What grading leaves behind: the marks of one exercise, and of one submission."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

from course_lib.grading.result import Failure

MarkStatus = Literal["right", "wrong", "not attempted", "missing", "not accepted"]
NOTHING_SUBMITTED = "nothing submitted"
_PLAIN_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_RESERVED_NAME = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")


@dataclass(frozen=True)
class ExerciseMark:
    """What one exercise of one submission is worth, and what may be said about it.

    ``failure`` is the first public case that went wrong, in words. ``hidden_problem`` says what
    kind of hidden case went wrong first: its label and the kind of error, never inputs, answers,
    messages or prints. ``cause_name`` is the name of the known mistake whose answers are the same,
    ``cause`` its diagnosis. ``violations`` say which call is not allowed, and where it stands.
    """

    exercise_id: str
    title: str
    status: MarkStatus
    points: float
    max_points: int
    public_right: int
    public_cases: int
    hidden_right: int
    hidden_cases: int
    failure: Failure | None = None
    hidden_problem: str = ""
    cause: str | None = None
    cause_name: str | None = None
    violations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.status not in get_args(MarkStatus):
            known = ", ".join(get_args(MarkStatus))
            raise ValueError(f"status must be one of {known}; got {self.status!r}")
        if not 0 <= self.points <= self.max_points:
            raise ValueError(f"points must be from 0 to {self.max_points}, got {self.points}")
        for name in ("public", "hidden"):
            right, cases = getattr(self, f"{name}_right"), getattr(self, f"{name}_cases")
            if not 0 <= right <= cases:
                raise ValueError(f"{name}_right must be from 0 to {cases}, got {right}")

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "ExerciseMark":
        """Return the mark from what :func:`dataclasses.asdict` gave, after a way through JSON."""
        known = {item.name for item in fields(Failure)}
        failure = stored.get("failure")
        if failure is not None:
            failure = Failure(**{key: value for key, value in failure.items() if key in known})
        lists = {name: tuple(stored.get(name, ())) for name in ("violations", "notes")}
        return cls(**{**stored, **lists, "failure": failure})


@dataclass(frozen=True)
class SubmissionMarks:
    """The marks of one student's file for one chapter.

    ``file`` is the path as the teacher gave it; ``digest`` is that of its content; ``problem`` is
    empty, or says why nothing could be graded (then ``marks`` is empty). ``submitted`` is a time in
    ISO form, or empty. ``fingerprints`` holds, by function name, what similar code shares.

    Three fields are filled in at the end, from the roster and the rule for late work: ``name``;
    ``deduction``, the points taken off; ``late``, why, in words. A student of the roster without
    any file has one entry with the problem ``nothing submitted`` and no chapter.
    """

    student: str
    chapter: str
    file: str
    digest: str
    seed: int
    version: str
    marks: tuple[ExerciseMark, ...] = ()
    points: float = 0.0
    max_points: int = 0
    notes: tuple[str, ...] = ()
    problem: str = ""
    submitted: str = ""
    fingerprints: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    name: str = ""
    deduction: float = 0.0
    late: str = ""

    @property
    def final_points(self) -> float:
        """The points after the deduction for late work, never below 0."""
        return round(max(0.0, self.points - self.deduction), 1)

    @property
    def is_submitted(self) -> bool:
        """Whether there is a file at all."""
        return self.problem != NOTHING_SUBMITTED

    @property
    def shown_name(self) -> str:
        """Name and id as a teacher reads them: ``Ana Li (ana)``, or the id alone."""
        return f"{self.name} ({self.student})" if self.name else self.student

    def with_marks(self, marks: Sequence[ExerciseMark]) -> "SubmissionMarks":
        """Return the same submission with these marks and their sums."""
        points = round(sum(mark.points for mark in marks), 1)
        total = sum(mark.max_points for mark in marks)
        return replace(self, marks=tuple(marks), points=points, max_points=total)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data in a fixed order; fingerprints as hexadecimal text."""
        stored = {item.name: getattr(self, item.name) for item in fields(self)}
        stored["marks"] = [asdict(mark) for mark in self.marks]
        stored["fingerprints"] = {
            name: " ".join(f"{number:016x}" for number in self.fingerprints[name])
            for name in sorted(self.fingerprints)
        }
        return stored

    def to_json(self) -> str:
        """Return canonical JSON: the same marks give the same text, byte by byte."""
        return json.dumps(self.to_dict(), ensure_ascii=True, sort_keys=True) + "\n"

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "SubmissionMarks":
        """Return the marks from what :meth:`to_dict` gave."""
        fingerprints = {
            str(name): tuple(int(number, 16) for number in numbers.split())
            for name, numbers in stored.get("fingerprints", {}).items()
        }
        marks = tuple(ExerciseMark.from_dict(mark) for mark in stored.get("marks", ()))
        plain = {**stored, "marks": marks, "notes": tuple(stored.get("notes", ()))}
        return cls(**{**plain, "fingerprints": fingerprints})

    @classmethod
    def from_json(cls, text: str) -> "SubmissionMarks":
        """Return the marks from their JSON; raises ``ValueError`` where it is something else."""
        try:
            return cls.from_dict(json.loads(text))
        except (TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"these are not marks: {error}") from None


def page_name(student: str) -> str:
    """Return the file name of a student's page, without its ending.

    A plain id is its own name. Others (capitals, spaces, other letters, names a system reserves)
    get a readable part and a digest, so that two students never share a page on any file system.

    >>> page_name("s1001")
    's1001'
    >>> page_name("Ana Li")
    'ana-li.daa6a572'
    """
    if _PLAIN_NAME.fullmatch(student) and not _RESERVED_NAME.fullmatch(student):
        return student
    readable = re.sub(r"[^a-z0-9]+", "-", student.lower()).strip("-")[:40]
    digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable or 'student'}.{digest}"
