"""What is remembered, what is not, and what happens when it cannot be."""

import json
import multiprocessing
import os

import pytest
import torch

from course_lib.grading import check, hint, progress, record, reset, solution

SOFTMAX, MASK = "attention.softmax", "attention.causal_mask"


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    file = tmp_path / "folder" / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(file))
    monkeypatch.delenv("COURSE_BOOK_BUILD", raising=False)
    return file


def wrong(scores, dim):
    return scores.exp() / scores.exp().sum(dim, keepdim=True)


def test_best_points_attempts_hints_and_solution_are_kept(path):
    check(SOFTMAX, torch.softmax)
    check(SOFTMAX, wrong)
    check(SOFTMAX, None)
    hint(SOFTMAX)
    solution(MASK)
    stored = json.loads(path.read_text())["exercises"]
    assert stored[SOFTMAX]["points"] == 4
    assert stored[SOFTMAX]["attempts"] == 2
    assert stored[SOFTMAX]["hints"] == 1
    assert stored[MASK]["solution_seen"] is True
    report = progress()
    assert report.points == 4
    assert "attention.softmax" in repr(report)
    assert report.next_exercise != SOFTMAX
    assert "4/4" in report._repr_html_()


def test_hints_come_one_after_the_other():
    texts = [hint(SOFTMAX).markdown for _ in range(4)]
    assert ["Hint 1" in texts[0], "Hint 2" in texts[1], "Hint 3" in texts[2]] == [True] * 3
    assert texts[2] == texts[3]
    assert "Hint 1" in hint(SOFTMAX, level=1).markdown
    assert "solution(" in texts[3]
    with pytest.raises(ValueError, match="level must be from 1 to 3"):
        hint(SOFTMAX, level=4)


def test_reset_one_a_chapter_and_all(path):
    for wanted in (SOFTMAX, "attention", None):
        check(SOFTMAX, torch.softmax)
        assert progress().points == 4
        assert reset(wanted).points == 0
    hint(MASK)
    check(SOFTMAX, torch.softmax)
    reset(SOFTMAX)
    assert list(json.loads(path.read_text())["exercises"]) == [MASK]
    with pytest.raises(ValueError, match="no exercise is called 'attentio'"):
        reset("attentio")


@pytest.mark.parametrize(
    "damage",
    [
        b"{",
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"version": 9, "exercises": {}}',
        b'{"version": 1, "exercises": []}',
        b'{"version": 1, "exercises": {"a": {"points": "x"}}}',
        b'{"version": 1, "exercises": {"a": {"points": -1}}}',
        b"[" * 100_000,
    ],
)
def test_damaged_file_is_moved_aside(path, damage):
    path.parent.mkdir()
    path.write_bytes(damage)
    result = check(SOFTMAX, torch.softmax)
    assert result.points == 4
    assert "it is kept as progress.damaged-1.json" in repr(result)
    assert (path.parent / "progress.damaged-1.json").read_bytes() == damage
    assert check(SOFTMAX, torch.softmax).notices == ()
    assert progress().points == 4


def test_unknown_fields_and_exercises_are_tolerated(path):
    path.parent.mkdir()
    extra = {"later.exercise": {"points": 2, "color": "red"}}
    path.write_text(json.dumps({"version": 1, "exercises": extra}))
    assert progress().points == 0
    check(SOFTMAX, torch.softmax)
    assert "later.exercise" in json.loads(path.read_text())["exercises"]


def test_folder_that_cannot_be_written(path):
    path.parent.write_text("a file where the folder should be")
    result = check(SOFTMAX, torch.softmax)
    assert result.points == 4
    assert "Note: progress is not kept" in repr(result)
    assert "progress is not kept" in result._repr_html_()
    assert "Hint 1" in hint(SOFTMAX).markdown
    assert progress().points == 0


def test_full_disk_leaves_the_old_file(path, monkeypatch):
    check(SOFTMAX, torch.softmax)
    before = path.read_text()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in repr(check(SOFTMAX, wrong))
    assert path.read_text() == before
    assert not list(path.parent.glob("*.part"))


def test_nothing_is_kept_while_the_book_is_built(path, monkeypatch):
    monkeypatch.setenv("COURSE_BOOK_BUILD", "1")
    check(SOFTMAX, torch.softmax)
    assert hint(SOFTMAX).markdown == hint(SOFTMAX).markdown
    solution(SOFTMAX)
    assert progress().points == 0
    assert not path.exists()


def _count(times: int) -> None:
    def one_more(entries):
        entry = entries.get("a.b", record.Entry())
        return {**entries, "a.b": entry.checked(1.0)}

    for _ in range(times):
        record.update_entries(one_more)


def test_two_notebooks_at_once_lose_nothing(path):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_count, args=(20,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert record.read_entries()[0]["a.b"].attempts == 60


def test_default_place_is_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS_FILE")
    assert record.progress_path().name == "progress.json"
    assert "gpt-inside-out" in str(record.progress_path())
