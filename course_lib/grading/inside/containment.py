"""Shut a process in: name spaces, mounts, limits, no rights, few system calls (Linux)."""

import contextlib
import ctypes
import os
import resource
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from course_lib.grading.inside.syscalls import filter_system_calls

# From linux/sched.h, sys/mount.h, linux/prctl.h, linux/capability.h.
_NEW_USER, _NEW_PIDS, _NEW_MOUNTS, _NEW_IPC = 0x10000000, 0x20000000, 0x00020000, 0x08000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8
_BIND, _REMOUNT, _RECURSIVE, _PRIVATE = 4096, 32, 16384, 1 << 18
_SET_DUMPABLE, _DROP_BOUND, _AMBIENT, _CLEAR_AMBIENT = 4, 24, 47, 4
_CAPABILITY_VERSION = 0x20080522
_LEARNER = 1000
_MOST_INODES = 4_096


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def set_dumpable(value: bool) -> None:
    """Say whether others of the same user may look into this process."""
    if sys.platform == "linux":
        _check(_libc().prctl(_SET_DUMPABLE, int(value), 0, 0, 0), "dumpable")


def enter_own_world() -> None:
    """Become somebody with all rights over the next child, which begins a world of processes."""
    _enter(_NEW_USER | _NEW_PIDS)


def next_child_is_first(outer: int) -> None:
    """Let the next child of this process be process 1 of a new world, which ends with it.

    ``outer`` is an open file of this process's own ``/proc/self/ns/pid``; the world it is in must
    be its own (:func:`enter_own_world`).
    """
    libc = _libc()
    _check(libc.setns(outer, _NEW_PIDS), "setns")
    _check(libc.unshare(_NEW_PIDS), "unshare")


def enter_name_spaces() -> None:
    """Leave the outer users, mounts and shared memory for new ones."""
    with contextlib.suppress(OSError):  # if memory runs out, this one goes first
        Path("/proc/self/oom_score_adj").write_text("1000")
    _enter(_NEW_USER | _NEW_MOUNTS | _NEW_IPC)


def _enter(kinds: int) -> None:
    set_dumpable(True)  # or the files below would belong to root
    user, group = os.geteuid(), os.getegid()
    _check(_libc().unshare(kinds), "unshare")
    with contextlib.suppress(FileNotFoundError):
        Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_LEARNER} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{_LEARNER} {group} 1")


def own_mounts(tmp_bytes: int, hidden: Sequence[str]) -> None:
    """Mount a small private ``/tmp``, and nothing at all over ``/proc`` and the hidden places."""
    libc = _libc()
    _check(libc.mount(None, b"/", None, _RECURSIVE | _PRIVATE, None), "private mounts")
    options = f"size={tmp_bytes},nr_inodes={_MOST_INODES},mode=0700"
    flags = _NO_SUID | _NO_DEVICES | _NO_PROGRAMS
    _check(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", flags, options.encode()), "/tmp")
    empty = flags | _READ_ONLY
    for place in (*hidden, "/proc"):
        target = os.fsencode(place)
        if Path(place).is_dir():
            result = libc.mount(b"tmpfs", target, b"tmpfs", empty, b"size=4096,mode=0555")
        else:
            result = libc.mount(b"/dev/null", target, None, _BIND, None)
        _check(result, f"hiding {place}")
    os.chdir("/tmp")


def drop_rights() -> None:
    """Give up every capability for good."""
    libc = _libc()
    capability = 0
    while libc.prctl(_DROP_BOUND, capability, 0, 0, 0) == 0:
        capability += 1
    libc.prctl(_AMBIENT, _CLEAR_AMBIENT, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITY_VERSION, 0)
    _check(libc.capset(header, bytes(24)), "capset")


def limit_resources(*, memory: int, file_size: int, open_files: int, seconds: int) -> None:
    """Limit memory beyond what is in use now, files, and processor time; no core dumps."""
    wanted = {
        "RLIMIT_FSIZE": file_size,
        "RLIMIT_NOFILE": open_files,
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_AS": _address_space() + memory,
    }
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            if sys.platform == "linux":  # macOS refuses some of them
                raise


def _address_space() -> int:
    """Return the bytes of address space in use."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 2 << 30
    return pages * resource.getpagesize()


def keep_only(descriptor: int) -> int:
    """Close every file but one, and read from and write to nothing; returns its new number."""
    kept = 3
    if descriptor != kept:
        os.dup2(descriptor, kept)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    os.closerange(kept + 1, max(null, descriptor, 256) + 1)
    os.closerange(kept + 1, 4_096)
    return kept


def shut_in() -> None:
    """Take the last rights: call it in the child, after the limits, before any learner's code."""
    drop_rights()
    filter_system_calls(_libc())
