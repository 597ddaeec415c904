"""Grading speed: 20 submissions of the attention chapter, by ours and by the real nbgrader.

    python benchmarks/grading.py --make-venv .cache/nbgrader     (once: nbgrader 0.9.6 of its own)
    python benchmarks/grading.py --nbgrader .cache/nbgrader [--submissions 20] [--jobs 1 2]
    python benchmarks/grading.py --scale 50 100 200              (ours alone: time and memory)

Every submission solves all six exercises of the chapter: the reference solutions, with local names
and comments of each student's own. Ours gets the whole notebook of the chapter, 100 cells with the
solutions in the place of the stubs, and does what a teacher's call does: it finds the cells that
the exercises need, runs each exercise in isolation on the public and the hidden cases (gradients
too), compares, looks for alike submissions, and writes the tables and a page for each student.

nbgrader gets less to do: a notebook of only the six solution cells, each followed by one test cell
with the public cases of that exercise as literals, which its own `generate_assignment` has put into
its database before the clock starts. `nbgrader autograde` then does what it does: it restores the
test cells, starts a kernel for each notebook, runs it without isolation, and writes the scores.

Both run as separate programs from start to end, in turns, one after the other on the same machine,
and both must give full points to all. Time is that of the clock on the wall, so other programs
should rest; memory is the most that all processes of a side hold at once.
"""

import argparse
import contextlib
import csv
import json
import os
import site
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from grading_work import CHAPTER, chapter_notebook, small_notebook, solution

from course_lib.exercises import chapters, stub_source

ROOT = Path(__file__).resolve().parents[1]
VERSION = "0.9.6"


class Run(NamedTuple):
    """Seconds by the clock, and the most memory at any time in MB: all processes together."""

    seconds: float
    memory: int


