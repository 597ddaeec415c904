"""How the sandbox starts, ends, and gets along where something is missing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from course_lib.exercises import get_exercise, solution_source
from course_lib.grading.isolation import Limits, Sandbox, SandboxUnavailableError, command, link
from course_lib.grading.isolation.link import WorkerProcess
from course_lib.grading.judgment import judge

pytestmark = pytest.mark.needs_sandbox

EXERCISE = replace(get_exercise("attention.causal_mask"), forbidden=("course_lib.layers",))
CASES = EXERCISE.public_cases(0)[:3]
SOLUTION = solution_source(EXERCISE)
ENDS_ONCE = f"""
{SOLUTION}

right = causal_mask

def causal_mask(n_queries, n_keys):
    if (n_queries, n_keys) == {tuple(CASES[0].inputs.values())}:
        import os
        os._exit(3)
    return right(n_queries, n_keys)
"""


def tried(sandbox, source: str = SOLUTION, seconds: float = 5.0):
    exercise = replace(EXERCISE, seconds_per_case=seconds)
    attempt = sandbox.attempt(exercise, [source], CASES)
    return attempt, judge(exercise, CASES, attempt.outcomes)


def test_a_dead_worker_is_replaced():
    with Sandbox() as sandbox:
        assert sandbox.note == ""
        worker = sandbox._workers._worker
        worker._process.kill()
        worker._process.wait(60)
        attempt, result = tried(sandbox)
        assert result.points == EXERCISE.points, attempt


def _processes_of(parent: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
    found = {parent}
    while more := {child for child, of in parents.items() if of in found} - found:
        found |= more
    return found - {parent}


def test_nothing_is_left_running():
    with Sandbox() as opened:
        worker = opened._workers._worker._process.pid
        inside = _processes_of(worker)
        tried(opened)
        assert inside
    _expect_gone({worker, *inside})


NO_LAYERS = f"""
{SOLUTION}

right = causal_mask

def causal_mask(n_queries, n_keys):
    import os
    assert os.listdir("/course/course_lib/layers") == []
    assert os.listdir("/course/course_lib/exercises") == ["calling.py"]
    return right(n_queries, n_keys)
"""


def test_without_nested_name_spaces_each_attempt_has_its_own_bubblewrap():
    sandbox = Sandbox()
    sandbox._workers.mode = "once"
    with sandbox:
        attempt, result = tried(sandbox, ENDS_ONCE)
        assert result.right == 2
        assert "exit code 3" in attempt.outcomes[0].error.message
        attempt, result = tried(sandbox, NO_LAYERS)
        assert result.points == EXERCISE.points, attempt
        endless = tried(sandbox, "def causal_mask(a, b):\n    while True: pass", seconds=0.5)[0]
        assert {outcome.error.kind for outcome in endless.outcomes} == {"time"}


def test_the_fallback_is_chosen_where_name_spaces_may_not_nest(monkeypatch):
    known = subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=True).stdout
    if "--disable-userns" not in known:
        pytest.skip("this bubblewrap cannot forbid further name spaces")
    build = link.isolated_command

    def forbidding(*arguments, **options):
        program, *rest = build(*arguments, **options)
        return [program, "--unshare-user", "--disable-userns", *rest]

    monkeypatch.setattr(link, "isolated_command", forbidding)
    with Sandbox() as sandbox:
        assert sandbox._workers.mode == "once"
        assert "a sandbox of its own" in sandbox.note
        assert tried(sandbox)[1].points == EXERCISE.points


ENDLESS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
from course_lib.exercises import get_exercise
from course_lib.grading.isolation import Sandbox
exercise = get_exercise("attention.causal_mask")
object.__setattr__(exercise, "seconds_per_case", 1000.0)
cell = "def causal_mask(a, b):\\n    while True: pass"
with Sandbox() as sandbox:
    print(sandbox._workers._worker._process.pid, flush=True)
    sandbox.attempt(exercise, [cell], exercise.public_cases(0))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_nothing_survives_the_grader(number):
    grader = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with grader:
        assert grader.stdout is not None
        worker = int(grader.stdout.readline())
        inside = _processes_of(worker)
        deadline = time.monotonic() + 60
        while len(_processes_of(worker)) <= len(inside) and time.monotonic() < deadline:
            time.sleep(0.1)
        inside |= {worker} | _processes_of(worker)
        grader.send_signal(number)
        grader.wait(60)
    _expect_gone(inside)


def _expect_gone(processes: set[int]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and any(map(_is_there, processes)):
        time.sleep(0.1)
    assert not [process for process in processes if _is_there(process)]


def _is_there(process: int) -> bool:
    try:
        return "(zombie)" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_trusted_code_runs_plainly():
    with Sandbox(trusted=True) as plain:
        assert plain._workers.mode == "plain"
        assert tried(plain, ENDS_ONCE)[1].right == 2
        endless = tried(plain, "def causal_mask(a, b):\n    while True: pass", seconds=0.5)[0]
        assert {outcome.error.kind for outcome in endless.outcomes} == {"time"}


def test_where_there_is_no_bubblewrap(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxUnavailableError, match="apt-get install bubblewrap"), Sandbox():
        pass
    monkeypatch.setattr(command.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(SandboxUnavailableError, match="does not start"):
        WorkerProcess("nested", tmp_bytes=1 << 20)


def test_limits_are_positive():
    with pytest.raises(ValueError, match="memory_bytes must be > 0"):
        Limits(memory_bytes=0)


AS_NOBODY = """
from course_lib.exercises import get_exercise, solution_source
from course_lib.grading.isolation import Sandbox
exercise = get_exercise("attention.causal_mask")
with Sandbox() as sandbox:
    attempt = sandbox.attempt(exercise, [solution_source(exercise)], exercise.public_cases(0))
    print(sandbox._workers.mode, attempt.status, [outcome.error for outcome in attempt.outcomes])
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root, setpriv")
def test_as_an_ordinary_user():
    packages = ":".join([str(Path(torch.__file__).parents[1]), str(Path(__file__).parents[2])])
    names = {"HOME": "/tmp", "PYTHONPATH": packages, "PATH": os.environ["PATH"]}
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    version = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for program in (os.path.realpath(sys.executable), version):
        use = [*command, program, "-c"]
        can = subprocess.run(
            [*use, "import sys, torch; open(sys.executable)"],
            capture_output=True,
            check=False,
            env=names,
        )
        if Path(program).exists() and can.returncode == 0:
            break
    else:
        pytest.skip("there is no Python with torch that an ordinary user may read")
    run = subprocess.run(
        [*use, AS_NOBODY], capture_output=True, text=True, check=False, timeout=600, env=names
    )
    assert run.stdout.startswith("nested ran [None"), run.stdout + run.stderr
