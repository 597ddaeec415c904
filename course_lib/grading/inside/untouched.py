"""Is it still the stub? Judged by what the compiled code can do, not by how it looks."""

import dis
import inspect
import textwrap
import types

from course_lib.grading.inside.calls import code_of

# What the bytecode of an empty body may hold, in the Python versions that are supported.
_IDLE_STEPS = frozenset(
    (
        *("RESUME", "NOP", "CACHE", "POP_TOP", "PUSH_NULL", "PRECALL", "CALL", "NOT_TAKEN"),
        *("LOAD_CONST", "LOAD_GLOBAL", "LOAD_COMMON_CONSTANT", "COPY_FREE_VARS"),
        *("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS"),
    )
)


def is_untouched(candidate: object, stub: str) -> bool:
    """Tell whether this is the stub as it was given (its source), or nothing at all.

    >>> is_untouched(lambda x: ..., "def f(x): ...")
    True
    >>> is_untouched(lambda x: x, "def f(x): ...")
    False
    """
    if candidate is None or candidate is ...:
        return True
    functions = list(vars(candidate).values()) if inspect.isclass(candidate) else [candidate]
    codes = [code for code in map(code_of, functions) if code is not None]
    if not codes:
        return inspect.isclass(candidate) and candidate.__bases__ == (object,)
    return all(_does_nothing(code) for code in codes) or _is_stub(codes, stub)


def _does_nothing(code: types.CodeType) -> bool:
    """Tell whether a body is only ``...``, ``pass``, a docstring or ``raise NotImplementedError``.

    Judged by what the compiled body can do, so that comments and docstrings do not matter.
    """
    steps = list(dis.get_instructions(code))
    if not all(step.opname in _IDLE_STEPS for step in steps):
        return False
    if code.co_names:
        return code.co_names == ("NotImplementedError",)
    loaded = [step.argval for step in steps if step.opname in ("LOAD_CONST", "RETURN_CONST")]
    return all(value is None or value is ... for value in loaded)


def _is_stub(codes: list[types.CodeType], stub: str) -> bool:
    module = compile(textwrap.dedent(stub), "stub", "exec")
    ours = {_fingerprint(code) for code in _functions_in(module)}
    return {_fingerprint(code) for code in codes} == ours


def _functions_in(code: types.CodeType) -> list[types.CodeType]:
    inner = [item for item in code.co_consts if isinstance(item, types.CodeType)]
    found = [item for item in inner if "__module__" not in item.co_names]
    return found + [deep for item in inner if item not in found for deep in _functions_in(item)]


def _fingerprint(code: types.CodeType) -> tuple[tuple[str, str], ...]:
    return tuple((step.opname, step.argrepr) for step in dis.get_instructions(code))
