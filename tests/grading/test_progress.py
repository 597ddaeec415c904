"""What is remembered, what is not, and what happens when it cannot be."""

import json
import multiprocessing
import os
import re
from pathlib import Path

import filelock
import pytest

from course_lib.exercises import chapters
from course_lib.grading import check, hint, progress, record, reset, solution
from course_lib.grading.parts import PLACES, place_of
from course_lib.grading.progress_report import ProgressReport

SOFTMAX, MASK = "attention.softmax", "attention.causal_mask"


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    file = tmp_path / "folder" / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(file))
    monkeypatch.delenv("COURSE_BOOK_BUILD", raising=False)
    return file


def right(scores, dim):
    exponentials = (scores - scores.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def wrong(scores, dim):
    return scores.exp() / scores.exp().sum(dim, keepdim=True)


def test_best_points_attempts_hints_and_solution_are_kept(path):
    check(SOFTMAX, right)
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
        check(SOFTMAX, right)
        assert progress().points == 4
        assert reset(wanted).points == 0
    hint(MASK)
    check(SOFTMAX, right)
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
        b'{"version": 0, "exercises": {}}',
        b'{"version": "9", "exercises": {}}',
        b'{"version": 1, "exercises": {"a": {"points": Infinity}}}',
        b'{"version": 1, "exercises": {"a": 5}}',
        b'{"version": 1, "exercises": {"a": {"points": 1' + b"0" * 400 + b"}}}",
        b'{"version": 1, "exercises": []}',
        b'{"version": 1, "exercises": {"a": {"points": "x"}}}',
        b'{"version": 1, "exercises": {"a": {"points": -1}}}',
        b"[" * 100_000,
    ],
)
def test_damaged_file_is_moved_aside(path, damage):
    path.parent.mkdir()
    path.write_bytes(damage)
    result = check(SOFTMAX, right)
    assert result.points == 4
    assert "it is kept as progress.damaged-1.json" in repr(result)
    assert (path.parent / "progress.damaged-1.json").read_bytes() == damage
    assert check(SOFTMAX, right).notices == ()
    assert progress().points == 4


def test_what_can_be_read_of_a_damaged_file_is_kept(path):
    path.parent.mkdir()
    entries = {MASK: {"points": 3, "attempts": 1}, SOFTMAX: {"points": "many"}}
    path.write_text(json.dumps({"version": 1, "exercises": entries}))
    report = progress()
    assert report.points == 3
    assert "kept as progress.damaged-1.json and 1 entries could still be read" in repr(report)
    assert progress().notices == ()
    assert list(json.loads(path.read_text())["exercises"]) == [MASK]


def test_a_file_of_a_newer_version_is_left_alone(path):
    path.parent.mkdir()
    text = json.dumps({"version": 2, "exercises": {"a": ["another", "shape"]}})
    path.write_text(text)
    assert "newer version of the course (format 2, this one knows 1)" in repr(check(SOFTMAX, right))
    assert "newer version" in repr(progress())
    assert "newer version" in repr(reset())
    assert path.read_text() == text
    assert [item.name for item in path.parent.glob("*damaged*")] == []


def test_a_reader_that_was_overtaken_moves_nothing_aside(path, monkeypatch):
    check(SOFTMAX, right)
    good = path.read_bytes()
    path.write_bytes(b"{")
    real = record._lock

    def mended_by_another(place):
        path.write_bytes(good)
        return real(place)

    monkeypatch.setattr(record, "_lock", mended_by_another)
    assert progress().points == 4
    assert path.read_bytes() == good
    assert not list(path.parent.glob("*damaged*"))


def test_a_link_stays_a_link_and_a_bom_does_no_harm(path, tmp_path):
    check(SOFTMAX, right)
    elsewhere = tmp_path / "synced.json"
    elsewhere.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    path.unlink()
    path.symlink_to(elsewhere)
    check(SOFTMAX, right)
    assert path.is_symlink()
    assert json.loads(elsewhere.read_text())["exercises"][SOFTMAX]["attempts"] == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_folder_without_the_right_to_write(path):
    check(SOFTMAX, right)
    path.parent.chmod(0o500)
    try:
        assert "Note: progress is not kept" in repr(check(SOFTMAX, wrong))
        assert progress().points == 4
    finally:
        path.parent.chmod(0o700)


