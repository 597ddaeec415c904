"""``grade`` and ``check`` as a person uses them."""

import json
import shutil
import sys
import zipfile

import pytest

from course_lib.command_line import COMMANDS, Command, main
from course_lib.grading.isolation import SandboxUnavailableError


@pytest.fixture(autouse=True)
def commands(monkeypatch, fake):
    for name in ("grade", "check"):
        command = Command(f"course_lib.command_line.{name}", name, f"{name}.")
        monkeypatch.setitem(COMMANDS, name, command)
    monkeypatch.setattr("course_lib.grading.classroom.session.Sandbox", fake)
    monkeypatch.setattr("course_lib.command_line.check.Sandbox", fake)
    monkeypatch.setenv("COLUMNS", "200")


def run(capsys, *words):
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


def test_a_class_from_a_zip(capsys, tmp_path, class_folder):
    archive = tmp_path / "class.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(class_folder.rglob("*.ipynb")):
            file.write(path, path.relative_to(class_folder))
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\nright-student,Ana Li\nabsent,Ben\n")
    out = tmp_path / "results"
    status, text, err = run(capsys, "grade", archive, "--out", out, "--roster", roster)
    assert (status, err) == (0, "")
    assert "4 graded now, 0 known already" in text
    assert "Ana Li (right-student)" in text
    assert "nothing submitted" in text
    assert str(out / "class.html") in text
    stored = json.loads((out / "grades.json").read_text())
    assert stored["isolated"] is True
    assert len(list((out / "students").glob("*.html"))) == 5
    page = (out / "students" / "raises-student.html").read_text()
    assert "ValueError" in page
    before = {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()}
    status, text, _ = run(capsys, "grade", archive, "--out", out, "--roster", roster)
    assert "0 graded now, 4 known already" in text
    after = {path: path.read_bytes() for path in out.rglob("*.*") if path.is_file()}
    assert before == after
    assert "Ana Li" in (out / "class.html").read_text()
    words = ("grade", archive, "--out", out, "--roster", roster, "--no-names")
    status, text, _ = run(capsys, *words)
    assert "4 known already" in text
    page = (out / "class.html").read_text()
    assert not [name for name in ("Ana Li", "Ben", "raises-student") if name in page]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "there is no"),
        (["."], "no submissions (.ipynb, .py or .zip) were found"),
        ([".", "--late", "10%"], "--late needs --due"),
        ([".", "--due", "2026-03-01"], "no time zone"),
        ([".", "--due", "2026-03-01 UTC", "--late", "x"], "10%/day"),
        ([".", "--roster", "nowhere.csv"], "there is no roster nowhere.csv"),
        ([".", "--jobs", "-1"], "jobs must be >= 1"),
    ],
)
def test_slips_are_explained(capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    status, _, err = run(capsys, "grade", *words, "--out", "out")
    assert status == 1
    assert message in err
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_written(capsys, tmp_path, class_folder):
    (tmp_path / "file").write_text("x")
    status, _, err = run(capsys, "grade", class_folder, "--out", tmp_path / "file")
    assert status == 1
    assert err.startswith("Error")
    assert "is a file; --out names the folder" in err


def test_files_of_nobody_need_a_look(capsys, tmp_path, class_folder, answers):
    (class_folder / "first-steps.ipynb").write_bytes(answers["right"])
    status, text, _ = run(capsys, "grade", class_folder, "--out", tmp_path / "out")
    assert status == 3
    assert "first-steps.ipynb: whose it is cannot be told" in text


def test_help_shows_the_syntax(capsys):
    status, text, _ = run(capsys, "grade", "--help")
    assert status == 0
    for words in ("Europe/Berlin", "grace=15m", "--trusted", "Exit status"):
        assert words in text


def test_check_ones_own_notebook(capsys, tmp_path, answers):
    for kind, words in (
        ("right", "cases right"),
        ("wrong", "hidden cases right"),
        ("stub", "not attempted yet"),
    ):
        path = tmp_path / f"{kind}.ipynb"
        path.write_bytes(answers[kind])
        status, text, err = run(capsys, "check", path)
        assert (status, err) == (0, "")
        assert "run in isolation" in text
        assert words in text
        assert "In all: " in text
    shutil.copy(tmp_path / "right.ipynb", tmp_path / "link target.ipynb")


def test_check_without_a_sandbox_says_so(capsys, tmp_path, answers, monkeypatch, fake):
    class Missing(fake):
        def __enter__(self):
            if not self.trusted:
                raise SandboxUnavailableError("bubblewrap is missing: apt install bubblewrap")
            return self

    monkeypatch.setattr("course_lib.command_line.check.Sandbox", Missing)
    path = tmp_path / "n.ipynb"
    path.write_bytes(answers["right"])
    assert "run without isolation" in run(capsys, "check", path)[1]
    assert "as you asked" in run(capsys, "check", path, "--trusted")[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no"), (b"", "empty"), (b"x = 1", "no exercise")],
)
def test_check_explains_what_is_not_a_notebook(capsys, tmp_path, content, message):
    path = tmp_path / "n.ipynb"
    if content is not None:
        path.write_bytes(content)
    status, _, err = run(capsys, "check", path)
    assert status == 1
    assert message in err
    assert run(capsys, "check", tmp_path)[0] == 1


def test_marks_go_into_a_gradebook(capsys, tmp_path, class_folder, monkeypatch):
    module = "course_lib.grading.classroom.nbgrader_export.export_to_gradebook"
    written = {}

    def export(marks, url):
        written[url] = [one.student for one in marks if one.is_submitted]

    monkeypatch.setattr(module, export)
    url = f"sqlite:///{tmp_path}/gradebook.db"
    assert run(capsys, "grade", class_folder, "--out", tmp_path / "out", "--gradebook", url)[0] == 0
    assert len(written[url]) == 4


def test_without_nbgrader_the_grades_are_there_all_the_same(
    capsys, tmp_path, class_folder, monkeypatch
):
    monkeypatch.setitem(sys.modules, "nbgrader", None)
    monkeypatch.setitem(sys.modules, "nbgrader.api", None)
    out = tmp_path / "out"
    status, _, err = run(capsys, "grade", class_folder, "--out", out, "--gradebook", "sqlite:///x")
    assert status == 1
    assert "nbgrader" in err
    assert (out / "grades.csv").is_file()
