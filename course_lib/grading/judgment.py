"""From outcomes to a result: compare, score, and name the likely cause.

Nothing here runs a learner's code. Outcomes may come from this process or from an isolated one.
"""

import math
from collections.abc import Sequence

from course_lib.exercises import Case, Exercise, Mutant
from course_lib.exercises.values import readable
from course_lib.grading.in_process import run_cases
from course_lib.grading.outcomes import Outcome
from course_lib.grading.result import CheckResult, Failure


def judge(exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome]) -> CheckResult:
    """Return the result of the outcomes, one for each case.

    Points are ``points * right / cases``, cut to one decimal; the failure shown is the first one.
    """
    if len(cases) != len(outcomes) or not cases:
        raise ValueError(f"one outcome for each case: got {len(outcomes)} for {len(cases)} cases")
    if all(_is_unfinished(outcome) for outcome in outcomes):
        return not_attempted(exercise, len(cases))
    pairs = list(zip(cases, outcomes, strict=True))
    wrong = [pair for pair in pairs if _is_wrong(exercise, *pair)]
    right = len(pairs) - len(wrong)
    first = _failure(exercise, *wrong[0]) if wrong else None
    mutant = None if first is None else diagnose(exercise, cases, outcomes)
    return CheckResult(
        exercise_id=exercise.id,
        title=exercise.title,
        status="right" if first is None else "wrong",
        points=math.floor(10 * exercise.points * right / len(cases)) / 10,
        max_points=exercise.points,
        right=right,
        cases=len(cases),
        failure=first,
        cause=None if mutant is None else mutant.diagnosis,
        cause_name=None if mutant is None else mutant.name,
    )


def not_attempted(exercise: Exercise, n_cases: int) -> CheckResult:
    """Return the result of a stub."""
    return CheckResult(
        exercise_id=exercise.id,
        title=exercise.title,
        status="not attempted",
        points=0.0,
        max_points=exercise.points,
        right=0,
        cases=n_cases,
    )


def diagnose(
    exercise: Exercise, cases: Sequence[Case], outcomes: Sequence[Outcome]
) -> Mutant | None:
    """Return the known mistake whose outcomes equal these on every case, if there is one."""
    pairs = list(zip(cases, outcomes, strict=True))
    return next((m for m in exercise.mutants if _agrees(exercise, m, pairs)), None)


def _agrees(exercise: Exercise, mutant: Mutant, pairs: Sequence[tuple[Case, Outcome]]) -> bool:
    """Tell whether the mutant gives the same outcomes; it stops at the first that differs."""
    return all(
        _same(exercise, outcome, run_cases(exercise, mutant.function, [case])[0])
        for case, outcome in pairs
    )


def _same(exercise: Exercise, left: Outcome, right: Outcome) -> bool:
    if left.error is not None or right.error is not None:
        return (
            left.error is not None
            and right.error is not None
            and (left.error.kind, left.error.type_name) == (right.error.kind, right.error.type_name)
        )
    return exercise.comparator.difference(left.value, right.value) is None


def _is_unfinished(outcome: Outcome) -> bool:
    if outcome.error is not None:
        return outcome.error.kind == "unfinished"
    return outcome.value is ...


def _is_wrong(exercise: Exercise, case: Case, outcome: Outcome) -> bool:
    if outcome.error is not None:
        return True
    return exercise.comparator.difference(outcome.value, exercise.expected(case)) is not None


def _failure(exercise: Exercise, case: Case, outcome: Outcome) -> Failure:
    inputs = "\n".join(
        f"{name} = " + readable(value).replace("\n", "\n" + " " * (len(name) + 3))
        for name, value in case.inputs.items()
    )
    expected = exercise.expected(case)
    if outcome.error is not None:
        return Failure(
            label=case.label,
            inputs=inputs,
            expected=readable(expected),
            error=outcome.error.message,
            line=outcome.error.line,
            printed=outcome.printed,
        )
    return Failure(
        label=case.label,
        inputs=inputs,
        expected=readable(expected),
        got=readable(outcome.value),
        difference=exercise.comparator.difference(outcome.value, expected) or "",
        printed=outcome.printed,
    )
