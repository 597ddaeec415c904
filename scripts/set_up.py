"""Make .venv with the pinned packages, once; later runs only compare a stamp.

Runs on the system's Python (3.11 or newer): standard library only.
"""

import contextlib
import errno
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "course-stamp"
LOG = VENV / "install.log"
FULL = "The disk is full: README says what the set-up needs. Free some; run make again."
NETWORK = ("NewConnectionError", "Temporary failure in name", "Max retries", "Read timed out")


def main() -> int:
    """Bring .venv up to date; return 0, or 1 after one line that says what to do."""
    try:
        problem = bring_up_to_date()
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        problem = FULL if error.errno == errno.ENOSPC else f"Cannot go on: {error.strerror}{where}."
    if problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


def bring_up_to_date() -> str | None:
    """Make or complete .venv where it is not as it should be; return a problem or None."""
    key = fingerprint()
    working = works()
    if working and STAMP.is_file() and STAMP.read_text() == key:
        return None
    problem = None if working else create()
    if problem is None:
        STAMP.unlink(missing_ok=True)
        print("Installing the pinned packages into .venv; this takes some minutes, once.")
        problem = install("-r", "requirements.txt") or install(
            "--no-deps", "--no-build-isolation", "-e", "."
        )
    if problem:
        return problem
    temporary = STAMP.with_suffix(".tmp")
    temporary.write_text(key)
    temporary.replace(STAMP)
    print("The environment is ready: .venv")
    return None


def fingerprint() -> str:
    """Digest of everything that says what .venv should hold."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def works() -> bool:
    """Whether .venv is whole: made here, by the Python that runs this, and with pip."""
    code = "import pip, sys; print(*sys.version_info[:2])"
    try:
        first_line = (VENV / "bin" / "pip").read_text(errors="replace").split("\n")[0]
        answer = subprocess.check_output([PYTHON, "-c", code], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return False
    version = tuple(int(part) for part in answer.split())
    return str(VENV) in first_line and version == sys.version_info[:2]


def create() -> str | None:
    """Make an empty .venv in place of a missing or broken one; return a problem or None."""
    if VENV.is_symlink():
        return ".venv is a link to another folder: remove it and run make again."
    if VENV.exists():
        print("Making .venv anew: the one here is unfinished, moved, or of another Python.")
        shutil.rmtree(VENV)
    base = getattr(sys, "_base_executable", None) or sys.executable
    done = subprocess.run(
        [base, "-m", "venv", VENV], capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode == 0:
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    text = (done.stdout + done.stderr).strip()
    if "ensurepip" in text:
        version = ".".join(map(str, sys.version_info[:2]))
        return f"This Python lacks venv: install it (Debian: apt-get install python{version}-venv)."
    return f"Could not make .venv: {text.splitlines()[-1] if text else 'no message'}"


def install(*arguments: str) -> str | None:
    """Run pip with its output in a log and a counter on the screen; return a problem or None."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    pipe = subprocess.PIPE
    count, last, full = 0, "no message", False
    with LOG.open("a", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        for line in process.stdout or ():
            with contextlib.suppress(OSError):  # a full disk shows in what pip says
                log.write(line)
                log.flush()
            full = full or "No space left" in line
            if line.startswith("ERROR"):
                last = line.strip()
            if found := re.match(r"Collecting ([^=<> ]+)", line):
                count += 1
                _progress(f"  {count:3d}  {found[1]}")
        status = process.wait()
    _progress("")
    if status == 0:
        return None
    return FULL if full else _explain(last)


def _progress(text: str) -> None:
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)


def _explain(error: str) -> str:
    log = LOG.read_text(encoding="utf-8", errors="replace")[-8000:]
    if any(sign in log for sign in NETWORK):
        return "pip could not reach its package index: go online and run make again."
    return f"pip failed ({error}): see .venv/install.log. Running make again continues."


if __name__ == "__main__":
    sys.exit(main())
