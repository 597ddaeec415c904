"""The learner's progress: one small JSON file on their own machine."""

import contextlib
import json
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


@dataclass(frozen=True)
class Entry:
    """What is known about one exercise: best points, attempts, hints seen, solution seen, times."""

    points: float = 0.0
    attempts: int = 0
    hints: int = 0
    solution_seen: bool = False
    first_checked: str = ""
    last_checked: str = ""

    def __post_init__(self) -> None:
        for field in fields(self):
            value, kind = getattr(self, field.name), type(field.default)
            if type(value) is not kind:
                raise ValueError(f"{field.name} must be a {kind.__name__}, got {value!r}")
        if not (self.points >= 0 and self.attempts >= 0 and self.hints >= 0):
            raise ValueError("points, attempts and hints must be >= 0")

    def checked(self, points: float) -> "Entry":
        """Return the entry after one more attempt with so many points."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return replace(
            self,
            points=max(self.points, points),
            attempts=self.attempts + 1,
            first_checked=self.first_checked or now,
            last_checked=now,
        )


Entries = dict[str, Entry]


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

    A damaged file is moved aside, so that nothing in it is lost and the next run starts afresh.
    """
    if not is_recording():
        return {}, ()
    path = progress_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}, ()
    except UnicodeDecodeError:
        return {}, (_move_aside(path),)
    except OSError as error:
        return {}, (f"progress cannot be read from {path}: {error.strerror or error}",)
    try:
        return _decode(text), ()
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}, (_move_aside(path),)


def update_entries(change: Callable[[Entries], Entries]) -> tuple[Entries, tuple[str, ...]]:
    """Change the entries under a lock and write them in one step; returns them with notices."""
    if not is_recording():
        return change({}), ()
    path = progress_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock", timeout=_LOCK_SECONDS):
            entries, notices = read_entries()
            entries = change(entries)
            _write(path, _encode(entries))
            return entries, notices
    except (OSError, filelock.Timeout) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        entries, notices = read_entries()
        return change(entries), (*notices, f"progress is not kept: {path} ({reason})")


def _decode(text: str) -> Entries:
    stored: Any = json.loads(text)
    if stored["version"] != _VERSION:
        raise ValueError(f"unknown version {stored['version']!r}")
    names = {field.name for field in fields(Entry)}
    entries: Entries = {}
    for key, value in stored["exercises"].items():
        known = {name: item for name, item in value.items() if name in names}
        entries[str(key)] = Entry(**{**known, "points": float(known.get("points", 0.0))})
    return entries


def _encode(entries: Entries) -> str:
    stored = {"version": _VERSION, "exercises": {k: asdict(v) for k, v in sorted(entries.items())}}
    return json.dumps(stored, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _move_aside(path: Path) -> str:
    for number in range(1, 1000):
        aside = path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")
        if not aside.exists():
            break
    try:
        path.replace(aside)
    except OSError:
        return f"the progress file {path} is damaged and cannot be moved aside"
    return f"the progress file was damaged; it is kept as {aside.name} and a new one begins"
