"""Feedback on exercises: instant check in the notebook, hints, solutions, progress.

``check`` runs in the learner's own process: it is feedback for an honest learner, not security.
"""

from course_lib.exercises import exercise_card, statement_markdown, stub_source
from course_lib.grading.learner import (
    check,
    completion_record,
    hint,
    progress,
    reset,
    solution,
)
from course_lib.grading.result import CheckResult

__all__ = [
    "CheckResult",
    "check",
    "completion_record",
    "exercise_card",
    "hint",
    "progress",
    "reset",
    "solution",
    "statement_markdown",
    "stub_source",
]
