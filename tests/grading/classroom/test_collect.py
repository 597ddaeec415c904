"""Files, folders and zips as they come, and as attackers make them."""

import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from course_lib.grading.classroom.archives import Limits, UnreadableError
from course_lib.grading.classroom.collect import collect, printable
from course_lib.grading.classroom.reading import Found, Reader

CONTENT = b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}'


def zipped(entries, *, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def linked(name, target):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target


def shown(collection):
    return [file.shown for file in collection.found]


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)


def test_folders_files_and_zips(tmp_path):
    put(tmp_path / "c", "ana/attention.ipynb", "ben/week 1/gpt2.py", "cleo.ipynb", "notes.txt")
    put(tmp_path / "c", "dan/attention.ipynb.txt", "dan/UPPER.IPYNB")
    (tmp_path / "c" / "eva.zip").write_bytes(zipped([("attention.ipynb", CONTENT)]))
    found = collect([tmp_path / "c"])
    assert shown(found) == [
        "ana/attention.ipynb",
        "ben/week 1/gpt2.py",
        "cleo.ipynb",
        "dan/UPPER.IPYNB",
        "dan/attention.ipynb.txt",
        "eva.zip/attention.ipynb",
    ]
    assert found.notes == ()
    with Reader() as reader:
        assert {reader.read(file) for file in found.found} == {CONTENT}
    assert found.root_name == "c"


def test_order_and_overlap_of_paths_do_not_matter(tmp_path):
    put(tmp_path, "ana/a.ipynb", "ben/b.ipynb")
    one = collect([tmp_path / "ana", tmp_path / "ben", tmp_path / "ana" / "a.ipynb"])
    two = collect([tmp_path / "ben", tmp_path / "ana" / "a.ipynb", tmp_path / "ana"])
    assert shown(one) == shown(two) == ["ana/a.ipynb", "ben/b.ipynb"]


def test_the_same_zip_twice(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(zipped([("ana/attention.ipynb", CONTENT)]))
    assert len(collect([path, path, f"{tmp_path}/./class.zip"]).found) == 1


def test_zip_of_zips_one_level(tmp_path):
    third = zipped([("z.ipynb", CONTENT)])
    inner = zipped([("a/attention.ipynb", CONTENT), ("deep.zip", third)])
    outer = zipped([("ana_1_assignsubmission_file_/work.zip", inner), ("ben/b.ipynb", CONTENT)])
    (tmp_path / "class.zip").write_bytes(outer)
    found = collect([tmp_path / "class.zip"])
    assert shown(found) == [
        "ana_1_assignsubmission_file_/work.zip/a/attention.ipynb",
        "ben/b.ipynb",
    ]
    assert found.found[0].hands == 2
    assert found.found[1].hands == 99
    assert "a zip in a zip in a zip" in found.notes[0]
    with Reader() as reader:
        assert [reader.read(file) for file in (*found.found, *found.found)] == [CONTENT] * 4


def test_links_devices_and_pipes_are_never_opened(tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(b"secret")
    root = tmp_path / "c"
    put(root, "ana/attention.ipynb")
    (root / "ana" / "link.ipynb").symlink_to(secret)
    (root / "loop").symlink_to(root)
    (root / "ana" / "broken.ipynb").symlink_to("nowhere")
    os.mkfifo(root / "ana" / "pipe.ipynb")
    found = collect([root])
    assert shown(found) == ["ana/attention.ipynb"]
    notes = "\n".join(found.notes)
    assert notes.count("symbolic link") == 3
    assert "ana/pipe.ipynb: skipped: a device or a pipe" in notes
    assert "symbolic link" in collect([root / "loop"]).notes[0]


def test_a_file_that_turns_into_a_link_or_a_pipe_is_not_read(tmp_path):
    put(tmp_path, "a.ipynb", "b.ipynb", "c.ipynb")
    found = collect([tmp_path]).found
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.ipynb").unlink()
    (tmp_path / "a.ipynb").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "b.ipynb")
    with Reader() as reader:
        for file in found:
            with pytest.raises(UnreadableError):
                reader.read(file)


def test_clutter_is_counted_not_read(tmp_path):
    put(tmp_path, "ana/attention.ipynb", "ana/.ipynb_checkpoints/attention-checkpoint.ipynb")
    put(tmp_path, "__MACOSX/ana/._attention.ipynb", "ana/._attention.ipynb")
    entries = [("b/b.ipynb", CONTENT), ("__MACOSX/b/._b.ipynb", b"x"), ("b/._b.ipynb", b"x")]
    (tmp_path / "b.zip").write_bytes(zipped(entries))
    found = collect([tmp_path])
    assert shown(found) == ["ana/attention.ipynb", "b.zip/b/b.ipynb"]
    assert [note.split(":")[0] for note in found.notes] == [
        "._*",
        ".ipynb_checkpoints",
        "__MACOSX",
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (("../../evil.ipynb", CONTENT), "leads out"),
        (("/etc/evil.ipynb", CONTENT), "leads out"),
        (("C:\\evil.ipynb", CONTENT), "leads out"),
        (("a\\..\\..\\evil.ipynb", CONTENT), "leads out"),
        (linked("evil.ipynb", "/etc/passwd"), "symbolic link"),
        (("x.rar", CONTENT), "only zips are read"),
        (("evil.ipynb", b"\0" * (17 << 20)), "zip bomb"),
        (("inner.zip", b"\0" * (17 << 20)), "zip bomb"),
        (("inner.zip", b"no zip at all"), "not a zip"),
    ],
)
def test_hostile_members_cost_only_themselves(tmp_path, entry, words):
    (tmp_path / "c.zip").write_bytes(zipped([entry, ("ana/attention.ipynb", CONTENT)]))
    before = sorted(tmp_path.rglob("*"))
    found = collect([tmp_path / "c.zip"])
    assert shown(found) == ["ana/attention.ipynb"]
    assert any(words in note for note in found.notes), found.notes
    assert sorted(tmp_path.rglob("*")) == before
    with Reader() as reader:
        assert reader.read(found.found[0]) == CONTENT


