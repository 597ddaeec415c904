"""The sandbox keeps its promises: nothing gets out but values, and a crash costs one case."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from course_lib.exercises import (
    Case,
    chapters,
    get_exercise,
    object_inputs,
    solution_source,
    stub_source,
)
from course_lib.grading import isolation
from course_lib.grading.isolation import Limits, Sandbox
from course_lib.grading.judgment import judge

pytestmark = pytest.mark.needs_sandbox

EXERCISE = replace(
    get_exercise("attention.causal_mask"), forbidden=("softmax", "course_lib.layers")
)
CASES = EXERCISE.public_cases(0)[:3]
RIGHT = "import torch\ndef right(n_queries, n_keys):\n    return {}\n".format(
    "torch.ones(n_queries, n_keys, dtype=torch.bool).tril(n_keys - n_queries)"
)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(limits=Limits(memory_bytes=1 << 30)) as opened:
        yield opened


def solution(body: str, before: str = "") -> list[str]:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return [RIGHT, f"{before}\ndef causal_mask(n_queries, n_keys):\n{lines}"]


def tried(sandbox, body: str, before: str = "", seconds: float = 5.0):
    exercise = replace(EXERCISE, seconds_per_case=seconds)
    attempt = sandbox.attempt(exercise, solution(body, before), CASES)
    assert attempt.status == "ran", attempt
    assert len(attempt.outcomes) == len(CASES)
    return attempt, judge(exercise, CASES, attempt.outcomes)


def test_every_solution_of_a_chapter_scores_full(sandbox):
    exercises = chapters()["attention"]
    cells = [solution_source(exercise) for exercise in exercises]
    for exercise in exercises:
        cases = [*exercise.public_cases(1), *exercise.hidden_cases(1)]
        attempt = sandbox.attempt(exercise, cells, cases)
        assert attempt.status == "ran", attempt
        assert judge(exercise, cases, attempt.outcomes).points == exercise.points, exercise.id


def test_states_other_than_ran(sandbox):
    stub = [stub_source(EXERCISE.id)]
    assert sandbox.attempt(EXERCISE, stub, CASES).status == "untouched"
    assert sandbox.attempt(EXERCISE, ["x = 1"], CASES).status == "missing"
    attempt = sandbox.attempt(EXERCISE, solution("return torch.softmax(n_keys, 0)"), CASES)
    assert attempt.status == "forbidden"
    assert [(v.name, v.cell, v.line) for v in attempt.violations] == [("torch.softmax", 2, 3)]


GOOD = {
    "plainly": ("return right(n_queries, n_keys)", ""),
    "prints": ("print('x' * 10**6)\nreturn right(n_queries, n_keys)", ""),
    "warns": ("import warnings\nwarnings.warn('w')\nreturn right(n_queries, n_keys)", ""),
    "numpy": ("return right(n_queries, n_keys).numpy()", ""),
    "gradient": (
        "x = torch.ones(2, requires_grad=True)\nx.sum().backward()\n"
        "return right(n_queries, n_keys)",
        "",
    ),
    "tries a process": (
        "import os\ntry:\n    os.fork()\nexcept OSError:\n    return right(n_queries, n_keys)",
        "",
    ),
    "tries a program": (
        "import subprocess\ntry:\n    subprocess.run(['/bin/true'])\nexcept OSError:\n"
        "    return right(n_queries, n_keys)",
        "",
    ),
    "tries the network": (
        "import socket\ntry:\n    socket.socket()\nexcept OSError:\n"
        "    return right(n_queries, n_keys)",
        "",
    ),
    "sees no process but itself": (
        "import os\nassert os.getpid() == 1 and os.listdir('/proc') == []\n"
        "return right(n_queries, n_keys)",
        "",
    ),
    "writes only in /tmp, not for ever": (
        "import os\nwritten = 0\n"
        "for place in ('/', '/dev', '/dev/shm', '/usr', '/course', '/course/course_lib/grading'):\n"
        "    try:\n        open(place + '/x', 'w')\n        written += 1\n"
        "    except OSError:\n        pass\n"
        "try:\n    for i in range(100):\n        open(f'/tmp/{i}', 'wb').write(bytes(1 << 20))\n"
        "    written += 1\nexcept OSError:\n    pass\n"
        "return None if written else right(n_queries, n_keys)",
        "",
    ),
    "no reference, no home, no project": (
        "import os, importlib.util\n"
        "gone = ['course_lib.exercises.attention', 'course_lib.grading.judgment',\n"
        "        'course_lib.exercises.registry', 'course_lib.layers']\n"
        f"assert not os.path.exists({str(Path(__file__))!r})\n"
        f"assert not os.path.exists({str(Path(isolation.__file__))!r})\n"
        "for name in gone:\n    try:\n        __import__(name)\n"
        "    except ImportError:\n        continue\n    return None\n"
        "course = '/course/course_lib'\n"
        "assert os.listdir(course + '/exercises') == ['calling.py']\n"
        "assert os.listdir(course + '/grading') == ['inside']\n"
        "assert os.listdir(course + '/layers') == []\n"
        "return right(n_queries, n_keys)",
        "",
    ),
    "escapes": (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "results = {libc.unshare(0x10000000), libc.umount2(b'/proc', 2),\n"
        "           libc.ptrace(16, 1, 0, 0),\n"
        "           libc.mount(b'p', b'/proc', b'proc', 0, None), libc.prctl(4, 1, 0, 0, 0),\n"
        "           libc.memfd_create(b'm', 0), libc.shmget(0, 4096, 0o1600)}\n"
        "return right(n_queries, n_keys) if results == {-1} else None",
        "",
    ),
    "with what runs later": (
        "return later(n_queries, n_keys)",
        "exec('later = right')\nwhile_training = [i for i in range(3)]",
    ),
    "notebook commands": ("return right(n_queries, n_keys)", "%matplotlib inline\n!ls"),
    "display": ("display(n_keys)\nreturn right(n_queries, n_keys)", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_right_however_it_is_done(sandbox, name):
    attempt, result = tried(sandbox, *GOOD[name])
    assert result.points == EXERCISE.points, (result, attempt.notes)
    assert all(len(outcome.printed) <= 2_001 for outcome in attempt.outcomes)


FIRST = "if n_queries == {n} and n_keys == {k}:\n    {{}}\nreturn right(n_queries, n_keys)".format(
    n=CASES[0].inputs["n_queries"], k=CASES[0].inputs["n_keys"]
)
BAD = {
    "exit": ("import sys; sys.exit(2)", "exception", "SystemExit: 2"),
    "interrupt": ("raise KeyboardInterrupt", "exception", "KeyboardInterrupt"),
    "end": ("import os; os._exit(3)", "crash", "exit code 3"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "crash", "SIGSEGV"),
    "memory": ("return bytearray(1 << 33)", "memory", "MemoryError"),
    "memory of torch": ("return torch.ones(1 << 32)", "memory", "memory"),
    "large answer": ("return torch.zeros(1).expand(10**9)", "size", "too large"),
    "endless answer": ("a = []; a.append(a); return a", "size", "nested"),
    "garbage": ("import os; os.write(3, b'\\xff' * 100)", "crash", "cannot be read"),
    "forged": ("import os; os.write(3, bytes([1, 0, 0, 0]) + b'N')", "crash", "cannot be read"),
    "silence": ("import os; os.close(3)", "crash", ""),
    "banned": ("return getattr(torch, 'soft' + 'max')(torch.ones(2), 0)", "forbidden", "may not"),
    "error": ("return 1 / 0", "exception", "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", BAD)
def test_each_trouble_costs_one_case(sandbox, name):
    statement, kind, words = BAD[name]
    attempt, result = tried(sandbox, FIRST.format(statement))
    assert [outcome.error is None for outcome in attempt.outcomes] == [False, True, True]
    error = attempt.outcomes[0].error
    assert error is not None
    assert error.kind == kind
    assert words in error.message
    assert result.right == 2
    if kind == "exception":
        assert error.line.startswith("cell 2, line 4: ")


@pytest.mark.parametrize(
    "statement",
    [
        "while True: pass",
        "import signal\n"
        "    for number in {2, 14, 15}: signal.signal(number, signal.SIG_IGN)\n"
        "    while True: pass",
        "import time; time.sleep(100)",
        "sum(range(10**12))",
    ],
)
def test_endless_calls_end(sandbox, statement):
    attempt, result = tried(sandbox, FIRST.replace("{}", "{0}").format(statement), seconds=1.0)
    error = attempt.outcomes[0].error
    assert error is not None
    assert error.kind == "time"
    assert result.right == 2


def test_thread_bomb_ends(sandbox):
    bomb = (
        "import threading, time; threading.stack_size(1 << 16); "
        "[threading.Thread(target=time.sleep, args=(99,), daemon=True).start() for _ in range(999)]"
    )
    attempt, result = tried(sandbox, FIRST.format(bomb), seconds=20.0)
    assert attempt.outcomes[0].error is not None
    assert result.right == 2


def test_state_does_not_pass_from_one_attempt_to_the_next(sandbox):
    leave = (
        "import builtins, torch\nbuiltins.len = lambda x: 0\ntorch.ones = None\nopen('/tmp/x', 'w')"
    )
    tried(sandbox, f"{leave}\nreturn 1")
    look = "import os\nassert len('abc') == 3 and not os.path.exists('/tmp/x')"
    _, result = tried(sandbox, f"{look}\nreturn right(n_queries, n_keys)")
    assert result.points == EXERCISE.points


def test_an_input_comes_only_after_the_answer_before_it(sandbox):
    peek = (
        "import os, select\n"
        "more = select.select([3], [], [], 0.2)[0]\n"
        "return right(n_queries, n_keys) if not more else None"
    )
    assert tried(sandbox, peek)[1].points == EXERCISE.points


def test_randomness_is_the_same_in_each_case(sandbox):
    attempt, _ = tried(sandbox, "import random\nreturn [random.random(), torch.rand(1).item()]")
    values = [outcome.value for outcome in attempt.outcomes]
    assert values[0] == values[1] == values[2]
    torch.manual_seed(0)
    assert values[0][1] == torch.rand(1).item()


def test_loading_that_fails_or_never_ends(sandbox):
    cells = ["import not_there\nx = 1 / 0", *solution("return right(n_queries, n_keys)")]
    attempt = sandbox.attempt(EXERCISE, cells, CASES)
    assert judge(EXERCISE, CASES, attempt.outcomes).points == EXERCISE.points
    assert attempt.notes == ()
    needy = solution("return right(n_queries, x)", "import not_there as n\nx = n.size")
    attempt = sandbox.attempt(EXERCISE, needy, CASES)
    assert "No module named 'not_there'" in " ".join(attempt.notes)
    with Sandbox(limits=Limits(seconds_to_load=1.0)) as hasty:
        endless = solution("return x", "while True:\n    x = 1")
        attempt = hasty.attempt(EXERCISE, endless, CASES)
    assert {outcome.error.kind for outcome in attempt.outcomes if outcome.error} == {"time"}


def test_a_wrong_name_and_a_syntax_error(sandbox):
    cells = [RIGHT, f'check("{EXERCISE.id}", right)']
    attempt = sandbox.attempt(EXERCISE, cells, CASES)
    assert judge(EXERCISE, CASES, attempt.outcomes).points == EXERCISE.points
    assert "`right`" in attempt.notes[0]
    attempt = sandbox.attempt(EXERCISE, solution("return (1"), CASES)
    error = attempt.outcomes[0].error
    assert error is not None
    assert error.message.startswith("SyntaxError")
    assert error.line.startswith("cell 2, line 3")


def test_a_class_is_made_and_used(sandbox):
    exercise = replace(EXERCISE, kind="class")
    inputs = object_inputs({"size": 2}, [("grow", 3), "size", ("train", True)])
    source = (
        "class causal_mask:\n"
        "    def __init__(self, size): self.size = size\n"
        "    def grow(self, by):\n        self.size += by\n        return by\n"
        "    def train(self, mode): return self"
    )
    attempt = sandbox.attempt(exercise, [source], [Case(inputs, "grown")])
    assert attempt.outcomes[0].value == [3, 5]


def test_fingerprints_survive_renaming(sandbox):
    cells = ["def f(a):\n    'Words.'\n    b = a + 1\n    return b * 2\ndef g(a): return a"]
    renamed = ["def f( x ):\n    y = x+1   # other\n    return (y*2)"]
    first = sandbox.fingerprint(cells, ["f", "g", "h"])
    assert set(first) == {"f", "g"}
    assert first["f"] == sandbox.fingerprint(renamed, ["f"])["f"]
    assert all(0 <= item < 1 << 64 for item in first["f"])
    assert not set(first["f"]) <= set(first["g"])
    assert sandbox.fingerprint(["(" * 100_000], ["f"]) == {}


def test_what_a_chapter_imports_is_no_answer(sandbox):
    exercise = get_exercise("attention.causal_mask")
    cases = exercise.public_cases(0)[:2]
    library = "import torch\nfrom course_lib.layers import causal_mask"
    renamed = solution_source(exercise).replace("causal_mask", "my_mask")
    missing = sandbox.attempt(exercise, [library, renamed], cases)
    assert missing.status == "missing"
    assert missing.notes == ("`causal_mask` is imported here, not written",)
    check = 'check("attention.causal_mask", my_mask)'
    found = sandbox.attempt(exercise, [library, renamed, check], cases)
    assert found.status == "ran"
    assert not any(outcome.error for outcome in found.outcomes)
