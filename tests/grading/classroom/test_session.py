"""A class from paths to results: any order, any number of jobs, interrupted anywhere."""

import os
import signal
import time
from pathlib import Path

import pytest

from course_lib.grading.classroom import jobs as jobs_module
from course_lib.grading.classroom.late import DueTimes, LateRule
from course_lib.grading.classroom.results import NOTHING_SUBMITTED
from course_lib.grading.classroom.roster import Roster, Student
from course_lib.grading.classroom.session import grade_class
from course_lib.grading.classroom.store import Settings, results_folder
from course_lib.grading.classroom.timing import Timing
from course_lib.grading.isolation import Attempt, SandboxUnavailableError

KINDS = {"right-student": 2.0, "wrong-student": 0.0, "stub-student": 0.0, "raises-student": 0.0}


class Quick:
    """Answers without running anything; some students make it fail."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def attempt(self, exercise, cells, cases):
        text = cells[0]
        if "kill" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "raise" in text:
            raise KeyError("a fault of ours: secret")
        if "sleep" in text:
            time.sleep(600)
        if "unavailable" in text:
            raise SandboxUnavailableError("install bubblewrap")
        return Attempt("untouched")

    def fingerprint(self, cells, names):
        return {name: (len(cells[0]),) for name in names}


def settings(tmp_path, **given):
    out = tmp_path / "out"
    (out / "marks").mkdir(parents=True, exist_ok=True)
    return Settings(out, **given)


def put(root, notebook, **students):
    for student, word in students.items():
        folder = root / student
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "first-steps.ipynb").write_bytes(notebook(f"# {word} {student}"))
    return root


def points(result):
    return {one.student: one.points for one in result.marks}


def texts(result):
    return [one.to_json() for one in result.marks]


def test_a_class_resumed_and_reordered_is_the_same(tmp_path, class_folder, fake):
    first = grade_class([class_folder], settings(tmp_path), make_runner=fake)
    assert {s: p > 0 for s, p in points(first).items()} == {s: p > 0 for s, p in KINDS.items()}
    assert (first.graded, first.reused, first.failed) == (4, 0, 0)
    again = grade_class([class_folder], settings(tmp_path), make_runner=None)  # no runner needed
    assert (again.graded, again.reused) == (0, 4)
    assert texts(again) == texts(first)
    folders = sorted(class_folder.iterdir(), reverse=True)
    elsewhere = grade_class(folders, settings(tmp_path / "b", jobs=3), make_runner=fake)
    assert texts(elsewhere) == texts(first)
    forced = grade_class([class_folder], settings(tmp_path, force=True), make_runner=fake)
    assert forced.graded == 4


def test_only_what_changed_is_graded_again(tmp_path, class_folder, fake, answers):
    grade_class([class_folder], settings(tmp_path), make_runner=fake)
    (class_folder / "wrong-student" / "first-steps.ipynb").write_bytes(answers["right"])
    result = grade_class([class_folder], settings(tmp_path), make_runner=fake)
    assert (result.graded, result.reused) == (1, 3)
    assert points(result)["wrong-student"] == points(result)["right-student"] > 0
    assert grade_class([class_folder], settings(tmp_path, seed=1), make_runner=fake).graded == 4
    assert (
        grade_class([class_folder], settings(tmp_path, trusted=True), make_runner=fake).graded == 4
    )
    for path in (tmp_path / "out" / "marks").iterdir():
        path.write_text(path.read_text()[:50])
    assert grade_class([class_folder], settings(tmp_path), make_runner=fake).graded == 4


@pytest.mark.parametrize(
    ("word", "problem"), [("kill", "ended by signal 9"), ("raise", "the grader itself failed")]
)
def test_one_that_breaks_the_grader_costs_no_other(tmp_path, notebook, word, problem):
    root = put(tmp_path / "c", notebook, ana="fine", ben=word, cleo="fine", dan="fine")
    result = grade_class([root], settings(tmp_path, jobs=2), make_runner=Quick)
    problems = {one.student: one.problem for one in result.marks}
    assert problem in problems.pop("ben")
    assert set(problems.values()) == {""}
    assert (result.graded, result.failed) == (3, 1)
    assert "secret" not in repr(result)
    again = grade_class([root], settings(tmp_path), make_runner=Quick)
    assert (again.graded, again.reused, again.failed) == (0, 3, 1)


def test_a_grader_that_hangs_is_ended(tmp_path, notebook, monkeypatch):
    monkeypatch.setattr(jobs_module, "_seconds_for", lambda work: 2.0)
    root = put(tmp_path / "c", notebook, ana="sleep", ben="fine")
    result = grade_class([root], settings(tmp_path), make_runner=Quick)
    assert [one.problem.split(",")[0] for one in result.marks] == ["grading it took too long", ""]


def test_without_a_sandbox_nothing_is_graded(tmp_path, notebook):
    root = put(tmp_path / "c", notebook, ana="unavailable")
    with pytest.raises(SandboxUnavailableError, match="install bubblewrap"):
        grade_class([root], settings(tmp_path), make_runner=Quick)


def children():
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return path.read_text().split() if path.exists() else []


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer signal")
def test_an_interruption_ends_all_at_once_and_keeps_what_is_done(tmp_path, notebook):
    root = put(tmp_path / "c", notebook, ana="fine", ben="sleep", cleo="sleep")
    before = children()

    def stop(stage, done, total):
        if stage == "grading" and done == 1:
            signal.setitimer(signal.ITIMER_REAL, 0.3)

    def interrupt(*_):
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGALRM, interrupt)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            grade_class([root], settings(tmp_path, jobs=2), make_runner=Quick, progress=stop)
    finally:
        signal.signal(signal.SIGALRM, earlier)
    assert time.monotonic() - began < 60
    assert children() == before
    assert len(list((tmp_path / "out" / "marks").glob("*.json"))) == 1


def test_several_files_of_one_student(tmp_path, notebook, fake):
    root = tmp_path / "c" / "ana"
    root.mkdir(parents=True)
    for age, name in enumerate(("first-steps", "first-steps-2", "first-steps-1")):
        path = root / f"{name}.ipynb"
        path.write_bytes(notebook(f"# {name}"))
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    (root / "first-steps-9.ipynb").write_bytes(b"")
    (root / "scratch.ipynb").write_bytes(notebook("x = 1"))
    result = grade_class([tmp_path / "c"], settings(tmp_path), make_runner=Quick)
    (marks,) = result.marks
    assert marks.file == "ana/first-steps.ipynb"
    assert "4 files" in marks.notes[0]
    assert any("scratch.ipynb: skipped" in note for note in result.notes)


def test_the_platforms_numbers_keep_two_of_one_name_apart(tmp_path, notebook):
    for number in (11, 22):
        folder = tmp_path / "c" / f"Ana Li_{number}_assignsubmission_file_"
        folder.mkdir(parents=True)
        (folder / "first-steps.ipynb").write_bytes(notebook(f"# {number}"))
    result = grade_class([tmp_path / "c"], settings(tmp_path), make_runner=Quick)
    assert [one.student for one in result.marks] == ["Ana Li (11)", "Ana Li (22)"]


ROSTER = Roster((Student("s1", "Ana"), Student("s2", "Ben"), Student("s3", "Cleo")))


def test_roster_names_missing_and_unknown_students(tmp_path, notebook):
    root = put(tmp_path / "c", notebook, s1="x", Ben="y", stranger="z")
    result = grade_class([root], settings(tmp_path), roster=ROSTER, make_runner=Quick)
    assert [(one.student, one.name, one.problem) for one in result.marks] == [
        ("s1", "Ana", ""),
        ("s2", "Ben", ""),
        ("s3", "Cleo", NOTHING_SUBMITTED),
        ("stranger", "", ""),
    ]
    assert any("stranger is not on the roster" in note for note in result.notes)


def test_late_work(tmp_path, class_folder, fake):
    due = DueTimes.read(["2026-03-01 12:00 UTC"], ["first_steps"])
    timing = Timing(due, LateRule.read("0.5p/day, grace=1h"))
    times = {
        "right-student": "2026-03-02T13:00Z",
        "wrong-student": "2026-03-02T13:00Z",
        "stub-student": "2026-03-01T12:30Z",
    }
    students = [
        Student(name, "", {"": DueTimes.read([moment], []).of("")} if moment else {}, {})
        for name, moment in times.items()
    ]
    roster = Roster(tuple(students))
    run = settings(tmp_path)
    result = grade_class([class_folder], run, roster=roster, timing=timing, make_runner=fake)
    by_name = {one.student: one for one in result.marks}
    right = by_name["right-student"]
    assert (right.deduction, right.final_points) == (1.0, right.points - 1)
    assert right.late == "1 day 1 h late: 1 points off"
    assert by_name["wrong-student"].final_points == 0
    assert by_name["stub-student"].late == ""
    assert "by the time of the file" in by_name["raises-student"].late


def test_read_only_and_busy_results(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match=r".*"), results_folder(tmp_path / "file" / "out"):
        pass
    with (
        results_folder(tmp_path / "out"),
        pytest.raises(ValueError, match="in use"),
        results_folder(tmp_path / "out"),
    ):
        pass
    part = tmp_path / "out" / "marks" / ".x.part"
    part.write_text("half")
    with results_folder(tmp_path / "out"):
        assert not part.exists()


def test_settings_are_validated(tmp_path):
    for bad in ({"jobs": 0}, {"seed": -1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Settings(tmp_path, **bad)


def test_what_a_sandbox_has_to_tell_is_told_once_for_the_class(tmp_path, notebook):
    class Slow(Quick):
        note = "each attempt had a sandbox of its own"

    root = put(tmp_path / "class", notebook, ann="", bea="", cem="")
    result = grade_class([root], settings(tmp_path, jobs=2), make_runner=Slow)
    assert result.notes.count(Slow.note) == 1
