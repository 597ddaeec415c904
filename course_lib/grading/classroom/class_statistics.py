"""The numbers of the class page: how points are spread, what was hard, which mistakes were made."""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.exercises import chapters
from course_lib.grading.classroom.results import ExerciseMark, SubmissionMarks

BINS = 10


@dataclass(frozen=True)
class ChapterSpread:
    """How the points of one chapter are spread over its graded submissions.

    ``bins`` counts submissions by tenths of the points; the last one includes full points.
    """

    chapter: str
    max_points: int
    bins: tuple[int, ...]
    mean: float
    median: float
    lowest: float
    highest: float
    full: int

    @property
    def submissions(self) -> int:
        """How many submissions there are."""
        return sum(self.bins)


@dataclass(frozen=True)
class ExerciseSummary:
    """One exercise over the class: the share of its points reached, and how it ended for whom."""

    exercise_id: str
    title: str
    share: float
    outcomes: Counter[str]
    unexplained: int


@dataclass(frozen=True)
class Misconception:
    """A known mistake and how many submissions show it."""

    exercise_id: str
    title: str
    cause: str
    cause_name: str
    number: int


def is_assigned(mark: SubmissionMarks) -> bool:
    """Tell whether it is known whose work this is; a file that is nobody's goes by its path."""
    return bool(mark.student) and mark.student != mark.file


def graded(marks: Sequence[SubmissionMarks]) -> list[SubmissionMarks]:
    """Return the submissions that could be read, in the order of the book, then of the students."""
    order = {chapter: place for place, chapter in enumerate(chapters())}
    return sorted(
        (mark for mark in marks if mark.marks),
        key=lambda m: (order.get(m.chapter, len(order)), m.chapter, m.student, m.file),
    )


def chapter_spreads(marks: Sequence[SubmissionMarks]) -> list[ChapterSpread]:
    """Return the spread of points of each chapter."""
    grouped: dict[str, list[SubmissionMarks]] = defaultdict(list)
    for mark in graded(marks):
        grouped[mark.chapter].append(mark)
    return [_spread(chapter, own) for chapter, own in grouped.items()]


def _spread(chapter: str, submissions: Sequence[SubmissionMarks]) -> ChapterSpread:
    bins = [0] * BINS
    reached = [mark.final_points for mark in submissions]
    for mark in submissions:
        share = mark.final_points / mark.max_points if mark.max_points else 0.0
        bins[min(BINS - 1, math.floor(BINS * share + 1e-9))] += 1
    return ChapterSpread(
        chapter=chapter,
        max_points=max(mark.max_points for mark in submissions),
        bins=tuple(bins),
        mean=statistics.fmean(reached),
        median=statistics.median(reached),
        lowest=min(reached),
        highest=max(reached),
        full=sum(mark.final_points >= mark.max_points for mark in submissions),
    )


def exercise_summaries(marks: Sequence[SubmissionMarks]) -> list[ExerciseSummary]:
    """Return all exercises, the hardest first: the smallest share of the points reached."""
    grouped = _by_exercise(marks)
    summaries = [
        ExerciseSummary(
            exercise_id=exercise_id,
            title=own[0].title,
            share=sum(mark.points for mark in own) / (sum(m.max_points for m in own) or 1),
            outcomes=Counter(mark.status for mark in own),
            unexplained=sum(mark.status == "wrong" and not mark.cause_name for mark in own),
        )
        for exercise_id, own in grouped.items()
    ]
    return sorted(summaries, key=lambda item: (item.share, item.exercise_id))


def misconceptions(marks: Sequence[SubmissionMarks]) -> list[Misconception]:
    """Return the known mistakes that were made, the most common first."""
    found = [
        Misconception(
            exercise_id=exercise_id,
            title=own[0].title,
            cause=next(mark.cause or "" for mark in own if mark.cause_name == cause_name),
            cause_name=cause_name,
            number=number,
        )
        for exercise_id, own in _by_exercise(marks).items()
        for cause_name, number in Counter(m.cause_name for m in own if m.cause_name).items()
    ]
    return sorted(found, key=lambda item: (-item.number, item.exercise_id, item.cause_name))


def _by_exercise(marks: Sequence[SubmissionMarks]) -> dict[str, list[ExerciseMark]]:
    grouped: dict[str, list[ExerciseMark]] = defaultdict(list)
    for submission in graded(marks):
        for mark in submission.marks:
            grouped[mark.exercise_id].append(mark)
    return grouped
