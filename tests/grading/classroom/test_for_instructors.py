"""The page for instructors: its commands are run as they stand there, its outputs compared."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from course_lib.grading.classroom.results import MarkStatus

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "book" / "reference" / "for-instructors.md").read_text(encoding="utf-8")
_FENCE = re.compile(
    r"^```(?:\{code-block\} )?(\w+)\n(?::caption: (\S+)\n)?(.*?)^```$", re.MULTILINE | re.DOTALL
)
needs_isolation = pytest.mark.needs_sandbox


def section(title: str) -> list[tuple[str, str, str]]:
    """The fenced blocks below a heading: language, caption, text."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return [(kind, caption, block) for kind, caption, block in _FENCE.findall(text)]


def run(command: str, folder: Path, course: Path = ROOT) -> str:
    """Run lines in bash with this Python as `python`, and return what they print."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(course), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=1_200,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def assert_shown(block: str, printed: str) -> None:
    """All lines of the block stand in the output, one right after the other but at a "…"."""
    place = 0
    for piece in re.split(r"^…\n", block, flags=re.MULTILINE):
        found = printed.find(piece, place)
        assert found >= 0, f"not printed:\n{piece}\nbut:\n{printed}"
        place = found + len(piece)


@needs_isolation
@pytest.mark.slow
def test_the_first_class(tmp_path):
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    blocks = section("A first class in five minutes")
    commands = "".join(text for kind, _, text in blocks if kind == "bash")
    (shown,) = (text for kind, _, text in blocks if kind == "text")
    assert_shown(shown, run(commands, tmp_path))
    assert len(list((tmp_path / "demo-results" / "students").iterdir())) == 31
    overview = (tmp_path / "demo-results" / "class.html").read_text(encoding="utf-8")
    assert "Birgit Quillwater" in overview
    assert "0 graded now, 29 known already" in run(commands, tmp_path)
    if importlib.util.find_spec("nbgrader") is not None:
        ((_, caption, code),) = section("Into nbgrader's gradebook")
        (tmp_path / caption).write_text(code, encoding="utf-8")
        run(f"python {caption}", tmp_path)
        assert (tmp_path / "gradebook.db").exists()


@pytest.mark.slow
def test_the_new_exercise(tmp_path):
    for name in ("course_lib", "scripts", "tests/exercises"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "tests/conftest.py", "book/start/first-steps.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    blocks = section("Adding an exercise")
    for _, caption, text in blocks:
        if caption:
            (tmp_path / caption).write_text(text, encoding="utf-8")
    (shown,) = (text for kind, _, text in blocks if kind == "text")
    assert run("python kill_table.py", tmp_path, tmp_path) == shown
    lines = [line for kind, _, text in blocks if kind == "bash" for line in text.splitlines()]
    assert [line for line in lines if line.startswith("make")] == [
        "make run NB=book/start/first-steps.ipynb"  # it needs data, so it is not run here
    ]
    for line in lines:
        if not line.startswith("make"):
            run(line, tmp_path, tmp_path)
    check = "python scripts/refresh_exercises.py --check book/start/first-steps.ipynb"
    run(check, tmp_path, tmp_path)


def test_all_statuses_are_explained():
    for status in get_args(MarkStatus):
        assert f"\n| {status} | " in PAGE


def test_messages_are_those_of_the_code():
    rows = re.findall(r"^\| (.+?) \| .+ \|$", PAGE.split("\n## When something fails\n")[1], re.M)
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "course_lib").rglob("*.py"))
    messages = [row.split("`")[1] for row in rows if row.startswith("`")]
    assert len(messages) >= 7
    for message in messages:
        words = re.sub(r"^due ", "", message.strip("… ").removesuffix("(…)").strip(": …"))
        assert words in code, message
