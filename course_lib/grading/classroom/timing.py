"""Fill in what a class adds to marks: names, lateness, and who handed in nothing."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from course_lib.exercises import chapters
from course_lib.grading.classroom.intake import Entry
from course_lib.grading.classroom.late import DueTimes, LateRule, in_words, read_time
from course_lib.grading.classroom.marking import Work, course_version
from course_lib.grading.classroom.results import NOTHING_SUBMITTED, SubmissionMarks
from course_lib.grading.classroom.roster import Roster, Student

_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # a zip without times says 1980


@dataclass(frozen=True)
class Timing:
    """When the work was due and what being late costs; both may be left open."""

    due: DueTimes = field(default_factory=DueTimes)
    rule: LateRule | None = None


def completed(
    rows: Sequence[tuple[Entry, SubmissionMarks]], roster: Roster, timing: Timing
) -> tuple[list[SubmissionMarks], list[str]]:
    """Add names, lateness, and the students of the roster who handed in nothing; with notes."""
    students = {student.id: student for student in roster.students}
    marks: list[SubmissionMarks] = []
    notes: list[str] = []
    for entry, one in rows:
        student = students.get(one.student)
        if students and student is None and entry.identity.student:
            notes.append(f"{one.file}: {one.student} is not on the roster")
        named = replace(one, name=student.name if student else "")
        marks.append(_timed(named, entry, student or Student(one.student), timing))
    present = {one.student for one in marks}
    for student in roster.students:
        if student.id not in present:
            work = Work(student.id, "", "", "", 0, course_version())
            marks.append(replace(work.blank(NOTHING_SUBMITTED), name=student.name))
    order = {name: number for number, name in enumerate(chapters())}
    marks.sort(key=lambda one: (one.student, order.get(one.chapter, len(order)), one.file))
    return marks, notes


def _timed(
    marks: SubmissionMarks, entry: Entry, student: Student, timing: Timing
) -> SubmissionMarks:
    """Return the marks with the time they came, and with what being late costs."""
    due = timing.due.of(marks.chapter)
    moment, source = _moment(entry, student, marks.chapter, with_file_time=due is not None)
    if moment is None:
        if due is not None and marks.is_submitted:
            return replace(marks, notes=(*marks.notes, "no time is known at which it came"))
        return marks
    marks = replace(marks, submitted=moment.isoformat(timespec="seconds"))
    if due is None:
        return marks
    extension = student.extension.get(marks.chapter, student.extension.get(""))
    if isinstance(extension, datetime):
        due = extension
    elif extension is not None:
        due = due + extension
    delay = moment.astimezone(UTC) - due.astimezone(UTC)
    rule = timing.rule or LateRule()
    if delay <= rule.grace or delay.total_seconds() <= 0:
        return marks
    taken = min(rule.deduction(delay, marks.max_points), marks.points)
    words = f"{in_words(delay)} late{source}"
    words += f": {taken:g} points off" if timing.rule else ""
    return replace(marks, deduction=taken, late=words)


def _moment(
    entry: Entry, student: Student, chapter: str, *, with_file_time: bool
) -> tuple[datetime | None, str]:
    known = student.submitted.get(chapter, student.submitted.get(""))
    if known is not None:
        return known, ""
    if entry.stamp:
        with contextlib.suppress(ValueError):
            return read_time(entry.stamp, "timestamp.txt", zone=UTC), ""
    if with_file_time and entry.found.time >= _EARLIEST.timestamp():
        moment = datetime.fromtimestamp(entry.found.time, UTC).replace(microsecond=0)
        return moment, " by the time of the file"
    return None, ""
