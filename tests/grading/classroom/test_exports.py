"""Files for teachers: complete, in a fixed order, harmless in a spreadsheet."""

import csv
import io
import json
from dataclasses import replace

import pytest

from course_lib.grading.classroom.exports import Pages, grades_csv, safe_text, write_results
from course_lib.grading.classroom.results import NOTHING_SUBMITTED, ExerciseMark, SubmissionMarks
from course_lib.grading.classroom.session import ClassResult
from course_lib.grading.classroom.store import Settings


def submission(student, chapter="attention", points=3.0, **given):
    mark = ExerciseMark("attention.softmax", "Softmax", "right", points, 4, 1, 1, 1, 1)
    base = SubmissionMarks(student, chapter, f"{student}/{chapter}.ipynb", "d", 0, "v")
    return replace(base.with_marks([mark]), **given)


MARKS = (
    submission("ana", name="Ana Li"),
    submission("ana", "gpt2", 4.0, name="Ana Li", deduction=1.5, late="1 day late: 1.5 points off"),
    submission("ben"),
    replace(submission("cleo"), marks=(), points=0.0, problem="the file is empty"),
    SubmissionMarks("dan", "", "", "", 0, "v", problem=NOTHING_SUBMITTED, name="=HYPERLINK(1)"),
    replace(submission("x"), student="x/attention.ipynb", problem="whose it is cannot be told"),
)


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_for_each_student():
    table = rows(grades_csv(MARKS))
    assert [row["id"] for row in table] == ["ana", "ben", "cleo", "dan"]
    ana, ben, cleo, dan = table
    assert (ana["attention"], ana["gpt2"], ana["total"]) == ("3", "2.5", "5.5")
    assert (ben["gpt2"], ben["total"]) == ("", "3")
    assert ana["out_of"] == ben["out_of"]
    assert "1.5 points off" in ana["remarks"]
    assert cleo["remarks"] == "attention: the file is empty"
    assert dan["remarks"] == NOTHING_SUBMITTED
    assert dan["name"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\n=1", " =1", "＝1", "\r@x"])
def test_formulas_are_defused(text):
    assert safe_text(text).startswith("'")


def test_quotes_and_separators_stay_in_their_cell():
    text = grades_csv([submission('a";=1+1,"b', name="x;=cmd|' /C calc'!A0")])
    (row,) = rows(text)
    assert row["id"] == 'a";=1+1,"b'
    assert text.count('"x;=cmd') == 1  # inside quotes, also where ; parts the cells


def result(marks=MARKS, **given):
    return ClassResult(tuple(marks), ("a note",), **given)


def pages(**given):
    return Pages(
        **{
            "student": lambda own, student: f"<p>{student}</p>",
            "whole_class": lambda marks, pairs: f"<p>{len(marks)}</p>",
            "similar": lambda marks: [],
            **given,
        }
    )


def test_everything_is_written_and_repeats(tmp_path):
    settings = Settings(tmp_path)
    assert write_results(result(), settings, pages()) == []
    names = {path.name for path in (tmp_path / "students").iterdir()}
    assert names == {"ana.html", "ben.html", "cleo.html", "dan.html"}
    stored = json.loads((tmp_path / "grades.json").read_text())
    assert [one["id"] for one in stored["students"]] == ["ana", "ben", "cleo", "dan"]
    assert stored["students"][0]["points"] == 5.5
    assert len(stored["unassigned"]) == 1
    assert stored["notes"] == ["a note"]
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    write_results(result(), settings, pages())
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    (tmp_path / "students" / "mine.html").write_text("not ours")
    write_results(result(MARKS[:3]), settings, pages())
    names = {path.name for path in (tmp_path / "students").iterdir()}
    assert names == {"ana.html", "ben.html", "mine.html"}


def test_a_page_that_fails_costs_no_other(tmp_path):
    def fails(own, student):
        if student == "ana":
            raise KeyError("x")
        return "page"

    def breaks(*_):
        raise ValueError("y")

    broken = pages(student=fails, whole_class=breaks, similar=breaks)
    troubles = write_results(result(), Settings(tmp_path), broken)
    assert len(troubles) == 3
    assert (tmp_path / "students" / "ben.html").exists()
    assert (tmp_path / "grades.csv").exists()


def test_a_damaged_earlier_result_does_no_harm(tmp_path):
    for text in ("{", "[]", '{"pages": 3}', '{"pages": ["../x.html", 3, "/etc/passwd.html"]}'):
        (tmp_path / "grades.json").write_text(text)
        outside = tmp_path.parent / "x.html"
        outside.write_text("keep")
        write_results(result(), Settings(tmp_path), pages())
        assert outside.exists()
