"""Processes that mark side by side, each with its own sandbox; one that ends costs no other."""

import ctypes
import multiprocessing
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from course_lib.exercises import chapters
from course_lib.grading.classroom.marking import Runner, Work, mark_submission
from course_lib.grading.classroom.results import SubmissionMarks
from course_lib.grading.isolation import SandboxUnavailableError

MakeRunner = Callable[[], AbstractContextManager[Runner]]
_SECONDS_TO_STOP = 1.5
_SECONDS_TO_START = 600.0
_SECONDS_TO_LOAD = 120.0
_CASES = 40
_PR_SET_PDEATHSIG = 1


@dataclass
class _Job:
    process: BaseProcess
    pipe: Connection
    work: Work | None = None
    is_ready: bool = False
    deadline: float = 0.0


@dataclass(frozen=True)
class Marked:
    """One work with its marks, or with the trouble that the grader itself had with it."""

    work: Work
    marks: SubmissionMarks | None
    trouble: str = ""


def mark_all(
    works: Iterable[Work], make_runner: MakeRunner, *, jobs: int, notes: set[str] | None = None
) -> Generator[Marked, None, None]:
    """Mark all works in ``jobs`` processes and yield each as soon as it is done.

    The works are taken one by one, so that few are in memory at a time. A work whose process ends
    is tried once more. What the sandboxes have to tell is added to ``notes``. Raises
    :class:`SandboxUnavailableError` where no sandbox can be had. All processes have ended when
    this generator has, also after an error or an interruption.
    """
    pool = _Pool(make_runner, set() if notes is None else notes)
    waiting, retries = iter(works), list[Work]()
    tried: set[tuple[str, str, str]] = set()
    exhausted = False
    try:
        while True:
            while len(pool.busy()) < jobs and not (exhausted and not retries):
                work = retries.pop() if retries else next(waiting, None)
                if work is None:
                    exhausted = True
                    break
                pool.start(work)
            if not pool.busy():
                return
            for job, answer in pool.answers():
                work = job.work
                job.work = None
                assert work is not None
                kind, text = answer
                if kind == "marks":
                    yield Marked(work, SubmissionMarks.from_json(text))
                elif kind == "unavailable":
                    raise SandboxUnavailableError(text)
                elif kind == "trouble":
                    yield Marked(work, None, text)
                else:
                    name = (work.student, work.chapter, work.file)
                    if name in tried:
                        yield Marked(work, None, f"{text}, and again when it was tried once more")
                    else:
                        tried.add(name)
                        retries.append(work)
    finally:
        pool.stop()


class _Pool:
    def __init__(self, make_runner: MakeRunner, notes: set[str]) -> None:
        self._make_runner = make_runner
        self._notes = notes
        self._jobs: list[_Job] = []
        # Forked, a job has torch at once. The sums of a job need no threads, so none can hang.
        self._is_forked = sys.platform == "linux"
        self._context: Any = multiprocessing.get_context("fork" if self._is_forked else "spawn")

    def busy(self) -> list[_Job]:
        return [job for job in self._jobs if job.work is not None]

    def start(self, work: Work) -> None:
        """Give the work to a job that waits, or to a new one."""
        job = next((job for job in self._jobs if job.work is None), None) or self._new()
        job.work = work
        job.deadline = time.monotonic() + _SECONDS_TO_START
        if job.is_ready:
            self._send(job)

    def _new(self) -> _Job:
        ours, theirs = self._context.Pipe()
        others = [job.pipe for job in self._jobs] if self._is_forked else []
        process = self._context.Process(
            target=_serve,
            args=(theirs, self._make_runner, [*others, ours] if self._is_forked else []),
            daemon=True,
        )
        job = _Job(process, ours)
        self._jobs.append(job)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
            process.start()
        theirs.close()
        return job

    def _send(self, job: _Job) -> None:
        assert job.work is not None
        job.deadline = time.monotonic() + _seconds_for(job.work)
        with suppress(OSError):  # it has ended: the next look finds the pipe closed
            job.pipe.send(job.work)

    def answers(self) -> Iterator[tuple[_Job, tuple[str, str]]]:
        """Wait for something to happen; yield the jobs that are done with their work."""
        busy = self.busy()
        seconds = max(0.0, min(job.deadline for job in busy) - time.monotonic())
        ready = wait([job.pipe for job in busy], timeout=seconds)
        for job in busy:
            if job.pipe in ready:
                try:
                    answer: tuple[str, str] = job.pipe.recv()
                except (EOFError, OSError):
                    self._end(job)
                    yield job, ("ended", f"the process that graded it {_ending(job.process)}")
                    continue
                if answer[0] == "ready":
                    job.is_ready = True
                    self._notes.update({answer[1]} - {""})
                    self._send(job)
                    continue
                if answer[0] != "marks":
                    self._end(job)
                yield job, answer
            elif time.monotonic() > job.deadline:
                self._end(job)
                yield job, ("ended", "grading it took too long")

    def _end(self, job: _Job) -> None:
        self._jobs.remove(job)
        _stop([job])

    def stop(self) -> None:
        jobs, self._jobs = self._jobs, []
        _stop(jobs)


def _stop(jobs: list[_Job]) -> None:
    """End the jobs: idle ones on the closed pipe, the others by a signal, then by force."""
    for job in jobs:
        with suppress(OSError):
            job.pipe.close()
        if job.process.pid is not None:
            job.process.terminate()
    deadline = time.monotonic() + _SECONDS_TO_STOP
    for job in jobs:
        if job.process.pid is None:
            continue
        job.process.join(max(0.0, deadline - time.monotonic()))
        if job.process.is_alive():
            job.process.kill()
            job.process.join(_SECONDS_TO_STOP)


def _ending(process: BaseProcess) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        return f"was ended by signal {-code}"
    return "ended unexpectedly"


def _seconds_for(work: Work) -> float:
    """More than all limits of the sandbox together: only a fault of the grader takes so long.

    The cases are not counted, as that would make them, and this process must not use torch: a job
    forked from it could wait for threads that it has not.
    """
    exercises = chapters().get(work.chapter, ())
    return 120 + sum(_SECONDS_TO_LOAD + _CASES * e.seconds_per_case for e in exercises)


def _serve(pipe: Connection, make_runner: MakeRunner, to_close: list[Connection]) -> None:
    """The job: mark what comes through the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the grader says when to end
    signal.signal(signal.SIGTERM, _interrupt)
    for other in to_close:
        other.close()
    _end_with_parent()
    import torch

    torch.set_num_threads(1)
    with suppress(EOFError, KeyboardInterrupt, BrokenPipeError, ConnectionError):
        try:
            with make_runner() as runner:
                pipe.send(("ready", getattr(runner, "note", "")))
                while True:
                    work = pipe.recv()
                    pipe.send(("marks", mark_submission(runner, work).to_json()))
        except SandboxUnavailableError as error:
            pipe.send(("unavailable", str(error)))
        except (EOFError, ConnectionError):
            return
        except Exception as error:
            pipe.send(("trouble", _where(error)))


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    """Ask Linux to end this process when the grader has ended, whatever ended it."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _where(error: BaseException) -> str:
    """Name an error of our own without its message, which might hold what a submission says."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"the grader itself failed ({type(error).__name__}{place}); please report this"
