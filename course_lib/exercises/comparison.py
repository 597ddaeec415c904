"""Comparators: say in words where an answer first differs from what is expected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from course_lib.exercises.calling import GRADIENT_OF
from course_lib.exercises.values import as_array, describe, is_array_like, is_half, readable

_KINDS = {"b": "bool", "i": "integer", "u": "integer", "f": "float", "c": "complex"}
_HALF_SLACK = 8e-3
_GRADIENT_SLACK = 1e-4


@runtime_checkable
class Comparator(Protocol):
    """Compares an answer with the expected value."""

    def difference(self, got: object, expected: object) -> str | None:
        """Return the first difference in words, or ``None`` where the two agree."""
        ...


@dataclass(frozen=True)
class Close:
    """Numbers agree where ``|got - expected| <= atol + rtol * |expected|``; the rest exactly.

    Lists, tuples and dictionaries are compared entry by entry; a tensor, an array and a list of
    numbers are the same thing. ``check_dtype`` asks for the same kind of number (bool, integer,
    float), never for the same width. 16-bit floats are given the slack their rounding needs, and
    gradients that of their largest entry, since they are sums of many terms.
    """

    atol: float = 1e-5
    rtol: float = 1e-4
    check_dtype: bool = False

    def __post_init__(self) -> None:
        if self.atol < 0 or self.rtol < 0:
            raise ValueError(f"atol and rtol must be >= 0, got {self.atol} and {self.rtol}")

    def difference(self, got: object, expected: object) -> str | None:
        """Return the first difference in words, or ``None`` where the two agree."""
        return _difference(got, expected, self, "")


@dataclass(frozen=True)
class Exact:
    """Everything agrees exactly; ``check_dtype`` as in :class:`Close`."""

    check_dtype: bool = False

    def difference(self, got: object, expected: object) -> str | None:
        """Return the first difference in words, or ``None`` where the two agree."""
        return _difference(got, expected, Close(0.0, 0.0, self.check_dtype), "")


@dataclass(frozen=True)
class SameText:
    """Two texts agree character by character; ``strip`` forgives white space at the ends."""

    strip: bool = False

    def difference(self, got: object, expected: object) -> str | None:
        """Return the first difference in words, or ``None`` where the two agree."""
        if not isinstance(got, str) or not isinstance(expected, str):
            return f"expected a text, got {describe(got)}"
        left, right = (got.strip(), expected.strip()) if self.strip else (got, expected)
        return _text_difference(left, right, "")


@dataclass(frozen=True)
class SamePartition:
    """Two sequences of labels put the same positions together, whatever the labels are called."""

    def difference(self, got: object, expected: object) -> str | None:
        """Return the first difference in words, or ``None`` where the two agree."""
        left, right = as_array(got), as_array(expected)
        if left is None or right is None or left.ndim != 1:
            return f"expected a sequence of group numbers, got {describe(got)}"
        if len(left) != len(right):
            return f"expected {len(right)} group numbers, got {len(left)}"
        theirs, ours = _first_seen(left.tolist()), _first_seen(right.tolist())
        for position, (a, b) in enumerate(zip(theirs, ours, strict=True)):
            if a == b:
                continue
            partner, verb = (b, "belongs with") if b < position else (a, "does not belong with")
            return f"position {position} {verb} position {partner}"
        return None


@dataclass(frozen=True)
class SameSet:
    """Two collections hold the same items, in any order, each as often."""

    def difference(self, got: object, expected: object) -> str | None:
        """Return the first difference in words, or ``None`` where the two agree."""
        if not isinstance(got, list | tuple | set | frozenset):
            return f"expected a collection, got {describe(got)}"
        if not isinstance(expected, list | tuple):
            raise TypeError(f"expected must be a list or a tuple, got {type(expected).__name__}")
        left = sorted(readable(item) for item in got)
        right = sorted(readable(item) for item in expected)
        for item in right:
            if left.count(item) < right.count(item):
                return f"missing: {item}"
        for item in left:
            if left.count(item) > right.count(item):
                return f"not expected: {item}"
        return None


def _first_seen(labels: Sequence[object]) -> list[int]:
    first: dict[object, int] = {}
    return [first.setdefault(label, position) for position, label in enumerate(labels)]


def _difference(got: object, expected: object, rule: Close, where: str) -> str | None:
    prefix = f"{where}: " if where else ""
    if expected is None or got is None or got is ...:
        if got is expected:
            return None
        if got is None:
            return f"{prefix}nothing was returned (None); is a `return` missing?"
        return f"{prefix}expected {describe(expected)}, got {describe(got)}"
    if isinstance(expected, str):
        if not isinstance(got, str):
            return f"{prefix}expected a text, got {describe(got)}"
        return _text_difference(got, expected, prefix)
    if isinstance(expected, bytes):
        same = isinstance(got, bytes) and got == expected
        return None if same else f"{prefix}the bytes differ"
    if isinstance(expected, Mapping):
        return _mapping_difference(got, expected, rule, where)
    if is_array_like(expected) and not _holds_tensors(expected):
        return _array_difference(got, expected, rule, prefix)
    if isinstance(expected, list | tuple):
        return _sequence_difference(got, expected, rule, where)
    raise TypeError(f"expected must be plain data, got {type(expected).__name__}")


def _holds_tensors(value: object) -> bool:
    """Tell whether this is a list of tensors with axes, which are compared one by one."""
    return isinstance(value, list) and any(
        isinstance(item, Tensor | np.ndarray) and item.ndim > 0 for item in value
    )


def _mapping_difference(
    got: object, expected: Mapping[Any, Any], rule: Close, where: str
) -> str | None:
    prefix = f"{where}: " if where else ""
    if not isinstance(got, Mapping):
        return f"{prefix}expected a dictionary, got {describe(got)}"
    for key in expected:
        if key not in got:
            return f"{prefix}the key {key!r} is missing"
    for key in got:
        if key not in expected:
            return f"{prefix}the key {key!r} is not expected"
    has_gradients = any(str(key).startswith(GRADIENT_OF) for key in expected)
    for key, item in expected.items():
        part = str(key) if has_gradients else f"key {key!r}"
        found = _difference(got[key], item, rule, f"{where}, {part}" if where else part)
        if found:
            return found
    return None


def _sequence_difference(
    got: object, expected: list[Any] | tuple[Any, ...], rule: Close, where: str
) -> str | None:
    prefix = f"{where}: " if where else ""
    kind = type(expected).__name__
    if isinstance(expected, list) and isinstance(got, Tensor | np.ndarray) and got.ndim:
        got = list(got)  # a stacked answer
    if not isinstance(got, list | tuple):
        return f"{prefix}expected a {kind} of {_items(len(expected))}, got {describe(got)}"
    if len(got) != len(expected):
        return f"{prefix}expected {_items(len(expected))}, got {len(got)}"
    for index, (left, right) in enumerate(zip(got, expected, strict=True)):
        found = _difference(
            left, right, rule, f"{where}, item {index}" if where else f"item {index}"
        )
        if found:
            return found
    return None


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _text_difference(got: str, expected: str, prefix: str) -> str | None:
    if got == expected:
        return None
    shared = zip(got, expected, strict=False)
    place = next((i for i, (a, b) in enumerate(shared) if a != b), min(len(got), len(expected)))
    left = repr(got[place : place + 20]) if place < len(got) else "the end"
    right = repr(expected[place : place + 20]) if place < len(expected) else "the end"
    return f"{prefix}at character {place}: got {left}, expected {right}"


def _array_difference(got: object, expected: object, rule: Close, prefix: str) -> str | None:
    right = as_array(expected)
    left = as_array(got)
    lists = isinstance(expected, list) and isinstance(got, list | tuple)
    if right is None or (left is None and lists):  # one is ragged: compare item by item
        where = prefix.removesuffix(": ")
        return _sequence_difference(got, list(expected), rule, where)  # type: ignore[call-overload]
    if left is None:
        return f"{prefix}expected {describe(expected)}, got {describe(got)}"
    if left.shape != right.shape and lists and left.ndim == right.ndim == 1:
        return f"{prefix}expected {_items(len(right))}, got {len(left)}"
    if left.shape != right.shape:
        return prefix + _shape_difference(left.shape, right.shape)
    kinds = _KINDS.get(left.dtype.kind, "?"), _KINDS.get(right.dtype.kind, "?")
    if rule.check_dtype and kinds[0] != kinds[1]:
        return f"{prefix}dtype: expected {right.dtype}, got {left.dtype}"
    if prefix.startswith(GRADIENT_OF) and right.size:
        if right.any() and not left.any():
            return (
                f"{prefix}all zeros: the result does not depend on it or is cut off from the graph"
            )
        slack = _GRADIENT_SLACK * float(np.abs(right).max())
        rule = replace(rule, atol=max(rule.atol, slack), rtol=max(rule.rtol, _GRADIENT_SLACK))
    slack = _HALF_SLACK if is_half(got) and rule.rtol > 0 else 0.0
    return _entry_difference(left, right, max(rule.atol, slack), max(rule.rtol, slack), prefix)


def _shape_difference(got: tuple[int, ...], expected: tuple[int, ...]) -> str:
    text = f"shape: expected {list(expected)}, got {list(got)}"
    if len(got) == len(expected) and sorted(got) == sorted(expected):
        return text + " (two axes are swapped)"
    if len(got) != len(expected):
        if [n for n in got if n != 1] == [n for n in expected if n != 1]:
            return text + f" ({'an extra' if len(got) > len(expected) else 'a missing'} axis of 1)"
        return text + f" ({len(expected)} axes expected, {len(got)} got)"
    return text


def _entry_difference(
    got: NDArray[Any],
    expected: NDArray[Any],
    atol: float,
    rtol: float,
    prefix: str,
) -> str | None:
    exact = atol == 0 and rtol == 0
    with np.errstate(all="ignore"):
        if exact:
            wrong = ~((got == expected) | ((got != got) & (expected != expected)))
        else:
            wide = np.complex128 if "c" in (got.dtype.kind, expected.dtype.kind) else np.float64
            left, right = got.astype(wide), expected.astype(wide)
            wrong = ~np.isclose(left, right, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return None
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    left_entry, right_entry = got[place].item(), expected[place].item()
    at = f"at {list(place)}: " if place else ""
    text = f"{prefix}{at}got {readable(left_entry)}, expected {readable(right_entry)}"
    if left_entry != left_entry:
        text += " (nan: not a number)"
    elif not isinstance(right_entry, bool | complex) and not isinstance(left_entry, bool | complex):
        text += f", off by {readable(abs(left_entry - right_entry))}"
    if wrong.size > 1:
        text += f"; {int(wrong.sum())} of {wrong.size} entries differ"
    return text