def test_another_notebook_holds_the_lock_too_long(path, monkeypatch):
    check(SOFTMAX, right)
    monkeypatch.setattr(record, "_LOCK_SECONDS", 0.05)
    with filelock.FileLock(f"{path}.lock"):
        assert "progress is not kept" in repr(check(SOFTMAX, wrong))
    assert check(SOFTMAX, wrong).notices == ()


def test_times_are_kept(path, monkeypatch):
    times = iter(f"2026-03-0{day}T12:00:00+00:00" for day in range(1, 10))
    monkeypatch.setattr(record, "_now", lambda: next(times))
    check(SOFTMAX, wrong)
    check(SOFTMAX, right)
    solution(SOFTMAX)
    check(SOFTMAX, wrong)
    solution(MASK)
    entries, _ = record.read_entries()
    done = entries[SOFTMAX]
    kept = (done.first_checked, done.best_at, done.full_at, done.solution_at, done.last_checked)
    assert [moment[8:10] for moment in kept] == ["01", "02", "02", "03", "04"]
    assert (done.saw_solution_first, entries[MASK].saw_solution_first) == (False, True)
    assert "3 attempts, solution seen, last on 2026-03-0" in repr(progress())


def test_unknown_fields_and_exercises_are_tolerated(path):
    path.parent.mkdir()
    extra = {"later.exercise": {"points": 2, "color": "red"}}
    path.write_text(json.dumps({"version": 1, "exercises": extra}))
    assert progress().points == 0
    check(SOFTMAX, right)
    assert "later.exercise" in json.loads(path.read_text())["exercises"]


def test_folder_that_cannot_be_written(path):
    path.parent.write_text("a file where the folder should be")
    result = check(SOFTMAX, right)
    assert result.points == 4
    assert "Note: progress is not kept" in repr(result)
    assert "progress is not kept" in result._repr_html_()
    assert "Hint 1" in hint(SOFTMAX).markdown
    assert progress().points == 0


def test_full_disk_leaves_the_old_file(path, monkeypatch):
    check(SOFTMAX, right)
    before = path.read_text()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in repr(check(SOFTMAX, wrong))
    assert path.read_text() == before
    assert not list(path.parent.glob("*.part"))


def test_nothing_is_kept_while_the_book_is_built(path, monkeypatch):
    monkeypatch.setenv("COURSE_BOOK_BUILD", "1")
    check(SOFTMAX, right)
    assert hint(SOFTMAX).markdown == hint(SOFTMAX).markdown
    solution(SOFTMAX)
    report = progress()
    assert (report.points, list(report.chapters)) == (0, ["first_steps"])
    assert "In all" not in repr(report)  # what changes with every new chapter is not said
    assert "on your computer every part stands here" in report._repr_html_()
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


def test_every_chapter_has_its_place_in_the_book():
    root = Path(__file__).parents[2]
    assert set(chapters()) <= set(PLACES)
    for place in PLACES.values():
        assert (root / place.page).is_file()
    parts = re.findall(r"caption: (.+)", (root / "_toc.yml").read_text(encoding="utf-8"))
    assert {place.part for place in PLACES.values()} <= set(parts)
    assert place_of("new_room").part == "Further chapters"


def test_what_is_next_begins_where_the_learner_is(monkeypatch):
    days = iter(range(1, 10))
    monkeypatch.setattr(record, "_now", lambda: f"2026-03-0{next(days)}T12:00:00+00:00")
    first = next(iter(chapters().values()))[0]
    assert progress().next_exercise == first.id
    check(SOFTMAX, right)
    following = progress().next_exercise
    assert following != SOFTMAX
    assert following.startswith("attention.")
    assert f"Next: {following} (" in repr(progress())
    every = {e.id: record.Entry(float(e.points), 1) for es in chapters().values() for e in es}
    assert "Everything is done." in repr(ProgressReport.of(chapters(), every))


def test_times_that_make_no_sense_do_no_harm(path):
    path.parent.mkdir()
    odd = {SOFTMAX: {"points": 99, "first_checked": "soon", "last_checked": "<b>never</b>"}}
    path.write_text(json.dumps({"version": 1, "exercises": odd}))
    assert "<b>never" not in progress()._repr_html_()
    assert progress().points == 4
