"""The command lines that start a worker: in bubblewrap, or plainly for trusted code."""

import os
import shutil
import sys
from pathlib import Path

import numpy
import torch

import course_lib
from course_lib.exercises import calling
from course_lib.grading import inside

_COURSE = "/course"
_PACKAGES = "/packages/"
_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# What the dynamic linker reads, and processor facts that numeric libraries ask for.
_WHERE_PRESENT = ("/etc/ld.so.cache", "/etc/alternatives", "/sys/devices/system/cpu")
_HOW_TO_INSTALL = (
    "install it (Debian, Ubuntu: `apt-get install bubblewrap`; Fedora: `dnf install bubblewrap`)"
)
_ENTRANCE = "course_lib.grading.inside.entrance"
_WORKER = "course_lib.grading.inside.worker"
_START = """
import importlib, sys, types
for name, folder in {rooms!r}.items():
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
worker = importlib.import_module({worker!r})
importlib.import_module("course_lib.exercises.calling")
for name in {rooms!r}:
    sys.modules[name].__path__ = []
worker.main({mode!r}, {descriptor})
"""


class SandboxUnavailableError(RuntimeError):
    """Untrusted code cannot be isolated here; the message says what to install."""


def environment(home: str) -> dict[str, str]:
    """Return the whole environment of a worker: one thread, no network, nothing of the user's."""
    fixed = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TMPDIR": "/tmp",
        "USER": "learner",
        "LOGNAME": "learner",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "MPLBACKEND": "Agg",
        "HF_HUB_OFFLINE": "1",
        "GLIBC_TUNABLES": "glibc.malloc.arena_max=2",
    }
    threads = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM")
    return {**fixed, "HOME": home, **{f"{name}_NUM_THREADS": "1" for name in threads}}


def isolated_command(mode: str, descriptor: int, *, tmp_bytes: int, hidden: list[str]) -> list[str]:
    """Return the bubblewrap command line of a worker.

    Raises :class:`SandboxUnavailableError` where there is no bubblewrap.
    """
    if sys.platform != "linux":
        raise SandboxUnavailableError(
            "strangers' code is isolated on Linux only (with bubblewrap); grade on Linux, or in "
            "WSL 2 on Windows. For code you trust there is --trusted"
        )
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxUnavailableError(
            f"bubblewrap (bwrap) is missing; {_HOW_TO_INSTALL}. For code you trust there is "
            "--trusted"
        )
    arguments = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    for name, value in environment("/tmp").items():
        arguments += ["--setenv", name, value]
    arguments += ["--setenv", "PYTHONPATH", ":".join([_COURSE, *_packages().values()])]
    arguments += [
        "--uid",
        "1000",
        "--gid",
        "1000",
        "--cap-drop",
        "ALL",
        "--hostname",
        "course",
        *_mounts(tmp_bytes, hidden),
    ]
    return [program, *arguments, _interpreter(), "-m", _ENTRANCE, mode, str(descriptor)]


def plain_command(descriptor: int) -> list[str]:
    """Return the command line of a worker without isolation."""
    if not hasattr(os, "fork"):
        raise SandboxUnavailableError(
            "grading needs a system that can fork: Linux, macOS, or WSL 2 on Windows"
        )
    room = Path(course_lib.__file__).parent
    rooms = {f"course_lib.{name}": str(room / name) for name in ("exercises", "grading")}
    start = _START.format(rooms=rooms, worker=_WORKER, mode="plain", descriptor=descriptor)
    return [sys.executable, "-c", start]


def plain_search_path() -> str:
    """Return ``PYTHONPATH`` for the plain worker."""
    return os.pathsep.join([str(Path(course_lib.__file__).parents[1]), *_package_folders()])


def _interpreter() -> str:
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def _package_folders() -> list[str]:
    """Return the folders that third-party packages are installed in."""
    found = [str(Path(module.__file__ or "").parents[1]) for module in (numpy, torch)]
    found += [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return [path for path in dict.fromkeys(found) if Path(path).is_dir()]


def _mounts(tmp_bytes: int, hidden: list[str]) -> list[str]:
    """Return what the worker sees: system and packages to read, and a small private ``/tmp``."""
    arguments = ["--ro-bind", "/usr", "/usr"]
    for path in _SYSTEM:
        if Path(path).is_symlink():
            arguments += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).exists():
            arguments += ["--ro-bind", path, path]
    for path in _WHERE_PRESENT:
        arguments += ["--ro-bind-try", path, path]
    for path in dict.fromkeys((sys.base_prefix, sys.base_exec_prefix)):
        if not Path(path).is_relative_to("/usr"):
            arguments += ["--ro-bind", path, path]
    for outside, there in _packages().items():
        if there != outside:
            arguments += ["--ro-bind", outside, there]
    arguments += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    arguments += ["--perms", "0700", "--size", str(tmp_bytes), "--tmpfs", "/tmp"]
    arguments += _course()
    for path in hidden:
        arguments += _empty(_place_of(path))
    return [*arguments, "--remount-ro", "/", "--chdir", "/tmp"]


def _packages() -> dict[str, str]:
    """Return where each folder of packages is seen inside.

    Those that do not come with Python or the system have a place of their own: they may lie in a
    folder that is not shown, such as ``/tmp``.
    """
    shown = ("/usr", sys.base_prefix, sys.base_exec_prefix)
    return {
        path: path
        if any(Path(path).is_relative_to(other) for other in shown)
        else f"{_PACKAGES}{n}"
        for n, path in enumerate(_package_folders())
    }


def _place_of(path: str) -> str:
    """Return where a file or folder of the course or of a package is seen inside."""
    places = {str(Path(course_lib.__file__).parent): f"{_COURSE}/course_lib", **_packages()}
    for outside, there in places.items():
        if Path(path).is_relative_to(outside):
            return there + path.removeprefix(outside)
    return path


def _course() -> list[str]:
    """Return the mounts of the package, with two rooms emptied but for what may be known."""
    package = Path(course_lib.__file__).parent
    arguments: list[str] = []
    for outside, inside_place in _packages().items():
        if package.is_relative_to(outside):  # installed among the others: not twice
            arguments += _empty(inside_place + str(package).removeprefix(outside))
    there = f"{_COURSE}/course_lib"
    arguments += ["--ro-bind", str(package), there]
    arguments += ["--tmpfs", f"{there}/exercises", "--tmpfs", f"{there}/grading"]
    calling_file, inside_folder = str(calling.__file__), str(Path(inside.__file__ or "").parent)
    arguments += ["--ro-bind", calling_file, f"{there}/exercises/calling.py"]
    arguments += ["--ro-bind", inside_folder, f"{there}/grading/inside"]
    return [*arguments, "--remount-ro", f"{there}/exercises", "--remount-ro", f"{there}/grading"]


def _empty(path: str) -> list[str]:
    if Path(path).suffix == ".py":
        return ["--ro-bind", os.devnull, path]
    return ["--tmpfs", path, "--remount-ro", path]
