"""A class folder full of traps is graded in one run: everybody gets what is deserved."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from course_lib.grading.classroom.session import ClassResult
from course_lib.grading.isolation import SandboxUnavailableError
from tests.grading.gallery.folder import Student, given, graded, make_class, students
from tests.grading.gallery.judging import TRACE

STUDENTS = list(students())


@dataclass(frozen=True)
class Graded:
    result: ClassResult
    out: Path
    troubles: list[str]
    is_unchanged: bool


def _state(folder: Path) -> list[tuple[str, int, int]]:
    return [
        (str(path), path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in sorted(folder.rglob("*"))
    ]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    folder = tmp_path_factory.mktemp("class")
    out = tmp_path_factory.mktemp("results")
    make_class(folder)
    before = _state(folder)
    try:
        result, troubles = graded(folder, out)
    except SandboxUnavailableError as error:
        pytest.skip(str(error))
    return Graded(result, out, troubles, before == _state(folder))


@pytest.mark.parametrize("student", STUDENTS, ids=lambda student: student.folder)
def test_each_student_gets_what_is_deserved(done: Graded, student: Student) -> None:
    found = given(done.result, student)
    if student.deserves is None:
        assert all(one.points == 0 and not one.marks for one in found), found
        named = [one.problem for one in found if one.problem]
        assert named or any(student.is_meant(note) for note in done.result.notes)
        return
    assert [one.final_points for one in found] == [student.deserves], found


def test_nobody_has_marks_from_another_folder(done: Graded) -> None:
    for student in ("bob", "alice"):
        files = [one.file for one in done.result.marks if one.student == student]
        assert files == [f"{student}/first-steps.ipynb"]


def test_nothing_was_written_beside_the_results(done: Graded) -> None:
    assert done.is_unchanged
    assert done.troubles == []
    for place in ("/tmp", "/", str(Path.home()), os.curdir):
        assert not Path(place, TRACE).exists()


def test_no_cell_of_the_table_is_a_formula(done: Graded) -> None:
    with (done.out / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len({len(row) for row in rows}) == 1
    for row in rows:
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row), row
        assert all(cell.isprintable() for cell in row), row


def test_no_page_holds_what_students_wrote_as_markup(done: Graded) -> None:
    pages = [done.out / "class.html", *(done.out / "students").glob("*.html")]
    assert len(pages) > 10
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "<img src=x" not in text, page
        assert not set("\u202e\u2066\x1b\0") & set(text), page
        assert page.parent in (done.out, done.out / "students")
