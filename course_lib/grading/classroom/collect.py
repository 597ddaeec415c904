"""Find what was handed in: files, folders and zips, as learning platforms give them out.

No symbolic link is followed, nothing is written, and what cannot be read is noted and left out.
"""

import os
import re
import stat
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from course_lib.grading.classroom.archives import (
    Limits,
    Member,
    UnreadableError,
    bomb,
    members,
    open_zip,
    over_budget,
    read_member,
)
from course_lib.grading.classroom.reading import Found, open_regular, why

_SUBMISSION = re.compile(r"\.(ipynb|py)$|\.ipynb\.(txt|json)$", re.IGNORECASE)
_ZIP = re.compile(r"\.zip$", re.IGNORECASE)
_OTHER_ARCHIVE = re.compile(r"\.(rar|7z|tar|tgz|gz|bz2|xz|zst)$", re.IGNORECASE)
_CLUTTER = ("__MACOSX", ".ipynb_checkpoints", "__pycache__", ".git", ".venv", "node_modules")
_NOTES_SHOWN = 200
TIMESTAMP = "timestamp.txt"


@dataclass
class _Gathering:
    limits: Limits
    found: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    clutter: Counter[str] = field(default_factory=Counter)
    seen: set[tuple[int, int]] = field(default_factory=set)
    stamps: dict[tuple[str, ...], str] = field(default_factory=dict)

    def skip(self, parts: Sequence[str], why: str) -> None:
        self.notes.append(f"{printable('/'.join(parts))}: skipped: {why}")


@dataclass(frozen=True)
class Collection:
    """What was found, in the order of its paths, and what was left out.

    ``stamps`` holds, by folder, the text of a ``timestamp.txt`` as nbgrader writes it.
    """

    found: tuple[Found, ...]
    notes: tuple[str, ...]
    root_name: str = ""
    stamps: dict[tuple[str, ...], str] = field(default_factory=dict)


def collect(paths: Sequence[str | Path], *, limits: Limits | None = None) -> Collection:
    """Return every file that may be a submission; raises ``ValueError`` for a missing path."""
    if not paths:
        raise ValueError("paths is empty: name folders, zips, notebooks or .py files")
    absolute = sorted({os.path.abspath(path) for path in paths})  # noqa: PTH100 (follows no link)
    missing = [path for path in absolute if not os.path.lexists(path)]
    if missing:
        raise ValueError(f"there is no {missing[0]}; name folders, zips, notebooks or .py files")
    gathering = _Gathering(limits or Limits())
    base = _base(absolute)
    for path in absolute:
        below = os.path.relpath(path, base)
        parts = () if below == os.curdir else tuple(Path(below).parts)
        _visit(gathering, path, parts, depth=0)
    for name, count in sorted(gathering.clutter.items()):
        files = "1 file" if count == 1 else f"{count} files or folders"
        gathering.notes.append(f"{name}: skipped: {files} that a system or a tool left behind")
    notes = sorted(gathering.notes)
    if len(notes) > _NOTES_SHOWN:
        notes = [*notes[:_NOTES_SHOWN], f"and {len(notes) - _NOTES_SHOWN} more that were skipped"]
    found = tuple(sorted(gathering.found))
    return Collection(found, tuple(notes), printable(Path(base).name), gathering.stamps)


def printable(text: str) -> str:
    """Return a name without control characters or halves of characters."""
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in whole)


def _base(paths: Sequence[str]) -> str:
    """The class folder: the one folder or zip that is named, or what holds all that is named."""
    if len(paths) == 1:
        path = paths[0]
        if _is_folder(path) or _ZIP.search(path):
            return path
        return str(Path(path).parent)
    common = os.path.commonpath(paths)
    return common if _is_folder(common) else str(Path(common).parent)


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _visit(gathering: _Gathering, path: str, parts: tuple[str, ...], depth: int) -> None:
    shown = tuple(printable(part) for part in parts) or (printable(Path(path).name),)
    try:
        status = os.lstat(path)
    except OSError as error:
        gathering.skip(shown, error.strerror or "it cannot be read")
        return
    name = Path(path).name
    if depth > 0 and (name in _CLUTTER or name.startswith("._")):
        gathering.clutter[name if name in _CLUTTER else "._*"] += 1
    elif stat.S_ISLNK(status.st_mode):
        gathering.skip(shown, "a symbolic link, which is never followed")
    elif stat.S_ISDIR(status.st_mode):
        _visit_folder(gathering, path, parts, depth)
    elif not stat.S_ISREG(status.st_mode):
        gathering.skip(shown, "a device or a pipe, not a file")
    elif (status.st_dev, status.st_ino) not in gathering.seen:
        gathering.seen.add((status.st_dev, status.st_ino))
        file = Found(shown, path, (), 99, status.st_mtime, status.st_size)
        _visit_file(gathering, file, parts, named=depth == 0)


