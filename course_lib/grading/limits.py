"""A soft time limit for code that runs in this process."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class TimeLimitExceededError(BaseException):
    """The code took too long. Not an ``Exception``, so that ``except Exception`` lets it pass."""


@contextmanager
def time_limit(seconds: float, *, source_file: str = "") -> Iterator[None]:
    """Raise :class:`TimeLimitExceededError` in the code under ``with`` after so many seconds.

    A timer signal where there is one (main thread on Linux and macOS); elsewhere the lines of
    ``source_file`` are traced. Neither can interrupt one long call into compiled code.
    """
    if seconds <= 0:
        raise ValueError(f"seconds must be > 0, got {seconds}")
    in_main_thread = threading.current_thread() is threading.main_thread()
    if hasattr(signal, "setitimer") and in_main_thread:
        with _alarm(seconds):
            yield
    else:
        with _traced(seconds, source_file):
            yield


class _Stop:
    """The signal's handler; once disarmed it does nothing, so that a late signal does no harm."""

    def __init__(self) -> None:
        self.armed = True

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        if self.armed:
            raise TimeLimitExceededError


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    stop = _Stop()
    earlier_handler = signal.signal(signal.SIGALRM, stop)
    earlier_delay, earlier_interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        stop.armed = False
        signal.setitimer(signal.ITIMER_REAL, earlier_delay, earlier_interval)
        signal.signal(signal.SIGALRM, earlier_handler)


@contextmanager
def _traced(seconds: float, source_file: str) -> Iterator[None]:
    deadline = time.monotonic() + seconds

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        if source_file and frame.f_code.co_filename != source_file:
            return None
        if time.monotonic() > deadline:
            raise TimeLimitExceededError
        return trace

    earlier = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(earlier)