def test_encrypted_and_strangely_packed_members(tmp_path):
    content = bytearray(zipped([("a.ipynb", CONTENT), ("b.ipynb", CONTENT)]))
    place = content.rindex(b"PK\x01\x02")
    content[place + 8] |= 1  # the flag of encryption, in the directory
    (tmp_path / "c.zip").write_bytes(content)
    found = collect([tmp_path / "c.zip"])
    assert shown(found) == ["a.ipynb"]
    assert "encrypted" in found.notes[0]
    (tmp_path / "d.zip").write_bytes(zipped([("a.ipynb", CONTENT)], method=zipfile.ZIP_LZMA))
    assert "not supported" in collect([tmp_path / "d.zip"]).notes[0]


@pytest.mark.parametrize("cut", [0, 10, 60, 150])
def test_broken_zips(tmp_path, cut):
    whole = zipped([("ana/attention.ipynb", CONTENT)])
    put(tmp_path, "ben.ipynb")
    (tmp_path / "c.zip").write_bytes(whole[:cut])
    found = collect([tmp_path])
    assert shown(found) == ["ben.ipynb"]
    assert "c.zip: skipped" in found.notes[0]


def test_a_damaged_member_is_told_when_it_is_read(tmp_path):
    content = bytearray(zipped([("a.ipynb", os.urandom(2000)), ("b.ipynb", CONTENT)]))
    content[200:300] = bytes(100)
    (tmp_path / "c.zip").write_bytes(content)
    found = collect([tmp_path / "c.zip"]).found
    with Reader() as reader:
        with pytest.raises(UnreadableError, match="cannot be unpacked"):
            reader.read(found[0])
        assert reader.read(found[1]) == CONTENT


def test_a_header_that_lies_about_the_size(tmp_path):
    content = bytearray(zipped([("a.ipynb", b"\0" * (3 << 20))]))
    place = content.rindex(b"PK\x01\x02")
    struct.pack_into("<L", content, place + 24, 100)  # the size it claims
    (tmp_path / "c.zip").write_bytes(content)
    with Reader(Limits(file_bytes=1 << 20)) as reader, pytest.raises(UnreadableError):
        reader.read(collect([tmp_path / "c.zip"]).found[0])