def measured(command: Sequence[str], folder: Path, environment: dict[str, str]) -> Run:
    """Run a program and what it starts; raises ``RuntimeError`` where it fails."""
    most, started = 0, time.perf_counter()
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        while process.poll() is None:
            most = max(most, resident(process.pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
    seconds = time.perf_counter() - started
    if process.returncode:
        said = (folder / "log.txt").read_text()[-2_000:]
        raise RuntimeError(f"{' '.join(command[:4])} ended with {process.returncode}:\n{said}")
    return Run(seconds, most // 2**20)


def resident(root: int) -> int:
    """Return the resident bytes of a process and all below it, from /proc; 0 where there is none.

    Pages that several share count for each of them.
    """
    parents: dict[int, tuple[int, int]] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = file.read_text(errors="replace").rpartition(")")[2].split()
            parents[int(file.parent.name)] = int(fields[1]), int(fields[21])
    inside, size = {root}, -1
    while len(inside) != size:
        size = len(inside)
        inside |= {pid for pid, (parent, _) in parents.items() if parent in inside}
    pages = sum(parents[pid][1] for pid in inside if pid in parents)
    return pages * os.sysconf("SC_PAGE_SIZE")


def write_ours(folder: Path, n: int) -> Path:
    """Write the submissions for our grader."""
    for student in range(n):
        path = folder / "class" / f"s{student:04}" / f"{CHAPTER}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(chapter_notebook(student)), encoding="utf-8")
    return folder / "class"


def grade_ours(folder: Path, submissions: Path, n: int, jobs: int, number: int) -> Run:
    """Grade with ours; every submission must have full points."""
    out = folder / f"out-{jobs}-{number}"
    command = [sys.executable, "-m", "course_lib", "grade", str(submissions), "--out", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = measured([*command, "--jobs", str(jobs)], folder, environment)
    with (out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    full = sum(float(row["total"]) == float(row["out_of"]) for row in rows)
    if full != n or len(rows) != n:
        raise RuntimeError(f"ours: {full} of {len(rows)} submissions have full points, not {n}")
    return result


def write_nbgrader(folder: Path, venv: Path, n: int) -> None:
    """Write nbgrader's course and let it make the assignment."""
    exercises = chapters()[CHAPTER]
    source = folder / "source" / CHAPTER / f"{CHAPTER}.ipynb"
    source.parent.mkdir(parents=True)
    marked = [
        stub_source(e.id) + "\n    ### BEGIN SOLUTION\n    ### END SOLUTION" for e in exercises
    ]
    source.write_text(json.dumps(small_notebook(marked)), encoding="utf-8")
    run_nbgrader(folder, venv, "generate_assignment", CHAPTER)
    for student in range(n):
        path = folder / "submitted" / f"s{student:04}" / CHAPTER / f"{CHAPTER}.ipynb"
        path.parent.mkdir(parents=True)
        book = small_notebook([solution(e, student) for e in exercises])
        path.write_text(json.dumps(book), encoding="utf-8")


def run_nbgrader(folder: Path, venv: Path, *arguments: str) -> Run:
    """Run nbgrader in its own environment, as if that were activated."""
    path = os.pathsep.join([str(venv / "bin"), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(venv)}
    return measured([str(venv / "bin" / "nbgrader"), *arguments], folder, environment)


def grade_nbgrader(folder: Path, venv: Path, n: int) -> Run:
    """Grade with nbgrader; every submission must have full points."""
    result = run_nbgrader(folder, venv, "autograde", CHAPTER, "--force")
    run_nbgrader(folder, venv, "export", "--to=grades.csv")
    with (folder / "grades.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    full = sum(row["score"] == row["max_score"] for row in rows)
    if full != n or len(rows) != n:
        said = (folder / "log.txt").read_text()[-2_000:]
        raise RuntimeError(f"nbgrader: {full} of {len(rows)} have full points, not {n}\n{said}")
    return result


def make_venv(folder: Path) -> None:
    """Make an environment with nbgrader that sees this one's torch, but not the reverse."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", f"nbgrader=={VERSION}"], check=True)
    ask = [python, "-c", "import site; print(site.getsitepackages()[0])"]
    place = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    lines = [f"import site; site.addsitedir({found!r})" for found in site.getsitepackages()]
    (Path(place) / "course.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


def compare(venv: Path, n: int, jobs: Sequence[int], rounds: int) -> None:
    """Print seconds of both and their ratio."""
    with tempfile.TemporaryDirectory(prefix="grading-") as name:
        ours, theirs = Path(name) / "ours", Path(name) / "nbgrader"
        theirs.mkdir()
        submissions = write_ours(ours, n)
        write_nbgrader(theirs, venv, n)
        graders: dict[str, Callable[[int], Run]] = {
            f"ours, {j} job{'s' if j > 1 else ''}": (
                lambda number, j=j: grade_ours(ours, submissions, n, j, number)  # type: ignore[misc]
            )
            for j in jobs
        }
        graders[f"nbgrader {VERSION}"] = lambda _: grade_nbgrader(theirs, venv, n)
        runs: dict[str, list[Run]] = {label: [] for label in graders}
        for number in range(rounds):
            for label, grade in graders.items():
                runs[label].append(grade(number))
    slow = runs[f"nbgrader {VERSION}"]
    print(f"{n} submissions of {CHAPTER}, {rounds} round(s); load {os.getloadavg()[0]:.1f}")
    print(f"{'':<18}{'seconds':>9}{'each':>8}{'ratio':>8}{'memory MB':>11}")
    for label, own in runs.items():
        took = statistics.median(run.seconds for run in own)
        ratio = statistics.median(run.seconds for run in slow) / took
        memory = max(run.memory for run in own)
        print(f"{label:<18}{took:>9.1f}{took / n:>8.2f}{ratio:>7.1f}×{memory:>11}")


def scale(numbers: Sequence[int], jobs: int) -> None:
    """Print seconds and memory of ours for growing classes."""
    print(f"{'submissions':>12}{'seconds':>9}{'each':>8}{'memory MB':>11}   ({jobs} job(s))")
    for n in numbers:
        with tempfile.TemporaryDirectory(prefix="grading-") as name:
            folder = Path(name) / "ours"
            run = grade_ours(folder, write_ours(folder, n), n, jobs, 0)
        print(f"{n:>12}{run.seconds:>9.1f}{run.seconds / n:>8.3f}{run.memory:>11}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Grading speed, ours and nbgrader's")
    parser.add_argument("--make-venv", type=Path, metavar="FOLDER")
    parser.add_argument("--nbgrader", type=Path, metavar="FOLDER", help="made by --make-venv")
    parser.add_argument("--submissions", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--scale", type=int, nargs="+", metavar="N")
    chosen = parser.parse_args()
    if chosen.make_venv:
        make_venv(chosen.make_venv.absolute())
    if chosen.nbgrader:
        compare(chosen.nbgrader.absolute(), chosen.submissions, chosen.jobs, chosen.rounds)
    if chosen.scale:
        scale(chosen.scale, chosen.jobs[-1])
    if not (chosen.make_venv or chosen.nbgrader or chosen.scale):
        parser.print_help()


if __name__ == "__main__":
    main()
