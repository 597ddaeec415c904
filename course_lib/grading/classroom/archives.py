"""Zips that strangers made, read in memory: nothing is unpacked, every size has a limit."""

import contextlib
import io
import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import PurePosixPath

_END = b"PK\x05\x06"
_END_SIZE = 22
_END64_SIZE = 56
_LOCATOR64 = b"PK\x06\x07"
_LOCATOR64_SIZE = 20
_LONGEST_COMMENT = 65_535
_READ_AT_ONCE = 1 << 20
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Limits:
    """What is read at most: bytes of a file, of a zip in a zip, and what tells a zip bomb."""

    file_bytes: int = 128 << 20
    inner_zip_bytes: int = 256 << 20
    entries: int = 50_000
    directory_bytes: int = 8 << 20
    ratio: int = 100
    ratio_from_bytes: int = 16 << 20
    total_bytes: int = 1 << 30
    total_ratio: int = 20
    depth: int = 16


class UnreadableError(Exception):
    """A file or an archive cannot be read; the message says why, for people."""


@dataclass(frozen=True)
class Member:
    """One file in a zip: its place in the directory, its cleaned path, its size, its time."""

    index: int
    parts: tuple[str, ...]
    size: int
    packed: int
    time: tuple[int, int, int, int, int, int]


def open_zip(file: BufferedIOBase, limits: Limits) -> zipfile.ZipFile:
    """Open a zip after a look at how large its directory says it is."""
    _check_directory(file, limits)
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:
        raise UnreadableError(f"it is not a readable zip ({_words(error)})") from None
    if len(archive.filelist) > limits.entries:
        count = len(archive.filelist)
        raise UnreadableError(f"it holds {count:,} entries; at most {limits.entries:,} are read")
    return archive


def _check_directory(file: BufferedIOBase, limits: Limits) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _LOCATOR64_SIZE - _END64_SIZE))
    tail = file.read()
    file.seek(0)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_SIZE:
        raise UnreadableError("it is not a zip, or it was cut off")
    (directory,) = struct.unpack_from("<L", tail, place + 12)
    locator = place - _LOCATOR64_SIZE
    if locator >= _END64_SIZE and tail[locator : locator + 4] == _LOCATOR64:
        (directory,) = struct.unpack_from("<Q", tail, locator - _END64_SIZE + 40)
    if directory > limits.directory_bytes:
        raise UnreadableError(f"its list of files takes {directory:,} bytes: too many entries")


def members(archive: zipfile.ZipFile) -> Iterator[tuple[Member, str]]:
    """Yield every file with the reason why it must not be read, or an empty text."""
    for index, info in enumerate(archive.filelist):
        name = _name(info)
        if info.is_dir():
            continue
        parts = tuple(part for part in PurePosixPath(name).parts if part not in ("/", "."))
        member = Member(index, parts, info.file_size, info.compress_size, info.date_time)
        yield member, _refusal(info, name, parts)


def _name(info: zipfile.ZipInfo) -> str:
    """The name as its maker meant it: many write UTF-8 without saying so."""
    name = info.filename
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _refusal(info: zipfile.ZipInfo, name: str, parts: tuple[str, ...]) -> str:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "a symbolic link, which is never followed"
    if kind not in (0, stat.S_IFREG):
        return "a device or a pipe, not a file"
    if name.startswith("/") or name[1:2] == ":" or ".." in parts or not parts:
        return "its path leads out of the archive"
    if info.flag_bits & 0x1:
        return "it is encrypted"
    if info.compress_type not in _METHODS:
        return "it is packed in a way that is not supported (only stored and deflated are)"
    return ""


def bomb(member: Member, limits: Limits, *, is_zip: bool = False) -> str:
    """Say why a member is too large or too well packed to be honest, or nothing."""
    most = limits.inner_zip_bytes if is_zip else limits.file_bytes
    if member.size > most:
        return f"it has {member.size:,} bytes; at most {most:,} are read"
    if member.size > limits.ratio_from_bytes and member.size > limits.ratio * max(1, member.packed):
        return f"it unpacks {member.packed:,} bytes to {member.size:,}: a zip bomb"
    return ""


def over_budget(chosen: list[Member], archive_bytes: int, limits: Limits) -> set[int]:
    """The members that an archive has no room for: the best packed ones go first."""
    budget = max(limits.total_bytes, limits.total_ratio * archive_bytes)
    total, refused = 0, set()
    for member in sorted(chosen, key=lambda one: (one.size / max(1, one.packed), one.index)):
        total += member.size
        if total > budget:
            refused.add(member.index)
    return refused


def read_member(archive: zipfile.ZipFile, index: int, limit: int) -> bytes:
    """Return a member's content, whatever size its header claims; never more than the limit."""
    info = archive.filelist[index]
    buffer = io.BytesIO()
    try:
        with archive.open(info) as file:
            while part := file.read(_READ_AT_ONCE):
                buffer.write(part)
                if buffer.tell() > limit:
                    raise UnreadableError(f"it unpacks to more than {limit:,} bytes")
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(f"it cannot be unpacked ({_words(error)})") from None
    return buffer.getvalue()


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())[:120]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
