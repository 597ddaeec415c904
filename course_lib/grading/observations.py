"""What can be seen about a wrong answer or about the code that gave it, in one sentence."""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.exercises import Case, Close, Exercise
from course_lib.exercises.values import as_array, readable
from course_lib.grading.error_words import in_words
from course_lib.grading.outcomes import Outcome

_CLOSE = 0.02


def observe(exercise: Exercise, candidate: object, case: Case, outcome: Outcome) -> str:
    """Return one sentence that helps with this failed case, or an empty text."""
    try:
        about = about_candidate(exercise, candidate, case)
    except Exception:  # a candidate may answer any question about itself with an error
        about = ""
    if about:
        return about
    if outcome.error is not None:
        return in_words(outcome.error.message)
    try:
        return about_answer(outcome.value, exercise.expected(case), case.inputs)
    except Exception:  # no remark is worth more than the card it stands on
        return ""


def about_candidate(exercise: Exercise, candidate: object, case: Case) -> str:
    """Say what is wrong with the kind of thing that was given, before any of its answers."""
    function = candidate
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isasyncgenfunction(function) or inspect.iscoroutinefunction(function):
        return "`async def` gives something to be awaited, not the answer. Write `def` alone."
    if inspect.isgeneratorfunction(function):
        return "The function has a `yield`, so calling it runs nothing yet. Use `return` instead."
    is_class = inspect.isclass(function)
    if is_class and exercise.kind == "function":
        return (
            f"This is a class, and calling it makes an object. The exercise asks for a function: "
            f"`def {exercise.name}({', '.join(exercise.signature.names)}):`"
        )
    if exercise.kind == "class":
        return "" if is_class else f"The exercise asks for a class: `class {exercise.name}:`"
    return _about_parameters(exercise, candidate, case)


def _about_parameters(exercise: Exercise, candidate: Any, case: Case) -> str:
    names = [name for name in exercise.signature.names if name in case.inputs]
    try:
        signature = inspect.signature(candidate)
    except (TypeError, ValueError):  # as for many functions that are written in C
        return ""
    try:
        signature.bind(*names)
    except TypeError:
        given = f"{len(names)} value{'s' if len(names) != 1 else ''}"
        return f"It is called with {given}, ({', '.join(names)}); yours takes {_takes(signature)}."
    return ""


def _takes(signature: inspect.Signature) -> str:
    names: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not any(
            name.startswith("*") for name in names
        ):
            names.append("*")
        names.append(str(parameter.replace(default=parameter.empty, annotation=parameter.empty)))
    return f"({', '.join(names)})" if names else "none"


def about_answer(got: object, expected: object, inputs: Mapping[str, Any]) -> str:
    """Say how a wrong answer relates to the expected one or to an input."""
    for name, value in inputs.items():
        if (
            type(value) is type(got)
            and not isinstance(got, bool | int | float)
            and value is not got
        ):
            same = _equal(got, value)
            if same:
                return f"This is the input `{name}`, unchanged."
    if isinstance(expected, Mapping | tuple):
        return _about_items(got, expected, inputs)
    left, right = as_array(got), as_array(expected)
    if left is None or right is None or left.size == 0 or right.size == 0:
        return _about_sequence(got, expected)
    if left.shape != right.shape:
        if left.ndim == right.ndim >= 2 and _close(np.swapaxes(left, -1, -2), right):
            return "These are the right entries with the last two axes swapped."
        return _about_sequence(got, expected)
    with np.errstate(all="ignore"):
        return next((text for text in (rule(left, right) for rule in _RULES) if text), "")


def _about_items(got: Any, expected: Any, inputs: Mapping[str, Any]) -> str:
    """Return what is seen in the first item, or the first entry of a dictionary, that differs."""
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping) or set(got) != set(expected):
            return ""
        triples = [(str(key), got[key], expected[key]) for key in expected]
    else:
        if not isinstance(got, list | tuple) or len(got) != len(expected):
            return _about_sequence(got, expected)
        pairs = zip(got, expected, strict=True)
        triples = [(f"item {place}", left, right) for place, (left, right) in enumerate(pairs)]
    for name, left, right in triples:
        if Close().difference(left, right) is None:
            continue
        seen = about_answer(left, right, inputs)
        return f"{name}: {seen}" if seen else ""
    return ""


def _equal(got: Any, value: Any) -> bool:
    left, right = as_array(got), as_array(value)
    if left is not None and right is not None:
        return left.size > 1 and left.shape == right.shape and bool(np.array_equal(left, right))
    plain = isinstance(got, str | bytes | list) and len(got) > 1
    return bool(plain and got == value)


