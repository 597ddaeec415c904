"""The record of what is done: what it says, that it can be saved and printed, and the command."""

import re
from datetime import date

import pytest

from course_lib.command_line import COMMANDS, Command, main
from course_lib.exercises import chapters
from course_lib.grading import record
from course_lib.grading.completion import CompletionRecord
from course_lib.grading.progress_report import ProgressReport

SOFTMAX, MASK = "attention.softmax", "attention.causal_mask"


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    file = tmp_path / "data" / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(file))
    monkeypatch.delenv("COURSE_BOOK_BUILD", raising=False)
    monkeypatch.setitem(
        COMMANDS,
        "progress",
        Command("course_lib.command_line.progress", "progress", "Show what is done."),
    )
    return file


def entries():
    return {
        SOFTMAX: record.Entry(
            4.0, 2, 1, True, "2025-12-30T12:00:00+00:00", "2026-01-02T12:00:00+00:00",
            full_at="2026-01-02T12:00:00+00:00", solution_at="2026-01-01T12:00:00+00:00",
        ),
        MASK: record.Entry(
            3.0, 1, 0, False, "2026-01-03T12:00:00+00:00", "2026-01-03T12:00:00+00:00"
        ),
    }  # fmt: skip


def made(name="", found=None) -> CompletionRecord:
    report = ProgressReport.of(chapters(), entries() if found is None else found)
    return CompletionRecord.of(report, name, made=date(2026, 3, 1))


def test_what_the_record_says():
    attention = next(line for line in made().lines if line.title == "Attention")
    assert (attention.done, attention.points) == (2, 7)
    assert attention.days == "2025-12-30 – 2026-01-03"
    assert attention.solutions_words == "1 (1)"
    text = repr(made("Ada"))
    assert "record of exercises of Ada" in text
    assert "not a certified result" in text
    assert made().summary.startswith("2 of ")


@pytest.mark.parametrize("name", ["", "Ada Lovelace", "李雷", "<script>alert(1)</script>", "$x^2$"])
def test_the_page_is_self_contained(name, tmp_path):
    page = made(name).save(tmp_path / "record.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    assert "Recorded on this computer" in page
    assert "Made on 2026-03-01" in page
    assert ('aria-label="name"' in page) == (name == "")
    assert page.count("<tr") == len(made().lines) + len({x.part for x in made().lines}) + 2


@pytest.mark.parametrize("name", ["", "李雷 $x^2$ \\frac", "Ω" * 60])
def test_the_images(name, tmp_path):
    assert made(name).save(tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert made(name, {}).save(tmp_path / "a.pdf").read_bytes()[:5] == b"%PDF-"


def test_names_are_tidied_or_refused():
    assert made(" Ada\n\tLovelace\u202e ").name == "Ada Lovelace"
    with pytest.raises(ValueError, match="name must have at most 60 characters"):
        made("a" * 61)


def test_saving_where_it_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.html, \.png or \.pdf"):
        made().save(tmp_path / "record.docx")
    with pytest.raises(FileNotFoundError, match="create it first"):
        made().save(tmp_path / "none" / "record.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        made().save(tmp_path / "folder.html")
    assert not list(tmp_path.glob("*.part"))


def run(capsys, *words):
    with pytest.raises(SystemExit) as caught:
        main(["progress", *words])
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


def test_the_command_shows_saves_and_resets(capsys, tmp_path, monkeypatch):
    record.update_entries(lambda _: entries())
    status, out, _ = run(capsys)
    assert status == 0
    assert "attention.softmax" in out
    assert "In all: 7/" in out
    target = tmp_path / "record.html"
    status, out, _ = run(capsys, "--save", str(target), "--name", "Ada")
    assert (status, target.exists()) == (0, True)
    assert "2 of " in out
    status, out, _ = run(capsys, "--reset", SOFTMAX)
    assert status == 0
    assert "Forgotten: attention.softmax" in out
    assert set(record.read_entries()[0]) == {MASK}
    assert run(capsys, "--reset", "attention")[0] == 0
    assert record.read_entries()[0] == {}


def test_reset_all_asks_first(capsys, monkeypatch):
    record.update_entries(lambda _: entries())
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    status, out, _ = run(capsys, "--reset", "all")
    assert status == 1
    assert "Nothing was changed." in out
    assert len(record.read_entries()[0]) == 2
    assert run(capsys, "--reset", "all", "--yes")[0] == 0
    assert record.read_entries()[0] == {}


def test_mistakes_on_the_command_line(capsys, tmp_path):
    status, _, err = run(capsys, "--reset", "attention.sofmax")
    assert status == 1
    assert "did you mean attention.softmax" in err
    status, _, err = run(capsys, "--save", str(tmp_path / "record.txt"))
    assert status == 1
    assert "must end in .html, .png or .pdf" in err
    assert run(capsys, "--reset", "all", "--save", "x.html")[0] == 2
