"""Run a learner's code in this process: feedback for honest learners, not a sandbox."""

from collections.abc import Callable, Sequence
from typing import Any

from course_lib.exercises import Case, Exercise, stub_source
from course_lib.exercises.values import clone
from course_lib.grading.inside.calls import (
    Printed,
    explain,
    one_thread,
    own_randomness,
    quiet,
    source_file_of,
)
from course_lib.grading.inside.untouched import is_untouched as is_still
from course_lib.grading.limits import TimeLimitExceededError, time_limit
from course_lib.grading.outcomes import LearnerError, Outcome

AFTER_A_TIMEOUT = 1.0


def run_cases(
    exercise: Exercise, candidate: Callable[..., Any], cases: Sequence[Case]
) -> list[Outcome]:
    """Run the candidate on every case; an error in one leaves the others their chance."""
    outcomes: list[Outcome] = []
    seconds = exercise.seconds_per_case
    with one_thread():
        for case in cases:
            outcome = _run(exercise, candidate, case, seconds)
            if outcome.error is not None and outcome.error.kind == "time":
                seconds = min(seconds, AFTER_A_TIMEOUT)
            outcomes.append(outcome)
    return outcomes


def _run(exercise: Exercise, candidate: Callable[..., Any], case: Case, seconds: float) -> Outcome:
    printed = Printed()
    source_file = source_file_of(candidate)
    try:
        with quiet(printed), own_randomness(), time_limit(seconds, source_file=source_file):
            value = exercise.run(candidate, case.inputs)
            value = clone(value)
    except TimeLimitExceededError:
        return Outcome(error=out_of_time(seconds), printed=printed.text)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        problem = explain(error, exercise.signature.names, source_file)
        return Outcome(error=problem, printed=printed.text)
    return Outcome(value=value, printed=printed.text)


def out_of_time(seconds: float) -> LearnerError:
    """Return the error of a call that was ended after so many seconds."""
    return LearnerError(
        "time", f"still running after {seconds:g} s. Does every loop come to an end?"
    )


def is_untouched(exercise: Exercise, candidate: object) -> bool:
    """Tell whether this is the stub as it was given, or nothing at all."""
    return is_still(candidate, stub_source(exercise.id))
