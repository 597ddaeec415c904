"""The sandbox as the grader sees it."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from course_lib.exercises import Case, Exercise
from course_lib.grading.isolation.attempts import base_request, run_attempt
from course_lib.grading.isolation.limits import Attempt, Limits
from course_lib.grading.isolation.link import DeadlineError, LostError
from course_lib.grading.isolation.replies import fingerprints_of
from course_lib.grading.isolation.workers import SECONDS_TO_READ, Workers

_SLOW = (
    "this system allows no user namespaces inside a sandbox, so each attempt had a sandbox of its "
    "own: as safe, but it takes seconds each, not milliseconds"
)


class Sandbox:
    """A place for strangers' code, to be used in a ``with`` block.

    ``trusted=True`` does without isolation (a plain process with limits), for one's own notebooks
    and where bubblewrap is missing. Raises :class:`SandboxUnavailableError` on entering.
    ``log`` is a file for the worker's messages, to find out why something fails. One attempt runs
    at a time; for more, open more sandboxes. What runs ends when the thread that entered ends.
    """

    def __init__(
        self, *, limits: Limits | None = None, trusted: bool = False, log: Path | None = None
    ) -> None:
        self.limits = limits or Limits()
        self.trusted = trusted
        self._workers = Workers(self.limits, trusted=trusted, log=log)

    def __enter__(self) -> "Sandbox":
        self._workers.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def note(self) -> str:
        """What a teacher should know of how this sandbox works, or ""."""
        return _SLOW if self._workers.mode == "once" else ""

    def close(self) -> None:
        """End everything that runs in the sandbox."""
        self._workers.close()

    def attempt(self, exercise: Exercise, cells: Sequence[str], cases: Sequence[Case]) -> Attempt:
        """Try the notebook's solution of an exercise on the cases, in their order.

        A case's inputs enter only when the one before it is done: give the public ones first.
        Never raises because of what the cells do.
        """
        return run_attempt(self._workers, exercise, cells, cases)

    def fingerprint(self, cells: Sequence[str], names: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Return hashes of what the functions and classes of these names are made of.

        64-bit hashes (BLAKE2b) of 5-grams of the normalized syntax tree: names in order of
        appearance, docstrings left out. A name that is not defined has no entry.
        """
        request = {**base_request(self.limits, cells), "names": list(names), "forbidden": []}
        session = self._workers.open(request)
        try:
            message = session.receive(self.limits.reply_bytes, SECONDS_TO_READ, 0.0)
            found = fingerprints_of(message)
        except (DeadlineError, LostError):
            return {}
        finally:
            session.end()
        return {name: found[name] for name in names if name in found}
