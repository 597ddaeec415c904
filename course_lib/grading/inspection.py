"""Find the plain functions behind whatever was given, without asking it any question.

An object may answer every ``getattr`` with an error or with itself; only its type is looked at.
"""

import functools
import inspect
import types
from typing import Any

_MADE_IN_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def functions_of(value: Any) -> list[Any]:
    """Return the functions that run when the value is called: of a class, those it defines.

    >>> functions_of(functools.partial(functools.partial(print), 1))
    [<built-in function print>]
    """
    while type(value) is functools.partial:
        value = value.func
    kind = type(value)
    if kind is types.MethodType:
        value, kind = value.__func__, type(value.__func__)
    if issubclass(kind, type):
        return [item for item in vars(value).values() if type(item) is types.FunctionType]
    if kind is types.FunctionType:
        return [_unwrapped(value)]
    if kind in (types.BuiltinFunctionType, types.MethodWrapperType, types.MethodDescriptorType):
        return [value]
    for owner in kind.__mro__:
        call = vars(owner).get("__call__")
        if type(call) is types.FunctionType:
            return [_unwrapped(call)]
    return []


def _unwrapped(function: Any) -> Any:
    try:
        found = inspect.unwrap(function, stop=lambda f: type(f) is not types.FunctionType)
    except Exception:  # a chain of wrappers without an end
        return function
    return found if type(found) is types.FunctionType else function


def is_builtin_class(value: object) -> bool:
    """Tell whether this is a class that is not written in Python, as ``int`` is."""
    return isinstance(value, type) and not value.__flags__ & _MADE_IN_PYTHON
