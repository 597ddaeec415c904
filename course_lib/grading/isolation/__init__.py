"""Run a stranger's code where it can do no harm, and bring back plain values."""

from course_lib.grading.isolation.command import SandboxUnavailableError
from course_lib.grading.isolation.limits import Attempt, Limits
from course_lib.grading.isolation.sandbox import Sandbox

__all__ = ["Attempt", "Limits", "Sandbox", "SandboxUnavailableError"]