def test_too_many_entries_and_too_much_in_all(tmp_path):
    many = zipped([(f"s{i}.ipynb", CONTENT) for i in range(200)])
    (tmp_path / "c.zip").write_bytes(many)
    assert "at most 100" in collect([tmp_path / "c.zip"], limits=Limits(entries=100)).notes[0]
    assert "too many entries" in collect([tmp_path], limits=Limits(directory_bytes=500)).notes[0]
    honest = [("ana.ipynb", os.urandom(1000))]
    bombs = [(f"b{i}.ipynb", b"\0" * 50_000) for i in range(10)]
    (tmp_path / "c.zip").write_bytes(zipped(bombs + honest))
    limits = Limits(total_bytes=120_000, total_ratio=1)
    found = collect([tmp_path / "c.zip"], limits=limits)
    assert "ana.ipynb" in shown(found)
    assert len(found.found) == 3
    assert "unpacks to too much" in found.notes[0]


def test_a_huge_file_is_skipped_unread(tmp_path):
    put(tmp_path, "a.ipynb")
    with (tmp_path / "huge.ipynb").open("wb") as file:
        file.truncate(200 << 20)
    found = collect([tmp_path])
    assert shown(found) == ["a.ipynb"]
    assert "at most" in found.notes[0]


def test_names_in_any_encoding(tmp_path):
    raw = os.fsencode(tmp_path) + b"/an\xe9.ipynb"
    try:
        Path(os.fsdecode(raw)).write_bytes(CONTENT)
    except OSError:
        pytest.skip("this file system wants UTF-8")
    content = bytearray(zipped([("Zoe1.ipynb", CONTENT)]))
    content = content.replace(b"Zoe1", "Zoë".encode())  # UTF-8 that does not say so
    (tmp_path / "b.zip").write_bytes(content)
    found = collect([tmp_path])
    assert shown(found) == ["an\ufffd.ipynb", "b.zip/Zoë.ipynb"]
    with Reader() as reader:
        assert [reader.read(file) for file in found.found] == [CONTENT] * 2
    assert printable("a\x1b[31mb\n") == "a\ufffd[31mb\ufffd"


def test_duplicate_names_in_a_zip_stay_two_files(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        content = zipped([("a.ipynb", CONTENT), ("a.ipynb", CONTENT + b" ")])
    (tmp_path / "c.zip").write_bytes(content)
    found = collect([tmp_path / "c.zip"]).found
    with Reader() as reader:
        assert [len(reader.read(file)) for file in found] == [len(CONTENT), len(CONTENT) + 1]


def test_deep_folders_end_and_unreadable_ones_are_noted(tmp_path):
    put(tmp_path, "/".join(["d"] * 30) + "/a.ipynb", "b.ipynb")
    found = collect([tmp_path])
    assert shown(found) == ["b.ipynb"]
    assert "deep" in found.notes[0]


def test_missing_paths_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="there is no"):
        collect([tmp_path / "nowhere"])
    with pytest.raises(ValueError, match="paths is empty"):
        collect([])
    assert collect([tmp_path]).found == ()


def test_timestamps_of_nbgrader(tmp_path):
    put(tmp_path, "submitted/ana/attention/n.ipynb")
    (tmp_path / "submitted/ana/attention/timestamp.txt").write_text("2026-03-01 10:00:00 UTC\n")
    stamps = collect([tmp_path]).stamps
    assert stamps == {("submitted", "ana", "attention"): "2026-03-01 10:00:00 UTC\n"}


def test_reader_closes_what_it_opened(tmp_path):
    (tmp_path / "c.zip").write_bytes(zipped([("a.ipynb", CONTENT)]))
    file = collect([tmp_path / "c.zip"]).found[0]
    with Reader() as reader:
        reader.read(file)
        with pytest.raises(UnreadableError):
            reader.read(Found(("x",), str(tmp_path / "c.zip"), (9,)))
        with pytest.raises(UnreadableError):
            reader.read(Found(("x",), str(tmp_path / "gone.ipynb")))
