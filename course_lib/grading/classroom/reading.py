"""Read a found file from the disk or from a zip, without following links and within limits."""

import os
import stat
import zipfile
from dataclasses import dataclass
from io import BufferedIOBase, BytesIO

from course_lib.grading.classroom.archives import Limits, UnreadableError, open_zip, read_member


@dataclass(frozen=True, order=True)
class Found:
    """One file that may be a submission.

    ``parts`` is its path below the class folder, through zips; from ``hands`` on, the names are
    inside an archive that a student may have made. ``path`` is on the disk, ``members`` the places
    in a zip and in a zip of that zip. ``time`` is that of the file, in seconds since 1970.
    """

    parts: tuple[str, ...]
    path: str
    members: tuple[int, ...] = ()
    hands: int = 99
    time: float = 0.0
    size: int = 0

    @property
    def shown(self) -> str:
        """The path for people."""
        return "/".join(self.parts)


def open_regular(path: str) -> BufferedIOBase:
    """Open a file for reading; a link, a pipe or a device is refused, also if it came just now."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    handle = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnreadableError("it is not a plain file")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def why(error: Exception) -> str:
    """Return an error in a few words."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class Reader:
    """Reads found files one after another; the zip read last stays open, so that order pays."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._open: list[tuple[tuple[object, ...], zipfile.ZipFile, BufferedIOBase]] = []

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._close_to(0)

    def read(self, file: Found) -> bytes:
        """Return the content; raises :class:`UnreadableError` with the reason."""
        limit = self._limits.file_bytes
        try:
            if not file.members:
                with open_regular(file.path) as disk:
                    content = disk.read(limit + 1)
                if len(content) > limit:
                    raise UnreadableError(f"it has more than {limit:,} bytes")
                return content
            archive = self._archive((file.path, *file.members[:-1]))
            return read_member(archive, file.members[-1], limit)
        except (OSError, IndexError) as error:
            raise UnreadableError(why(error)) from None

    def _archive(self, key: tuple[object, ...]) -> zipfile.ZipFile:
        """Open the zip named by path and, for a zip in a zip, its place."""
        while self._open and key[: len(self._open[-1][0])] != self._open[-1][0]:
            self._close_to(len(self._open) - 1)
        while not self._open or self._open[-1][0] != key:
            depth = len(self._open)
            if depth == 0:
                file: BufferedIOBase = open_regular(str(key[0]))
            else:
                place = key[depth]
                assert isinstance(place, int)
                outer = self._open[-1][1]
                file = BytesIO(read_member(outer, place, self._limits.inner_zip_bytes))
            self._open.append((key[: depth + 1], open_zip(file, self._limits), file))
        return self._open[-1][1]

    def _close_to(self, count: int) -> None:
        while len(self._open) > count:
            _, archive, file = self._open.pop()
            archive.close()
            file.close()
