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


class AnswerKey:
    """The right answers to the cases of an exercise, and what each known mistake answers.

    Both are worked out when they are first asked for and kept, so that with one key for a whole
    class the reference and the mutants run once, not once for every submission.
    """

    def __init__(self, exercise: Exercise, cases: Sequence[Case]) -> None:
        self.exercise = exercise
        self.cases = tuple(cases)
        self._expected: dict[int, object] = {}
        self._mistakes: dict[tuple[str, int], Outcome] = {}

    def expected(self, index: int) -> object:
        """The reference solution's answer to a case."""
        if index not in self._expected:
            self._expected[index] = self.exercise.expected(self.cases[index])
        return self._expected[index]

    def difference(self, index: int, outcome: Outcome) -> str | None:
        """Say where an answer differs, or ``None`` where it is right; an error is a difference.

        An answer that the comparator cannot take is wrong: it is no reason to stop.
        """
        if outcome.error is not None:
            return outcome.error.message
        expected = self.expected(index)
        try:
            return self.exercise.comparator.difference(outcome.value, expected)
        except Exception as error:
            return f"the answer cannot be compared with what is expected ({type(error).__name__})"

    def mistake(self, mutant: Mutant, index: int) -> Outcome:
        """What the known mistake answers to a case."""
        key = (mutant.name, index)
        if key not in self._mistakes:
            case = self.cases[index]
            self._mistakes[key] = run_cases(self.exercise, mutant.function, [case])[0]
        return self._mistakes[key]

    def diagnose(self, outcomes: Sequence[Outcome]) -> Mutant | None:
        """Return the known mistake whose outcomes equal these on every case, if there is one."""
        for mutant in self.exercise.mutants:
            pairs = enumerate(outcomes)
            if all(self._same(outcome, self.mistake(mutant, index)) for index, outcome in pairs):
                return mutant
        return None

    def _same(self, left: Outcome, right: Outcome) -> bool:
        if left.error is not None or right.error is not None:
            return (
                left.error is not None
                and right.error is not None
                and left.error.kind == right.error.kind
                and left.error.type_name == right.error.type_name
            )
        try:
            return self.exercise.comparator.difference(left.value, right.value) is None
        except Exception:
            return False

    def failure(self, index: int, outcome: Outcome) -> Failure:
        """Say in words what went wrong with a case."""
        case = self.cases[index]
        inputs = "\n".join(
            f"{name} = " + readable(value).replace("\n", "\n" + " " * (len(name) + 3))
            for name, value in case.inputs.items()
        )
        expected = readable(self.expected(index))
        if outcome.error is not None:
            return Failure(
                label=case.label,
                inputs=inputs,
                expected=expected,
                error=outcome.error.message,
                line=outcome.error.line,
                printed=outcome.printed,
            )
        return Failure(
            label=case.label,
            inputs=inputs,
            expected=expected,
            got=readable(outcome.value),
            difference=self.difference(index, outcome) or "",
            printed=outcome.printed,
        )


def judge(
    exercise: Exercise,
    cases: Sequence[Case],
    outcomes: Sequence[Outcome],
    *,
    key: AnswerKey | None = None,
) -> CheckResult:
    """Return the result of the outcomes, one for each case.

    Points are ``points * right / cases``, cut to one decimal; the failure shown is the first one.
    ``key`` is that of the same exercise and cases, where there is one already.
    """
    if len(cases) != len(outcomes) or not cases:
        raise ValueError(f"one outcome for each case: got {len(outcomes)} for {len(cases)} cases")
    if all(is_unfinished(outcome) for outcome in outcomes):
        return not_attempted(exercise, len(cases))
    key = key or AnswerKey(exercise, cases)
    wrong = [i for i, outcome in enumerate(outcomes) if key.difference(i, outcome) is not None]
    mutant = key.diagnose(outcomes) if wrong else None
    return CheckResult(
        exercise_id=exercise.id,
        title=exercise.title,
        status="wrong" if wrong else "right",
        points=score(exercise, len(cases) - len(wrong), len(cases)),
        max_points=exercise.points,
        right=len(cases) - len(wrong),
        cases=len(cases),
        failure=key.failure(wrong[0], outcomes[wrong[0]]) if wrong else None,
        cause=None if mutant is None else mutant.diagnosis,
        cause_name=None if mutant is None else mutant.name,
    )


def score(exercise: Exercise, right: int, cases: int) -> float:
    """Return the points for so many right cases, cut to one decimal."""
    return math.floor(10 * exercise.points * right / cases) / 10


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


def is_unfinished(outcome: Outcome) -> bool:
    """Tell whether this is the outcome of a stub."""
    if outcome.error is not None:
        return outcome.error.kind == "unfinished"
    return outcome.value is ...
