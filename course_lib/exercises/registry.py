"""Where exercises are found: every module or package here that defines ``EXERCISES``."""

import difflib
import importlib
import pkgutil
from functools import cache

import course_lib.exercises as room
from course_lib.exercises.specification import Exercise

# The order of the book; chapters not named here come after, by name.
_BOOK_ORDER = (
    "first_steps",
    "what_is_an_llm",
    "n_grams",
    "representing_text",
    "recurrent",
    "tokenization",
    "attention",
    "multi_head",
    "positions",
    "block",
    "encoder_decoder",
    "masks",
    "gpt1",
    "gpt1_finetuning",
    "gpt2",
    "pretraining",
    "decoding",
    "build_gpt2",
    "prompting",
    "evaluation",
    "beyond_gpt2",
)

# Long graded projects: a page of rungs, more of them than a chapter's four to six exercises.
PROJECTS = frozenset({"build_gpt2"})


@cache
def _registry() -> dict[str, tuple[Exercise, ...]]:
    found: dict[str, tuple[Exercise, ...]] = {}
    for module in pkgutil.iter_modules(room.__path__):
        loaded = importlib.import_module(f"{room.__name__}.{module.name}")
        exercises = getattr(loaded, "EXERCISES", None)
        if exercises is None:
            continue
        for exercise in exercises:
            if exercise.chapter != module.name:
                raise ValueError(
                    f"{exercise.id!r} is in the module {module.name!r}; "
                    f"its id must begin with '{module.name}.'"
                )
        found[module.name] = tuple(exercises)
    order = {name: position for position, name in enumerate(_BOOK_ORDER)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def chapters() -> dict[str, tuple[Exercise, ...]]:
    """Return all exercises by chapter, in the order of the book."""
    return dict(_registry())


def all_exercises() -> tuple[Exercise, ...]:
    """Return all exercises, in the order of the book."""
    return tuple(exercise for found in _registry().values() for exercise in found)


def get_exercise(exercise_id: str) -> Exercise:
    """Return the exercise with this id, as in ``get_exercise("attention.softmax")``.

    Raises ``ValueError`` for an unknown id, with the nearest ones.
    """
    known = {exercise.id: exercise for exercise in all_exercises()}
    if exercise_id in known:
        return known[exercise_id]
    near = difflib.get_close_matches(str(exercise_id), known, n=3, cutoff=0.4) or sorted(known)
    raise ValueError(
        f"no exercise is called {exercise_id!r}; did you mean {' or '.join(near[:3])}?"
    )
