"""The kill table: which mutants the cases catch, and whether each is named.

Run it with ``python -m course_lib.grading.kill_table``.
"""

from dataclasses import dataclass

import torch

from course_lib.exercises import Exercise, Mutant, all_exercises
from course_lib.grading.in_process import run_cases
from course_lib.grading.judgment import judge


@dataclass(frozen=True)
class Kill:
    """One mutant: cases it fails of the public and the hidden ones, and the cause named."""

    exercise_id: str
    mutant: str
    public_failed: int
    public_cases: int
    hidden_failed: int
    hidden_cases: int
    points: float
    named: str | None

    @property
    def is_clean(self) -> bool:
        """Whether both sets of cases catch it and the check names it and no other."""
        return self.public_failed > 0 and self.hidden_failed > 0 and self.named == self.mutant


def kills(exercise: Exercise, *, seed: int = 0) -> list[Kill]:
    """Return what happens to each mutant of the exercise."""
    public, hidden = exercise.public_cases(seed), exercise.hidden_cases(seed)
    expected = [exercise.expected(case) for case in hidden]

    def hidden_failed(mutant: Mutant) -> int:
        outcomes = run_cases(exercise, mutant.function, hidden)
        return sum(
            outcome.error is not None or bool(exercise.comparator.difference(outcome.value, right))
            for outcome, right in zip(outcomes, expected, strict=True)
        )

    found = []
    for mutant in exercise.mutants:
        result = judge(exercise, public, run_cases(exercise, mutant.function, public))
        found.append(
            Kill(
                exercise_id=exercise.id,
                mutant=mutant.name,
                public_failed=result.cases - result.right,
                public_cases=len(public),
                hidden_failed=hidden_failed(mutant),
                hidden_cases=len(hidden),
                points=result.points,
                named=result.cause_name,
            )
        )
    return found


def table(*, seed: int = 0) -> str:
    """Return the table of all exercises as text."""
    lines = [f"{'exercise and mutant':<44}{'public':>8}{'hidden':>8}{'points':>8}  named"]
    clean = total = 0
    for exercise in all_exercises():
        lines.append(f"{exercise.id} ({len(exercise.mutants)} mutants)")
        for kill in kills(exercise, seed=seed):
            public = f"{kill.public_failed}/{kill.public_cases}"
            hidden = f"{kill.hidden_failed}/{kill.hidden_cases}"
            score = f"{kill.points:g}/{exercise.points}"
            named = "itself" if kill.named == kill.mutant else str(kill.named)
            lines.append(f"  {kill.mutant:<42}{public:>8}{hidden:>8}{score:>8}  {named}")
            clean, total = clean + kill.is_clean, total + 1
    lines.append(f"{clean} of {total} mutants caught by both sets and named as themselves")
    return "\n".join(lines)


if __name__ == "__main__":
    torch.set_num_threads(1)  # the cases are small: a second thread would only wait for the first
    print(table())
