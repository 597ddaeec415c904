"""Talk to a worker and to what it runs, never waiting longer than a deadline."""

import contextlib
import os
import select
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from course_lib.grading.inside.codec import CodecError
from course_lib.grading.inside.frames import HEADER, pack, size_of, unpack
from course_lib.grading.inside.worker import RECORD
from course_lib.grading.isolation.command import (
    SandboxUnavailableError,
    environment,
    isolated_command,
    plain_command,
    plain_search_path,
)

_SECONDS_TO_START = 180.0
_SECONDS_TO_END = 10.0
_PIECE = 1 << 18
# So many pieces may be taken after a deadline: enough for the largest answer, not for a drip.
_MOST_LATE = 2_000


class DeadlineError(Exception):
    """The other side did not answer in time."""


class LostError(Exception):
    """The other side is gone, or what it sent is unreadable."""


class Line:
    """A socket to an attempt: frames with a deadline (on ``time.monotonic``), nothing trusted."""

    def __init__(self, own: socket.socket) -> None:
        self._socket = own
        self._come = bytearray()
        self._late = 0
        own.setblocking(False)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def send(self, message: dict[str, Any], limit: int, deadline: float) -> None:
        """Send a message; raises ``DeadlineError`` or ``LostError``."""
        view = memoryview(pack(message, limit))
        while view:
            self._wait(select.POLLOUT, deadline)
            try:
                view = view[self._socket.send(view[:_PIECE]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise LostError(str(error)) from None

    def receive(self, limit: int, deadline: float) -> dict[str, Any]:
        """Return the next message; raises ``DeadlineError`` or ``LostError``.

        What has come is kept at a deadline: one may call again.
        """
        try:
            self._fill(HEADER.size, deadline)
            size = HEADER.size + size_of(bytes(self._come[: HEADER.size]), limit)
            self._fill(size, deadline)
            body = bytes(self._come[HEADER.size : size])
            del self._come[:size]
            return unpack(body)
        except CodecError as error:
            raise LostError(f"unreadable: {error}") from None

    def _fill(self, size: int, deadline: float) -> None:
        while len(self._come) < size:
            self._wait(select.POLLIN, deadline)
            try:
                piece = self._socket.recv(min(size - len(self._come), _PIECE))
            except BlockingIOError:
                continue
            except OSError as error:
                raise LostError(str(error)) from None
            if not piece:
                raise LostError("closed")
            self._come += piece

    def _wait(self, event: int, deadline: float) -> None:
        """Wait until the socket is ready; what is ready is taken even if the grader is late."""
        waiter = select.poll()
        waiter.register(self._socket, event)
        left = deadline - time.monotonic()
        if left <= 0:
            self._late += 1
        if self._late > _MOST_LATE or not waiter.poll(max(0.0, left * 1000 + 1)):
            raise DeadlineError


class WorkerProcess:
    """A running worker: in bubblewrap, or plain for trusted code.

    Raises :class:`SandboxUnavailableError` where it cannot be started.
    """

    def __init__(
        self,
        mode: str,
        *,
        tmp_bytes: int,
        hidden: list[str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.mode = mode
        self._home: tempfile.TemporaryDirectory[str] | None = None
        self._messages: IO[bytes] = (
            tempfile.TemporaryFile() if log is None else log.open("a+b")  # noqa: SIM115
        )
        ours, theirs = socket.socketpair()
        self._control = ours
        try:
            self._process = self._start(theirs, tmp_bytes, hidden or [])
        except BaseException:
            self._control.close()
            self._messages.close()
            raise
        finally:
            theirs.close()
        try:
            kind, value = self._record(time.monotonic() + _SECONDS_TO_START)
        except (DeadlineError, LostError):
            words = self._last_words()
            self.close()
            raise SandboxUnavailableError(f"the sandbox does not start: {words}") from None
        except BaseException:
            self.close()
            raise
        self.is_able = kind == b"h" and value == 1

    def _start(
        self, theirs: socket.socket, tmp_bytes: int, hidden: list[str]
    ) -> "subprocess.Popen[bytes]":
        number = theirs.fileno()
        variables: dict[str, str] = {}
        folder = "/"
        if self.mode == "plain":
            command = plain_command(number)
            self._home = tempfile.TemporaryDirectory(prefix="course-")
            folder = self._home.name
            variables = {**environment(folder), "PYTHONPATH": plain_search_path()}
            variables["TMPDIR"] = folder
        else:
            command = isolated_command(self.mode, number, tmp_bytes=tmp_bytes, hidden=hidden)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
            env=variables,
            cwd=folder,
            pass_fds=(number,),
            start_new_session=True,
        )

    def _last_words(self) -> str:
        self._messages.seek(0, os.SEEK_END)
        size = self._messages.tell()
        self._messages.seek(max(0, size - 2_000))
        lines = self._messages.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it says nothing"

    def begin(self, threads: int) -> Line:
        """Start an attempt and return the line to it; raises ``LostError``."""
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self._control, [RECORD.pack(b"s", threads)], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise LostError(str(error)) from None
        finally:
            theirs.close()
        return Line(ours)

    def prepare_optimizers(self) -> None:
        """Let the worker import what optimizers need, before the next attempt."""
        with contextlib.suppress(OSError):
            self._control.sendall(RECORD.pack(b"o", 0))

    def computed(self) -> float | None:
        """Return the seconds the attempt has computed; ``None`` where it waits or is not known."""
        try:
            self._control.sendall(RECORD.pack(b"c", 0))
            kind, milliseconds = self._record(time.monotonic() + _SECONDS_TO_END)
        except (OSError, DeadlineError, LostError):
            return None
        return milliseconds / 1000 if kind == b"c" and milliseconds >= 0 else None

    def end(self) -> int:
        """End the running attempt and return its wait status; raises ``LostError``."""
        with contextlib.suppress(OSError):
            self._control.sendall(RECORD.pack(b"k", 0))
        deadline = time.monotonic() + _SECONDS_TO_END
        try:
            while True:
                kind, status = self._record(deadline)
                if kind == b"e":
                    return status
        except DeadlineError:
            raise LostError("the worker does not answer") from None

    def _record(self, deadline: float) -> tuple[bytes, int]:
        data = b""
        waiter = select.poll()
        waiter.register(self._control, select.POLLIN)
        while len(data) < RECORD.size:
            left = deadline - time.monotonic()
            if left <= 0 or not waiter.poll(left * 1000 + 1):
                raise DeadlineError
            try:
                piece = self._control.recv(RECORD.size - len(data))
            except OSError as error:
                raise LostError(str(error)) from None
            if not piece:
                raise LostError("the worker has ended")
            data += piece
        kind, number = RECORD.unpack(data)
        return kind, number

    def exit_status(self) -> int:
        """Return how the worker ended by itself, as a wait status; it is ended if it did not."""
        code = self._wait_for_exit(1.0)
        return 9 if code is None else (code - 128 if code > 128 else code << 8)

    def _wait_for_exit(self, seconds: float) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(seconds)
        return None

    def close(self) -> None:
        """End the worker and everything in it."""
        self._control.close()
        if self.mode == "plain":  # it ends what it runs, then itself
            self._wait_for_exit(_SECONDS_TO_END)
        self._process.kill()
        self._wait_for_exit(_SECONDS_TO_END)
        self._messages.close()
        if self._home is not None:
            self._home.cleanup()
