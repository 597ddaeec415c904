"""Where marks are kept: one small file for each submission, written in one step."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock

from course_lib.grading.classroom.marking import Work
from course_lib.grading.classroom.results import SubmissionMarks


@dataclass(frozen=True)
class Settings:
    """How a class is graded, and where the results go."""

    out: Path
    seed: int = 0
    jobs: int = 1
    trusted: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise ValueError(f"jobs must be >= 1, got {self.jobs}")
        if self.seed < 0:
            raise ValueError(f"seed must be >= 0, got {self.seed}")


class Store:
    """The marks of single submissions, one file each, written in one step."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.out / "marks"
        self._policy = "trusted" if settings.trusted else "isolated"

    def path(self, work: Work) -> Path:
        """The file for this work: its name holds all that the marks depend on."""
        parts = (work.digest, work.student, work.chapter, work.seed, work.version, self._policy)
        name = hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()
        return self.folder / f"{name[:40]}.json"

    def load(self, work: Work) -> SubmissionMarks | None:
        """Return what was stored for this work, or ``None``; damaged files count as absent."""
        try:
            marks = SubmissionMarks.from_json(self.path(work).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        stored = (marks.student, marks.chapter, marks.digest, marks.seed, marks.version)
        if stored != (work.student, work.chapter, work.digest, work.seed, work.version):
            return None
        return marks

    def save(self, work: Work, marks: SubmissionMarks) -> None:
        """Store the marks; raises ``OSError`` where that fails, and leaves nothing half-written."""
        write_whole(self.path(work), marks.to_json())


def write_whole(path: Path, text: str, *, encoding: str = "utf-8") -> None:
    """Write a file in one step: either the old content is there or the new.

    Raises ``OSError`` that names the file.
    """
    try:
        _replace(path, text, encoding)
    except OSError as error:
        raise OSError(error.errno, error.strerror or "it cannot be written", str(path)) from None


def _replace(path: Path, text: str, encoding: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding=encoding, errors="replace", newline="") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


@contextlib.contextmanager
def results_folder(out: Path) -> Iterator[Path]:
    """Make the folder for the results, see that it can be written, and keep others out of it."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; --out names the folder for the results")
    (out / "marks").mkdir(parents=True, exist_ok=True)
    write_whole(out / "marks" / ".writable", "")
    (out / "marks" / ".writable").unlink(missing_ok=True)
    lock = filelock.FileLock(str(out / ".lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ValueError(f"{out} is in use: another grading writes to it") from None
    try:
        for part in (out / "marks").glob(".*.part"):  # of a run that was killed
            part.unlink(missing_ok=True)
        yield out
    finally:
        lock.release()
