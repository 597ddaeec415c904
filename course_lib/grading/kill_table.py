"""The kill table: which mutants the cases catch, and whether each is named.

Run it with ``python -m course_lib.grading.kill_table``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.exercises import Case, Exercise, Mutant, all_exercises
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
    return [_kill(exercise, mutant, seed) for mutant in exercise.mutants]


def _kill(exercise: Exercise, mutant: Mutant, seed: int) -> Kill:
    def judged(cases: Sequence[Case]) -> tuple[int, float, str | None]:
        result = judge(exercise, cases, run_cases(exercise, mutant.function, cases))
        return result.cases - result.right, result.points, result.cause_name

    public, hidden = exercise.public_cases(seed), exercise.hidden_cases(seed)
    failed, points, named = judged(public)
    return Kill(
        exercise_id=exercise.id,
        mutant=mutant.name,
        public_failed=failed,
        public_cases=len(public),
        hidden_failed=judged(hidden)[0],
        hidden_cases=len(hidden),
        points=points,
        named=named,
    )


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
    print(table())
