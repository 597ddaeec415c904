"""From a learner's function to the result of a check, whatever the function is or does."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from course_lib.exercises import Case, Exercise
from course_lib.exercises.values import describe
from course_lib.grading.allowed import forbidden_calls
from course_lib.grading.in_process import is_untouched, run_cases
from course_lib.grading.inspection import is_builtin_class
from course_lib.grading.judgment import judge, not_attempted
from course_lib.grading.observations import observe
from course_lib.grading.outcomes import LearnerError, Outcome
from course_lib.grading.result import CheckResult, Failure, OtherFailure
from course_lib.grading.settle import AnswerTooLargeError, settled, settling, stand_in

_BEFORE = "before the first case"


def feedback(exercise: Exercise, candidate: object, cases: Sequence[Case]) -> CheckResult:
    """Return what is right and what is not; nothing but an interruption is ever raised."""
    try:
        if _is_untouched(exercise, candidate):
            return not_attempted(exercise, len(cases))
        if not callable(candidate):
            return _not_callable(exercise, candidate, len(cases))
        outcomes = _outcomes(exercise, candidate, cases)
        result = _with_details(exercise, candidate, cases, outcomes)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        problem = (
            f"this check came to a stop ({type(error).__name__}), which says nothing about your "
            "answer. If your code changes built-in names or other modules, restart the kernel; "
            "if not, it is a fault of the course: please report it"
        )
        return _failed(exercise, len(cases), problem)
    if result.status == "not attempted":
        return result
    return result.with_violations(_violations(exercise, candidate))


def _is_untouched(exercise: Exercise, candidate: object) -> bool:
    try:
        return not is_builtin_class(candidate) and is_untouched(exercise, candidate)
    except Exception:  # an object that answers questions about itself with errors is no stub
        return False


def _failed(exercise: Exercise, n_cases: int, problem: str) -> CheckResult:
    failure = Failure(label=_BEFORE, inputs="", expected="", error=problem)
    return replace(not_attempted(exercise, n_cases), status="wrong", failure=failure)


def _not_callable(exercise: Exercise, candidate: object, n_cases: int) -> CheckResult:
    kind = "class" if exercise.kind == "class" else "function"
    try:
        given = describe(settled(candidate))
    except Exception:  # too large, or it defends itself
        given = describe(stand_in(type(candidate).__name__))
    problem = f"got {given}; give the {kind} itself, without brackets"
    return _failed(exercise, n_cases, problem)


def _outcomes(exercise: Exercise, candidate: Any, cases: Sequence[Case]) -> list[Outcome]:
    """Run the cases; every value that comes back is plain data."""
    # A function is settled inside its time limit, an object's answers one by one afterwards.
    runnable = settling(candidate) if exercise.kind == "function" else candidate
    deepest = sys.getrecursionlimit()
    try:
        outcomes = run_cases(exercise, runnable, cases)
    finally:
        sys.setrecursionlimit(deepest)
    return [_settled(outcome) for outcome in outcomes]


def _settled(outcome: Outcome) -> Outcome:
    if outcome.error is not None:
        return replace(outcome, error=_reworded(outcome.error))
    try:
        return replace(outcome, value=settled(outcome.value))
    except AnswerTooLargeError as error:
        return replace(outcome, value=None, error=_too_large(str(error)))
    except Exception as error:
        message = f"the answer cannot be read: {type(error).__name__} while looking at it"
        return replace(outcome, value=None, error=LearnerError("exception", message))


def _reworded(error: LearnerError) -> LearnerError:
    if error.type_name == AnswerTooLargeError.__name__:
        return _too_large(error.message.partition(": ")[2])
    return error


def _too_large(what: str) -> LearnerError:
    return LearnerError("size", f"the answer is far too large to be right: {what}")


def _with_details(
    exercise: Exercise, candidate: object, cases: Sequence[Case], outcomes: Sequence[Outcome]
) -> CheckResult:
    result = judge(exercise, cases, outcomes)
    if result.failure is None:
        return result
    wrong: list[tuple[Case, Outcome, str]] = []
    right: list[str] = []
    for case, outcome in zip(cases, outcomes, strict=True):
        problem = _problem(exercise, case, outcome)
        if problem is None:
            right.append(case.label)
        else:
            wrong.append((case, outcome, problem))
    first_case, first_outcome, _ = wrong[0]
    seen = "" if result.cause else observe(exercise, candidate, first_case, first_outcome)
    return replace(
        result,
        observation=seen,
        others=tuple(OtherFailure(case.label, problem) for case, _, problem in wrong[1:]),
        right_labels=tuple(right),
    )


def _problem(exercise: Exercise, case: Case, outcome: Outcome) -> str | None:
    """Return what is wrong with one case in one line, or ``None`` where it is right."""
    if outcome.error is not None:
        return outcome.error.message
    return exercise.comparator.difference(outcome.value, exercise.expected(case))


def _violations(exercise: Exercise, candidate: object) -> tuple[str, ...]:
    try:
        return tuple(str(call) for call in forbidden_calls(exercise, candidate))
    except Exception:  # no claim is made where the source cannot be understood
        return ()
