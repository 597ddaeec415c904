"""The program inside the sandbox: imports torch once, then forks a child for each attempt.

The grader sends records on the control socket: ``s`` (start an attempt, with the socket of its own
and the number of threads it may have), ``k`` (kill it), ``c`` (how much has it computed), ``o``
(get ready for optimizers, whose first use imports much). The worker answers ``h`` (ready; 1 where
children can be shut in), ``e`` (ended; how), ``c`` (milliseconds; -1 where it waits).

The child is process 1 of its own world. It reads the request, shuts itself in, gives up its rights
and runs the code. It never has the control socket, and sees no process but itself.
"""

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import traceback
from pathlib import Path
from typing import Any, NoReturn

import torch

from course_lib.grading.inside import banning, submission
from course_lib.grading.inside.containment import (
    enter_name_spaces,
    keep_only,
    limit_resources,
    next_child_is_first,
    own_mounts,
    set_dumpable,
    shut_in,
)
from course_lib.grading.inside.families import modules_of
from course_lib.grading.inside.frames import read_frame, write_frame

RECORD = struct.Struct("<ci")
_REQUEST_BYTES = 256 << 20
_WATCH_MILLISECONDS = 50


def main(mode: str, descriptor: int) -> None:
    """Serve until the grader closes the control socket.

    ``mode``: ``nested`` (children are shut in), ``once`` (one attempt, in this process, which
    bubblewrap has shut in), ``plain`` (children with limits only), ``refused`` (it will not serve,
    since children cannot be shut in).
    """
    set_dumpable(False)
    torch.set_num_threads(1)
    _warm_up()
    gc.disable()  # a child turns it on again before it runs code
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=descriptor) as control:
        forks = _Forks(mode)
        is_able = mode in ("once", "plain") or (mode == "nested" and forks.can_nest())
        control.sendall(RECORD.pack(b"h", int(is_able)))
        while True:
            command, number, descriptors = _receive(control)
            if command == b"":
                return
            if command == b"o":
                _prepare_optimizers()
            elif command == b"s" and mode == "once":
                control.close()
                _run_attempt(descriptors[0], mode)
            elif command == b"s":
                status = forks.run(control, descriptors[0], number)
                control.sendall(RECORD.pack(b"e", status))


def _receive(control: socket.socket) -> tuple[bytes, int, list[int]]:
    """Return the next command with its number and files; nothing at the end."""
    data, descriptors, _, _ = socket.recv_fds(control, RECORD.size, 1)
    while data and len(data) < RECORD.size:
        data += control.recv(RECORD.size - len(data)) or bytes(RECORD.size)
    command, number = RECORD.unpack(data[: RECORD.size]) if data else (b"", 0)
    return command, number, descriptors


def _warm_up() -> None:
    """Use torch once, so that what it sets up at the first use is there before the forks."""
    banning.prepare()
    x = torch.randn(4, 4, requires_grad=True)
    hidden = torch.nn.functional.gelu(torch.nn.functional.layer_norm(x @ x, (4,)))
    loss = torch.nn.functional.cross_entropy(hidden.softmax(-1), torch.arange(4))
    loss.backward()  # type: ignore[no-untyped-call]
    torch.einsum("ij,jk->ik", x.detach(), x.detach())
    torch.multinomial(torch.ones(4), 2)
    torch.linalg.norm(x.detach())


def _prepare_optimizers() -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.AdamW([parameter])
    parameter.sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    gc.collect()
    gc.freeze()


class _Forks:
    """Makes the children, each in a world of its own where that is possible."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._world = os.open("/proc/self/ns/pid", os.O_RDONLY) if mode == "nested" else -1

    def _fork(self) -> int:
        if self.mode == "nested":
            next_child_is_first(self._world)
        return os.fork()

    def can_nest(self) -> bool:
        """Try whether one may make worlds here."""
        try:
            child = self._fork()
            if child == 0:
                _try_all()
        except OSError:
            traceback.print_exc()
            return False
        return os.waitpid(child, 0)[1] == 0

    def run(self, control: socket.socket, descriptor: int, threads: int) -> int:
        """Run an attempt, kill it on the grader's word, return its wait status."""
        reading, writing = os.pipe()
        child = self._fork()
        if child == 0:
            control.close()
            with contextlib.suppress(OSError):
                os.write(writing, str(Path("/proc/self").readlink()).encode())
            os.close(writing)
            _run_attempt(descriptor, self.mode)
        os.close(descriptor)
        os.close(writing)
        outer = os.read(reading, 20).decode()  # its number in the world that /proc shows
        os.close(reading)
        watcher = select.poll()
        watcher.register(control, select.POLLIN)
        while True:
            if watcher.poll(_WATCH_MILLISECONDS):
                if _receive(control)[0] != b"c":
                    break
                control.sendall(RECORD.pack(b"c", _computed(outer)))
            elif _threads_of(outer) > threads:
                self._kill(child)
        self._kill(child)
        return os.waitpid(child, 0)[1]

    def _kill(self, child: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.mode == "plain":
                os.killpg(child, signal.SIGKILL)
        os.kill(child, signal.SIGKILL)  # it is not yet waited for, so the number is its own


def _try_all() -> NoReturn:
    try:
        enter_name_spaces()
        own_mounts(1 << 20, ())
        limit_resources(memory=1 << 30, file_size=1 << 20, open_files=64, seconds=60)
        shut_in()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _computed(process: str) -> int:
    """Return the milliseconds a process has computed, or -1 where it waits for something."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return -1
    ticks = int(fields[11]) + int(fields[12])
    milliseconds = ticks * 1000 // os.sysconf("SC_CLK_TCK")
    return milliseconds if fields[0] in "RD" else -1


def _threads_of(process: str) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = [line for line in status.splitlines() if line.startswith("Threads:")]
    return int(found[0].split()[1]) if found else 0


def _run_attempt(descriptor: int, mode: str) -> NoReturn:
    """Read the request, take the limits, give up all rights, run the code."""
    code = 1
    try:
        request = read_frame(descriptor, _REQUEST_BYTES)
        try:
            descriptor = _contain(descriptor, request, mode)
        except Exception as error:
            traceback.print_exc()
            write_frame(descriptor, {"broken": f"{type(error).__name__}: {error}"}, 1 << 20)
            raise
        submission.serve(descriptor, request)
        code = 0
    except EOFError:
        code = 0
    except BaseException:
        code = 1
    finally:
        os._exit(code)


def _contain(descriptor: int, request: dict[str, Any], mode: str) -> int:
    """Shut this process in; returns the new number of the one file that is left."""
    with contextlib.suppress(PermissionError):  # it leads a session already
        os.setsid()  # a group of its own: kill(0, …) reaches nobody else
    if mode == "nested":
        hidden = banning.places_of(modules_of(tuple(request["forbidden"])))
        enter_name_spaces()
    limits = {
        "memory": request["memory_bytes"],
        "file_size": request["tmp_bytes"],
        "open_files": request["open_files"],
        "seconds": request["cpu_seconds"],
    }
    # The address space is read from /proc, which goes with the mounts; mounts need no memory.
    limit_resources(**limits)
    if mode == "nested":
        own_mounts(request["tmp_bytes"], hidden)
    kept = keep_only(descriptor)
    if mode != "plain":
        shut_in()
    return kept
