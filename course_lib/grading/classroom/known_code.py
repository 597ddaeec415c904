"""The source of known mistakes, so that honest learners who make the same one are not paired."""

import ast
import inspect
import textwrap

from course_lib.exercises import Exercise


def mutant_sources(exercise: Exercise) -> list[str]:
    """Return the source of each mutant that has one of its own, under the exercise's name.

    Mutants made by a decorator or from other mutants may have none that stands alone; they are left
    out.
    """
    found = []
    for mutant in exercise.mutants:
        try:
            source = textwrap.dedent(inspect.getsource(inspect.unwrap(mutant.function)))
            tree = ast.parse(source)
        except (OSError, TypeError, SyntaxError):
            continue
        first = tree.body[0] if tree.body else None
        if isinstance(first, ast.FunctionDef | ast.ClassDef):
            first.name = exercise.name
            found.append(ast.unparse(tree))
    return found
