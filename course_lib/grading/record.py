"""The learner's progress: one small JSON file on their own machine."""

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import platformdirs

_VERSION = 1
_LOCK_SECONDS = 5.0
_MOST_BYTES = 8_000_000


@dataclass(frozen=True)
class Entry:
    """What is known about one exercise. Times are in UTC, as in ``2026-03-01T09:30:00+00:00``.

    ``best_at`` is when the best points were first reached, ``full_at`` when all of them were, and
    ``solution_at`` when the solution was first looked at.
    """

    points: float = 0.0
    attempts: int = 0
    hints: int = 0
    solution_seen: bool = False
    first_checked: str = ""
    last_checked: str = ""
    best_at: str = ""
    full_at: str = ""
    solution_at: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, kind = getattr(self, field.name), type(field.default)
            if type(value) is not kind:
                raise ValueError(f"{field.name} must be a {kind.__name__}, got {value!r}")
        if not (0 <= self.points < math.inf and self.attempts >= 0 and self.hints >= 0):
            raise ValueError("points, attempts and hints must be >= 0")

    def checked(self, points: float, max_points: float = math.inf) -> "Entry":
        """Return the entry after one more attempt with so many points."""
        now = _now()
        return replace(
            self,
            points=max(self.points, points),
            attempts=self.attempts + 1,
            first_checked=self.first_checked or now,
            last_checked=now,
            best_at=now if points > self.points or not self.best_at else self.best_at,
            full_at=self.full_at or (now if points >= max_points else ""),
        )

    def shown_solution(self) -> "Entry":
        """Return the entry after a look at the solution; the first look is the one that counts."""
        return replace(self, solution_seen=True, solution_at=self.solution_at or _now())

    @property
    def saw_solution_first(self) -> bool:
        """Whether the solution was looked at before all points were reached, as far as known."""
        return bool(self.solution_at) and not (self.full_at and self.full_at <= self.solution_at)


Entries = dict[str, Entry]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def progress_path() -> Path:
    """Return the progress file: ``$COURSE_PROGRESS_FILE``, or one in the user's data folder."""
    chosen = os.environ.get("COURSE_PROGRESS_FILE")
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_data_path("gpt-inside-out") / "progress.json"


def is_recording() -> bool:
    """Tell whether progress is kept; while the book is built it is not, so that pages repeat."""
    return os.environ.get("COURSE_BOOK_BUILD", "") in ("", "0")


def read_entries() -> tuple[Entries, tuple[str, ...]]:
    """Return the entries and notices about trouble, never raising.

    A damaged file is moved aside, so that nothing in it is lost, and what can still be read of it
    is kept. A file of a newer version of the course is left alone.
    """
    if not is_recording():
        return {}, ()
    path = progress_path()
    try:
        return _load(path), ()
    except _DamagedError as error:
        return _mend(path, error)
    except _NewerVersionError as error:
        return {}, (str(error),)
    except OSError as error:
        return {}, (f"progress cannot be read from {path}: {error.strerror or error}",)


def update_entries(change: Callable[[Entries], Entries]) -> tuple[Entries, tuple[str, ...]]:
    """Change the entries under a lock and write them in one step; returns them with notices."""
    if not is_recording():
        return change({}), ()
    path = progress_path()
    notices: tuple[str, ...] = ()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            try:
                entries = _load(path)
            except _DamagedError as error:
                entries, notices = error.entries, (_move_aside(path, len(error.entries)),)
            entries = change(entries)
            _write(path, _encode(entries))
            return entries, notices
    except _NewerVersionError as error:
        return change({}), (str(error),)
    except (OSError, filelock.Timeout, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        entries, notices = read_entries()
        return change(entries), (*notices, f"progress is not kept: {path} ({reason})")


class _DamagedError(Exception):
    """The file cannot be read in full; what could be read is here."""

    def __init__(self, entries: Entries) -> None:
        super().__init__("damaged")
        self.entries = entries


class _NewerVersionError(Exception):
    """The file was written by a later version of the course."""


def _lock(path: Path) -> filelock.BaseFileLock:
    return filelock.FileLock(f"{path}.lock", timeout=_LOCK_SECONDS)


def _load(path: Path) -> Entries:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    if len(data) > _MOST_BYTES:
        raise _DamagedError({})
    try:
        stored: Any = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _DamagedError({}) from None
    version = stored.get("version") if isinstance(stored, dict) else None
    if type(version) is int and version > _VERSION:
        raise _NewerVersionError(
            f"progress is not kept: {path} is of a newer version of the course (format {version}, "
            f"this one knows {_VERSION}). Update course_lib, or set COURSE_PROGRESS_FILE to another"
            " file"
        )
    if version != _VERSION or not isinstance(stored.get("exercises"), dict):
        raise _DamagedError({})
    return _decode(stored["exercises"])


def _decode(stored: dict[str, Any]) -> Entries:
    names = {field.name for field in fields(Entry)}
    entries: Entries = {}
    for key, value in stored.items():
        try:
            known = {name: item for name, item in value.items() if name in names}
            points = float(known.get("points", 0.0))
            entries[key] = Entry(**{**known, "points": points})
        except (ValueError, TypeError, AttributeError, OverflowError):
            continue
    if len(entries) < len(stored):
        raise _DamagedError(entries)
    return entries


def _encode(entries: Entries) -> str:
    stored = {"version": _VERSION, "exercises": {k: asdict(v) for k, v in sorted(entries.items())}}
    return json.dumps(stored, indent=1, ensure_ascii=False) + "\n"


def _mend(path: Path, damage: _DamagedError) -> tuple[Entries, tuple[str, ...]]:
    """Move a damaged file aside, unless another process has done so in the meantime."""
    try:
        with _lock(path):
            try:
                return _load(path), ()
            except _DamagedError as error:
                notice = _move_aside(path, len(error.entries))
                if error.entries:
                    _write(path, _encode(error.entries))
                return error.entries, (notice,)
    except (OSError, filelock.Timeout, NotImplementedError, _NewerVersionError):
        return damage.entries, (_cannot_be_moved(path),)


def _write(path: Path, text: str) -> None:
    target = Path(os.path.realpath(path))  # a link stays a link
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _move_aside(path: Path, n_kept: int) -> str:
    for number in range(1, 1000):
        aside = path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")
        if not aside.exists():
            break
    try:
        path.replace(aside)
    except OSError:
        return _cannot_be_moved(path)
    kept = f"{n_kept} entries could still be read" if n_kept else "a new one begins"
    return f"the progress file was damaged; it is kept as {aside.name} and {kept}"


def _cannot_be_moved(path: Path) -> str:
    return f"the progress file {path} is damaged and cannot be moved aside"
