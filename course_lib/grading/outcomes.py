"""What came out of one call of a learner's code, however it was run."""

from course_lib.grading.inside.calls import ErrorKind, LearnerError, Outcome

__all__ = ["ErrorKind", "LearnerError", "Outcome"]
