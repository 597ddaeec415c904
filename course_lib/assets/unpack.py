"""Take the named files, and only those, out of a wheel or a source archive."""

import fnmatch
import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast, runtime_checkable

from course_lib.assets.cache import SUMS_NAME
from course_lib.assets.errors import AssetError
from course_lib.assets.manifest import Asset

CHUNK = 1 << 20
MANY_FILES = 50

Opener = Callable[[], IO[bytes]]


@runtime_checkable
class Readable(Protocol):
    """A file open for reading bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes more, none at the end."""


def unpack(
    asset: Asset, archive: Path, target: Path, *, progress: Callable[[int], None] | None = None
) -> str:
    """Unpack ``asset``'s files from ``archive`` into the new folder ``target``.

    Every path is checked to stay inside ``target``; links and devices are never created. Writes
    the list of digests (in the format of ``sha256sum``) beside the files and returns its digest.
    ``progress`` receives the number of bytes written so far. Raises AssetError when a wanted file
    is missing from the archive.
    """
    target.mkdir(parents=True)
    digests: dict[str, str] = {}
    written = 0
    for part in asset.unpack:
        with _members(archive, part.archive) as members:
            for name in part.names:
                pattern = f"{part.folder}/{name}" if part.folder else name
                matching = [path for path in members if fnmatch.fnmatchcase(path, pattern)]
                if not matching:
                    raise AssetError(
                        f"{asset.name}: {archive.name} holds no file {pattern!r}. The manifest "
                        "of this version of course_lib is wrong about it; please report this."
                    )
                for path in matching:
                    relative = path[len(part.folder) + 1 if part.folder else 0 :]
                    with members[path]() as source:
                        size, digests[relative] = _copy(source, _inside(target, relative))
                    written += size
                    if progress is not None:
                        progress(written)
    return _write_sums(target, digests)


def sums_text(digests: dict[str, str]) -> str:
    """The list of digests by path, in the format that ``sha256sum --check`` reads."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests))


def file_sha256(path: Path) -> str:
    """Digest of a file, read in pieces of one MiB."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Ask the system to put a folder's list of names on the disk (nothing to do on Windows)."""
    if os.name != "nt":
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_sums(target: Path, digests: dict[str, str]) -> str:
    content = sums_text(digests).encode()
    _copy(io.BytesIO(content), target / SUMS_NAME)
    paths = [target / SUMS_NAME, *(target / path for path in digests)]
    if len(paths) > MANY_FILES and hasattr(os, "sync"):
        os.sync()  # thousands of small files one by one take ten times as long
    else:
        for path in paths:
            _sync(path, os.O_RDWR)
        for folder in {path.parent for path in paths}:
            sync_folder(folder)
    return hashlib.sha256(content).hexdigest()


def _inside(target: Path, relative: str) -> Path:
    parts = PurePosixPath(relative).parts
    unsafe = any(part == ".." or ":" in part or "\\" in part for part in parts)
    if not parts or relative.startswith("/") or unsafe or relative == SUMS_NAME:
        raise AssetError(
            f"The archive holds a file named {relative!r}, which would leave its folder; "
            "nothing was unpacked. Please report this."
        )
    path = target.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _copy(source: Readable, path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    with path.open("xb") as file:
        while block := source.read(CHUNK):
            file.write(block)
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


@contextmanager
def _members(archive: Path, inner: str) -> Iterator[dict[str, Opener]]:
    """Regular files of an archive by path, or those of the archive ``inner`` inside it."""
    with archive.open("rb") as file, _open_archive(file, archive.name) as outer:
        if not inner:
            yield outer
            return
        if inner not in outer:
            raise AssetError(f"{archive.name} holds no file {inner!r}. Please report this.")
        with (
            outer[inner]() as source,
            io.BytesIO(source.read()) as nested,
            _open_archive(nested, inner) as members,
        ):
            yield members


@contextmanager
def _open_archive(file: IO[bytes] | io.BytesIO, name: str) -> Iterator[dict[str, Opener]]:
    try:
        if name.endswith((".whl", ".zip")):
            with zipfile.ZipFile(file) as pack:
                yield {
                    entry.filename: _zip_opener(pack, entry)
                    for entry in pack.infolist()
                    if not entry.is_dir()
                }
        else:
            with tarfile.open(fileobj=file, mode="r:*") as tape:
                yield {
                    member.name.removeprefix("./"): _tar_opener(tape, member)
                    for member in tape.getmembers()
                    if member.isreg()
                }
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise AssetError(f"{name} is not a readable archive ({error}). Fetch it again.") from error


def _zip_opener(pack: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Opener:
    return lambda: pack.open(entry)


def _tar_opener(tape: tarfile.TarFile, member: tarfile.TarInfo) -> Opener:
    return lambda: cast(IO[bytes], tape.extractfile(member))  # never None: a regular file
