"""Grading a class: submissions in files, folders and zips; marks, exports and pages out.

Nothing here runs a learner's code: an isolated process does, and only values come back.
"""

from course_lib.grading.classroom.results import (
    NOTHING_SUBMITTED,
    ExerciseMark,
    SubmissionMarks,
    page_name,
)

__all__ = ["NOTHING_SUBMITTED", "ExerciseMark", "SubmissionMarks", "page_name"]
