"""Graded exercises: one specification each, gathered by chapter."""

from course_lib.exercises.calling import object_inputs
from course_lib.exercises.comparison import (
    Close,
    Comparator,
    Exact,
    SamePartition,
    SameSet,
    SameText,
)
from course_lib.exercises.presentation import (
    exercise_card,
    solution_source,
    statement_markdown,
    stub_source,
)
from course_lib.exercises.registry import all_exercises, chapters, get_exercise
from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)

__all__ = [
    "Case",
    "Close",
    "Comparator",
    "Exact",
    "Exercise",
    "Mutant",
    "Parameter",
    "SamePartition",
    "SameSet",
    "SameText",
    "Signature",
    "all_exercises",
    "chapters",
    "exercise_card",
    "get_exercise",
    "graph_mistakes",
    "object_inputs",
    "solution_source",
    "statement_markdown",
    "stub_source",
    "with_gradients",
]
