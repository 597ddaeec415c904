"""Run a learner's code in this process: feedback for honest learners, not a sandbox."""

import contextlib
import dis
import inspect
import io
import linecache
import random
import re
import textwrap
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from course_lib.exercises import Case, Exercise, stub_source
from course_lib.exercises.values import clone
from course_lib.grading.limits import TimeLimitExceededError, time_limit
from course_lib.grading.outcomes import LearnerError, Outcome

_AFTER_A_TIMEOUT = 1.0
_SHOWN_PRINTED = 2_000
_SHOWN_MESSAGE = 300
# What the bytecode of an empty body may hold, in the Python versions that are supported.
_IDLE_STEPS = frozenset(
    (
        *("RESUME", "NOP", "CACHE", "POP_TOP", "PUSH_NULL", "PRECALL", "CALL", "NOT_TAKEN"),
        *("LOAD_CONST", "LOAD_GLOBAL", "LOAD_COMMON_CONSTANT", "COPY_FREE_VARS"),
        *("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS"),
    )
)


def run_cases(
    exercise: Exercise, candidate: Callable[..., Any], cases: Sequence[Case]
) -> list[Outcome]:
    """Run the candidate on every case; an error in one leaves the others their chance."""
    outcomes: list[Outcome] = []
    seconds = exercise.seconds_per_case
    with _one_thread():
        for case in cases:
            outcome = _run(exercise, candidate, case, seconds)
            if outcome.error is not None and outcome.error.kind == "time":
                seconds = min(seconds, _AFTER_A_TIMEOUT)
            outcomes.append(outcome)
    return outcomes


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread: the cases are small, and the same sums then come out everywhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _run(exercise: Exercise, candidate: Callable[..., Any], case: Case, seconds: float) -> Outcome:
    printed = io.StringIO()
    source_file = _source_file(candidate)
    try:
        with _quiet(printed), _own_randomness(), time_limit(seconds, source_file=source_file):
            value = exercise.run(candidate, case.inputs)
            value = clone(value)
    except TimeLimitExceededError:
        message = f"still running after {seconds:g} s. Does every loop come to an end?"
        return Outcome(error=LearnerError("time", message), printed=_shown(printed))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Outcome(error=_explain(error, exercise, source_file), printed=_shown(printed))
    return Outcome(value=value, printed=_shown(printed))


@contextlib.contextmanager
def _quiet(printed: io.StringIO) -> Iterator[None]:
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stderr(printed), np.errstate(all="ignore"):
            yield


@contextlib.contextmanager
def _own_randomness() -> Iterator[None]:
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


def _shown(printed: io.StringIO) -> str:
    text = printed.getvalue()
    return text if len(text) <= _SHOWN_PRINTED else text[:_SHOWN_PRINTED] + "…"


def _code_of(candidate: object) -> types.CodeType | None:
    found = inspect.unwrap(candidate) if callable(candidate) else candidate
    code = getattr(getattr(found, "__func__", found), "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def _source_file(candidate: object) -> str:
    if inspect.isclass(candidate):
        codes = [_code_of(item) for item in vars(candidate).values() if inspect.isfunction(item)]
        own = [code.co_filename for code in codes if code is not None]
        return own[0] if own else ""
    code = _code_of(candidate)
    return code.co_filename if code is not None else ""


def _explain(error: BaseException, exercise: Exercise, source_file: str) -> LearnerError:
    line, frame = "", error.__traceback__
    while frame is not None:
        code = frame.tb_frame.f_code
        if source_file and code.co_filename == source_file:
            source = linecache.getline(source_file, frame.tb_lineno).strip()
            line = f"line {frame.tb_lineno}: {source}" if source else f"line {frame.tb_lineno}"
        frame = frame.tb_next
    name = type(error).__name__
    message = f"{name}: {_message(error)}".rstrip(": ")
    if isinstance(error, NotImplementedError) and not error.args:
        return LearnerError("unfinished", message, line, name)
    if isinstance(error, TypeError) and not line:
        wanted = ", ".join(exercise.signature.names)
        message = f"it cannot be called with ({wanted}). {message}"
        return LearnerError("call", message, line, name)
    return LearnerError("exception", message, line, name)


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be shown)"
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", " ".join(text.split()))
    return text if len(text) <= _SHOWN_MESSAGE else text[:_SHOWN_MESSAGE] + "…"


def is_untouched(exercise: Exercise, candidate: object) -> bool:
    """Tell whether this is the stub as it was given, or nothing at all."""
    if candidate is None or candidate is ...:
        return True
    functions = list(vars(candidate).values()) if inspect.isclass(candidate) else [candidate]
    codes = [code for code in map(_code_of, functions) if code is not None]
    if not codes:
        return inspect.isclass(candidate) and candidate.__bases__ == (object,)
    return all(_does_nothing(code) for code in codes) or _is_stub(exercise, codes)


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


def _is_stub(exercise: Exercise, codes: list[types.CodeType]) -> bool:
    module = compile(textwrap.dedent(stub_source(exercise.id)), "stub", "exec")
    ours = {_fingerprint(code) for code in _functions_in(module)}
    return {_fingerprint(code) for code in codes} == ours


def _functions_in(code: types.CodeType) -> list[types.CodeType]:
    inner = [item for item in code.co_consts if isinstance(item, types.CodeType)]
    found = [item for item in inner if "__module__" not in item.co_names]
    return found + [deep for item in inner if item not in found for deep in _functions_in(item)]


def _fingerprint(code: types.CodeType) -> tuple[tuple[str, str], ...]:
    return tuple((step.opname, step.argrepr) for step in dis.get_instructions(code))
