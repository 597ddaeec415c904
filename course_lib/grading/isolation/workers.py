"""The worker of a sandbox and the children it makes: start, replace, end."""

import re
import time
from pathlib import Path
from typing import Any

from course_lib.grading.inside.banning import places_of
from course_lib.grading.inside.families import modules_of
from course_lib.grading.isolation.command import SandboxUnavailableError
from course_lib.grading.isolation.limits import Limits
from course_lib.grading.isolation.link import DeadlineError, Line, LostError, WorkerProcess

REQUEST_BYTES = 256 << 20
SECONDS_TO_READ = 60.0
# A child that computes but gets no processor may take this many times its limit by the clock.
_MOST_PATIENCE = 6
_OPTIMIZERS = re.compile(r"\boptim\b")


class Workers:
    """At most one running worker, replaced when it is lost."""

    def __init__(self, limits: Limits, *, trusted: bool, log: Path | None) -> None:
        self.limits = limits
        self.mode = "plain" if trusted else "nested"
        self._log = log
        self._worker: WorkerProcess | None = None
        self._has_optimizers = False

    def start(self) -> None:
        """Start a worker, if none runs and one can serve more than one attempt."""
        if self._worker is not None or self.mode == "once":
            return
        size = self.limits.tmp_bytes
        worker = WorkerProcess(self.mode, tmp_bytes=size, log=self._log)
        self._has_optimizers = False
        if worker.is_able:
            self._worker = worker
        else:  # no name spaces in name spaces here: each attempt has a bubblewrap of its own
            worker.close()
            self.mode = "once"

    def close(self) -> None:
        """End the worker and all it runs."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def open(self, request: dict[str, Any]) -> "Session":
        """Start a child with this request; a worker that is lost is replaced once."""
        try:
            return self._begin(request)
        except (LostError, DeadlineError):
            self.close()
        try:
            return self._begin(request)
        except (LostError, DeadlineError) as error:
            self.close()
            raise SandboxUnavailableError(f"the sandbox is lost: {error}") from None

    def _begin(self, request: dict[str, Any]) -> "Session":
        self.start()
        worker = self._worker
        if worker is None:
            hidden = places_of(modules_of(tuple(request["forbidden"])))
            size = self.limits.tmp_bytes
            worker = WorkerProcess("once", tmp_bytes=size, hidden=hidden, log=self._log)
        elif not self._has_optimizers and any(map(_OPTIMIZERS.search, request["cells"])):
            worker.prepare_optimizers()
            self._has_optimizers = True
        session = Session(self, worker, worker.begin(self.limits.threads))
        try:
            session.line.send(request, REQUEST_BYTES, time.monotonic() + SECONDS_TO_READ)
        except BaseException:
            session.end()
            raise
        return session


class Session:
    """A child that runs: the line to it, and its end."""

    def __init__(self, workers: "Workers", worker: WorkerProcess, line: Line) -> None:
        self.workers = workers
        self.worker = worker
        self.line = line

    def receive(self, limit: int, seconds: float, computed: float) -> dict[str, Any]:
        """Return the next message; the seconds are of the clock, or of computing under load.

        ``computed`` is what the child had computed before. Raises ``DeadlineError``, ``LostError``.
        """
        start = time.monotonic()
        for times in range(1, _MOST_PATIENCE + 1):
            try:
                return self.line.receive(limit, start + times * seconds)
            except DeadlineError:
                now = None if self.worker.mode == "once" else self.worker.computed()
                if now is None or now - computed > 0.8 * seconds:
                    raise
        raise DeadlineError

    def end(self) -> int | None:
        """Kill the child, if it still runs; return its wait status, ``None`` without a worker."""
        self.line.close()
        if self.worker.mode == "once":
            status = self.worker.exit_status()
            self.worker.close()
            return status
        try:
            return self.worker.end()
        except LostError:
            self.workers.close()
            return None
        except BaseException:
            self.workers.close()
            raise
