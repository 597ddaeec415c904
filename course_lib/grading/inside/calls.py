"""One call of a learner's code: quiet, with its own randomness, its errors in words."""

import contextlib
import inspect
import io
import linecache
import random
import re
import types
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from course_lib.grading.inside.families import ForbiddenCallError

ErrorKind = Literal[
    "exception", "time", "call", "unfinished", "crash", "memory", "size", "forbidden"
]
PRINTED_CHARACTERS = 2_000
_SHOWN_MESSAGE = 300
_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "Cannot allocate memory")


@dataclass(frozen=True)
class LearnerError:
    """Why there is no value: kind, one line for people, and the learner's line where known.

    ``exception``: their code raised; ``time``: it took too long; ``call``: it could not be called
    with the exercise's arguments; ``unfinished``: it raised a bare ``NotImplementedError``;
    ``crash``: the process ended; ``memory``: it wanted too much; ``size``: the answer is too large
    to be read; ``forbidden``: it called what the exercise does not allow.
    """

    kind: ErrorKind
    message: str
    line: str = ""
    type_name: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """A value, or an error, and what was printed. An isolated runner returns the same."""

    value: Any = None
    error: LearnerError | None = None
    printed: str = ""


class Printed(io.TextIOBase):
    """Takes what is printed and keeps the beginning, so that a flood costs no memory."""

    def __init__(self, most: int = PRINTED_CHARACTERS) -> None:
        super().__init__()
        self._most = most
        self._kept: list[str] = []
        self._room = most
        self._dropped = False

    def writable(self) -> bool:
        """Tell that one may write."""
        return True

    def write(self, text: str) -> int:
        """Keep as much of the text as there is room for."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        kept = text[: self._room]
        if kept:
            self._kept.append(kept)
            self._room -= len(kept)
        self._dropped = self._dropped or len(kept) < len(text)
        return len(text)

    @property
    def text(self) -> str:
        """What was printed, ending in ``…`` where it was cut."""
        return "".join(self._kept) + ("…" if self._dropped else "")


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread: the cases are small, and the same sums then come out everywhere."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def quiet(printed: Printed) -> Iterator[None]:
    """Keep warnings away and take what is printed."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(printed):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stderr(printed), np.errstate(all="ignore"):
            yield


@contextlib.contextmanager
def own_randomness() -> Iterator[None]:
    """Start from the same random numbers each time, and leave those outside as they were."""
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


def code_of(candidate: object) -> types.CodeType | None:
    """Return the compiled body of a function, also under decorators; ``None`` without one."""
    found = inspect.unwrap(candidate) if callable(candidate) else candidate
    code = getattr(getattr(found, "__func__", found), "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def source_file_of(candidate: object) -> str:
    """Return the file, or the notebook cell, that a function or class was written in."""
    if inspect.isclass(candidate):
        codes = [code_of(item) for item in vars(candidate).values() if inspect.isfunction(item)]
        own = [code.co_filename for code in codes if code is not None]
        return own[0] if own else ""
    code = code_of(candidate)
    return code.co_filename if code is not None else ""


def explain(error: BaseException, parameters: Sequence[str], source_file: str) -> LearnerError:
    """Say in one line what went wrong, and in which line of the learner's own code.

    ``source_file`` is where that code is; a name that ends in a blank stands for all files
    whose names begin so, as ``"cell "``.
    """
    line = _own_line(error, source_file)
    name = type(error).__name__
    message = f"{name}: {_message(error)}".rstrip(": ")
    if isinstance(error, ForbiddenCallError):
        return LearnerError("forbidden", _message(error), line, "ForbiddenCallError")
    if isinstance(error, NotImplementedError) and not error.args:
        return LearnerError("unfinished", message, line, name)
    if isinstance(error, MemoryError) or any(part in message for part in _OUT_OF_MEMORY):
        return LearnerError("memory", message, line, name)
    if isinstance(error, TypeError) and not line:
        wanted = ", ".join(parameters)
        message = f"it cannot be called with ({wanted}). {message}"
        return LearnerError("call", message, line, name)
    return LearnerError("exception", message, line, name)


def _own_line(error: BaseException, source_file: str) -> str:
    line, frame = "", error.__traceback__
    while frame is not None:
        file = frame.tb_frame.f_code.co_filename
        if _is_own(file, source_file):
            source = linecache.getline(file, frame.tb_lineno).strip()
            place = f"{file}, " if file != source_file else ""
            line = f"{place}line {frame.tb_lineno}" + (f": {source}" if source else "")
        frame = frame.tb_next
    return line


def _is_own(file: str, source_file: str) -> bool:
    if source_file.endswith(" "):
        return file.startswith(source_file)
    return bool(source_file) and file == source_file


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be shown)"
    text = re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", " ".join(text.split()))
    return text if len(text) <= _SHOWN_MESSAGE else text[:_SHOWN_MESSAGE] + "…"
