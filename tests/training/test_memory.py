"""Freed memory is kept: the pages of the next step are not made anew."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, sys, torch
from course_lib.training.memory import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()


def step():
    tensors = [torch.ones(3_000_000) for _ in range(3)]


step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how: str) -> int:
    run = subprocess.run(
        [sys.executable, "-c", STEPS, how], capture_output=True, text=True, check=True, timeout=120
    )
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_ten_steps_take_hardly_any_new_pages():
    assert page_faults("keep") < 0.1 * page_faults("free")


def test_elsewhere_nothing_happens(monkeypatch):
    from course_lib.training import memory

    monkeypatch.setattr(memory.platform, "libc_ver", lambda: ("", ""))
    assert memory.keep_freed_memory() is False
