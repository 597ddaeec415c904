"""Turn whatever a learner's code returns into plain data that is safe to compare and to show.

The copy is made of exact types (``list``, not a subclass of it), so that no method of the learner's
runs afterwards. What is not plain data becomes an empty stand-in whose type has the same name.
"""

import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_lib.grading.inspection import functions_of

_MOST_ENTRIES = 20_000_000
_MOST_ITEMS = 200_000
_MOST_DEPTH = 40
_MOST_DIGITS = 1_000
_BITS_PER_DIGIT = 3.33


class AnswerTooLargeError(Exception):
    """The answer has more entries than any exercise asks for, or is nested without end."""


def settled(value: object, *, keep_graph: bool = False) -> Any:
    """Return a plain copy of an answer; raise :class:`AnswerTooLargeError` where it is too large.

    With ``keep_graph`` tensors stay what they are, so that gradients can still be taken.

    >>> settled((1, {"a": range(2)}))[1]["a"].__class__.__name__
    'range'
    """
    return _Copy(keep_graph).of(value, 0)


def settling(candidate: Any) -> Callable[..., Any]:
    """Return a function that calls the candidate and settles what it returns, graphs kept."""

    def call(*arguments: Any, **options: Any) -> Any:
        return settled(candidate(*arguments, **options), keep_graph=True)

    # Errors name the lines of the innermost function; where there is none, no line at all.
    inner = [item for item in functions_of(candidate) if type(item) is types.FunctionType]
    call.__wrapped__ = inner[0] if len(inner) == 1 else _nowhere  # type: ignore[attr-defined]
    return call


_nowhere = types.FunctionType(compile("None", "<no source>", "eval"), {})


def stand_in(type_name: str) -> object:
    """Return an empty object whose type has this name: ``describe`` then names it."""

    def shown(_: object) -> str:
        return f"a value of type {type_name}"

    return types.new_class(type_name, exec_body=lambda body: body.update(__repr__=shown))()


class _Copy:
    def __init__(self, keep_graph: bool) -> None:
        self.items = 0
        self.keep_graph = keep_graph

    def of(self, value: object, depth: int) -> Any:
        self.items += 1
        if self.items > _MOST_ITEMS:
            raise AnswerTooLargeError(f"it holds more than {_MOST_ITEMS:,} items")
        if depth > _MOST_DEPTH:
            raise AnswerTooLargeError(f"it is nested more than {_MOST_DEPTH} deep")
        kind = type(value)
        if value is None or value is ... or kind in (bool, range):
            return value
        if issubclass(kind, str | bytes | int | float | complex):
            return _scalar(value)
        if issubclass(kind, Tensor | np.ndarray | np.generic):
            return _array(value, kind, keep_graph=self.keep_graph)
        return self._container(value, kind, depth)

    def _container(self, value: Any, kind: type, depth: int) -> Any:
        for plain in (list, tuple, set, frozenset):
            if issubclass(kind, plain):
                if plain.__len__(value) > _MOST_ITEMS:
                    raise AnswerTooLargeError(f"it holds {plain.__len__(value):,} items")
                items = [self.of(item, depth + 1) for item in plain.__iter__(value)]
                return plain(items)
        if issubclass(kind, dict):
            return self._mapping(dict.items(value), depth)
        if issubclass(kind, Mapping):
            return self._mapping(value.items(), depth)
        if issubclass(kind, types.CoroutineType):
            value.close()  # or Python warns that it was never awaited
        return stand_in(kind.__name__)

    def _mapping(self, pairs: Any, depth: int) -> dict[Any, Any]:
        return {self.of(key, depth + 1): self.of(item, depth + 1) for key, item in pairs}


def _scalar(value: Any) -> Any:
    if isinstance(value, str | bytes):
        text = _text(value)
        if len(text) > _MOST_ENTRIES:
            raise AnswerTooLargeError(f"it is {len(text):,} characters long")
        return text
    if isinstance(value, int):
        number = int.__index__(value) if type(value) is not int else value
        if number.bit_length() > _MOST_DIGITS * _BITS_PER_DIGIT:
            raise AnswerTooLargeError(f"it is an integer of more than {_MOST_DIGITS:,} digits")
        return number
    if type(value) in (float, complex):
        return value
    return float.__add__(value, 0.0) if isinstance(value, float) else complex.__add__(value, 0j)


def _text(value: str | bytes) -> str | bytes:
    if isinstance(value, str):
        return str.__getitem__(value, slice(None))
    return bytes.__getitem__(value, slice(None))


def _array(value: Any, kind: type, *, keep_graph: bool) -> Any:
    with torch._C.DisableTorchFunctionSubclass():
        entries = Tensor.numel(value) if issubclass(kind, Tensor) else int(value.size)
        if entries > _MOST_ENTRIES:
            shape = list(value.shape)
            raise AnswerTooLargeError(f"it has the shape {shape}: {entries:,} entries")
        if not issubclass(kind, Tensor):
            if issubclass(kind, np.generic):
                return value if value.dtype.kind in "biufcSU" else stand_in(kind.__name__)
            copied = np.array(value, subok=False, copy=True)
            return copied if copied.dtype.kind in "biufcSU" else stand_in("array of objects")
        return _tensor(value, kind, keep_graph=keep_graph)


def _tensor(value: Tensor, kind: type, *, keep_graph: bool) -> Any:
    if value.is_meta:
        return stand_in("tensor without data (on the device 'meta')")
    if value.is_quantized or value.is_nested:
        return stand_in("quantized tensor" if value.is_quantized else "nested tensor")
    if kind is not Tensor:
        value = Tensor.as_subclass(value, Tensor)
    if keep_graph:
        return value
    dense = value.detach().cpu()
    dense = dense.to_dense() if dense.layout != torch.strided else dense.clone()
    dense = dense.resolve_conj().resolve_neg()
    if dense.dtype.is_floating_point and dense.dtype.itemsize == 1:  # numpy has no 8-bit floats
        return dense.float()
    return dense.to(torch.complex64) if dense.dtype == torch.complex32 else dense