def _visit_folder(gathering: _Gathering, path: str, parts: tuple[str, ...], depth: int) -> None:
    if depth >= gathering.limits.depth:
        gathering.skip(parts, f"folders more than {gathering.limits.depth} deep are not read")
        return
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        gathering.skip(parts or (path,), error.strerror or "the folder cannot be read")
        return
    for name in names:
        _visit(gathering, os.path.join(path, name), (*parts, name), depth + 1)  # noqa: PTH118


def _visit_file(gathering: _Gathering, file: Found, parts: tuple[str, ...], *, named: bool) -> None:
    name = file.parts[-1]
    if _SUBMISSION.search(name):
        if file.size > gathering.limits.file_bytes:
            limit = gathering.limits.file_bytes
            gathering.skip(file.parts, f"it has {file.size:,} bytes; at most {limit:,} are read")
        else:
            gathering.found.append(file)
    elif _ZIP.search(name):
        # A zip that the teacher names is the teacher's; one in a folder is a student's.
        try:
            with open_regular(file.path) as disk, open_zip(disk, gathering.limits) as archive:
                inside = tuple(file.parts) if parts else ()
                _visit_zip(gathering, archive, file, inside, hands=99 if named else len(inside))
        except (UnreadableError, OSError) as error:
            gathering.skip(file.parts, why(error))
    elif name == TIMESTAMP:
        with suppress(OSError), open_regular(file.path) as disk:
            gathering.stamps[file.parts[:-1]] = disk.read(200).decode("utf-8", "replace")
    elif _OTHER_ARCHIVE.search(name):
        gathering.skip(file.parts, "only zips are read: unpack it, or pack it as a zip")


def _visit_zip(
    gathering: _Gathering,
    archive: zipfile.ZipFile,
    outer: Found,
    inside: tuple[str, ...],
    hands: int,
) -> None:
    chosen = list(_chosen(gathering, archive, outer, inside))
    limits = gathering.limits
    refused = over_budget(
        [m for m in chosen if _SUBMISSION.search(m.parts[-1])], outer.size, limits
    )
    for member in chosen:
        parts = (*inside, *(printable(part) for part in member.parts))
        places = (*outer.members, member.index)
        file = Found(parts, outer.path, places, hands, _seconds(member), member.size)
        if member.index in refused:
            gathering.skip(parts, "the archive unpacks to too much")
        elif _SUBMISSION.search(parts[-1]):
            gathering.found.append(file)
        elif parts[-1] == TIMESTAMP:
            with suppress(UnreadableError):
                text = read_member(archive, member.index, 2_000)[:200]
                gathering.stamps[parts[:-1]] = text.decode("utf-8", "replace")
        elif outer.members:
            gathering.skip(parts, "a zip in a zip in a zip: unpack one of them")
        else:
            try:
                content = read_member(archive, member.index, limits.inner_zip_bytes)
                with open_zip(BytesIO(content), limits) as inner:
                    _visit_zip(gathering, inner, file, parts, hands=min(hands, len(parts)))
            except UnreadableError as error:
                gathering.skip(parts, why(error))


def _chosen(
    gathering: _Gathering, archive: zipfile.ZipFile, outer: Found, inside: tuple[str, ...]
) -> Iterator[Member]:
    """The members that are read; the others are noted where they look like something."""
    for member, refusal in members(archive):
        parts = (*(inside or (outer.parts[-1],)), *member.parts)
        clutter = next((p for p in member.parts if p in _CLUTTER or p.startswith("._")), None)
        if clutter is not None:
            gathering.clutter[clutter if clutter in _CLUTTER else "._*"] += 1
            continue
        name = member.parts[-1] if member.parts else ""
        if _OTHER_ARCHIVE.search(name):
            refusal = refusal or "only zips are read: unpack it, or pack it as a zip"
        wanted = _SUBMISSION.search(name) or _ZIP.search(name) or name == TIMESTAMP
        if not refusal and wanted:
            refusal = bomb(member, gathering.limits, is_zip=bool(_ZIP.search(name)))
        if refusal:
            gathering.skip(parts, refusal)
        elif wanted:
            yield member


def _seconds(member: Member) -> float:
    """A zip's time has no zone: it is read as this machine's."""
    try:
        return time.mktime((*member.time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0