def _about_sequence(got: Any, expected: Any) -> str:
    texts = isinstance(got, str) and isinstance(expected, str)
    if not texts and not (isinstance(got, list | tuple) and isinstance(expected, list | tuple)):
        return ""
    piece = "character" if texts else "item"
    try:
        left, right = list(got), list(expected)
        if len(left) == len(right) - 1 and left == right[:-1]:
            return f"Only the last {piece} is missing."
        if len(left) == len(right) - 1 and left == right[1:]:
            return f"Only the first {piece} is missing."
        if len(left) == len(right) + 1 and left[:-1] == right:
            return f"Only the last {piece} is too much."
        if len(left) == len(right) > 1 and left == right[::-1]:
            return "The right answer, in reverse order."
    except (ValueError, RuntimeError):  # tensors among the items have no single truth value
        return ""
    return ""


def _close(left: NDArray[Any], right: NDArray[Any]) -> bool:
    return left.shape == right.shape and bool(
        np.allclose(left, right, rtol=1e-4, atol=1e-6, equal_nan=True)
    )


def _inverted(left: NDArray[Any], right: NDArray[Any]) -> str:
    if left.dtype.kind == right.dtype.kind == "b" and left.size > 1 and (left != right).all():
        return "True and False are exchanged everywhere."
    return ""


def _not_finite(left: NDArray[Any], right: NDArray[Any]) -> str:
    if left.dtype.kind not in "fc" or np.isnan(right).any() or not np.isnan(left).any():
        return ""
    return (
        "nan comes from 0/0, inf - inf or 0 * inf. Look for a sum that can be 0, an `exp` that "
        "overflows, or a row that is masked completely."
    )


def _scaled(left: NDArray[Any], right: NDArray[Any]) -> str:
    if not _are_numbers(left, right) or not (right != 0).any() or left.size < 2:
        return ""
    place = np.unravel_index(int(np.argmax(np.abs(right))), right.shape)
    factor = float(left[place] / right[place])
    if not np.isfinite(factor) or factor == 0 or not _close(left / factor, right):
        return ""
    if factor == -1:
        return "Every entry has the wrong sign."
    times = f"{readable(factor)} times" if factor >= 1 else f"1/{readable(1 / factor)} of"
    if factor < 0:
        times = f"{readable(factor)} times"
    return f"Every entry is {times} the expected one."


def _shifted(left: NDArray[Any], right: NDArray[Any]) -> str:
    if not _are_numbers(left, right) or left.size < 2:
        return ""
    gap = float((left.astype(np.float64) - right).flat[0])
    if not np.isfinite(gap) or not _close(left - gap, right.astype(np.float64)):
        return ""
    return f"Every entry is {readable(abs(gap))} too {'large' if gap > 0 else 'small'}."


def _reordered(left: NDArray[Any], right: NDArray[Any]) -> str:
    if left.size < 3 or left.dtype.kind == "b" or "c" in left.dtype.kind + right.dtype.kind:
        return ""
    if left.ndim == 1 and _close(left[::-1], right):
        return "The right answer, in reverse order."
    if left.ndim == 2 and left.shape[0] == left.shape[1] and _close(left.T, right):
        return "The right answer, with rows and columns exchanged."
    if left.ndim == 1 and _close(left[:-1], right[1:]):
        return "All entries stand one place too early."
    if left.ndim == 1 and _close(left[1:], right[:-1]):
        return "All entries stand one place too late."
    if _close(np.sort(left, axis=None), np.sort(right, axis=None)):
        return "The right entries, in another order."
    return ""


def _nearly(left: NDArray[Any], right: NDArray[Any]) -> str:
    if not _are_numbers(left, right) or right.dtype.kind != "f" or not (right != 0).any():
        return ""
    size = np.abs(right) + 1e-3 * float(np.abs(right).max())
    worst = float((np.abs(left - right) / size).max())
    if not worst < _CLOSE:
        return ""
    return (
        f"All entries are close, the worst {100 * worst:.2g} % off. Is something rounded, held in "
        "16 bits, or an epsilon in another place?"
    )


def _are_numbers(left: NDArray[Any], right: NDArray[Any]) -> bool:
    numeric = left.dtype.kind in "iuf" and right.dtype.kind in "iuf"
    return numeric and bool(np.isfinite(left).all() and np.isfinite(right).all())


_RULES: tuple[Callable[[NDArray[Any], NDArray[Any]], str], ...] = (
    _inverted,
    _not_finite,
    _scaled,
    _shifted,
    _reordered,
    _nearly,
)
