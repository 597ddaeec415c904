import json

import pytest

from course_lib.tokenizers import BytePairTokenizer


@pytest.fixture
def folder(tmp_path):
    merges = [(b"a", b"b"), (b" ", b"ab"), (b"\xc3", b"\xa9")]
    BytePairTokenizer(merges, special_tokens=["<|end of text|>"]).save(tmp_path)
    return tmp_path


def test_files_are_in_the_format_of_gpt2(folder):
    ids = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    assert list(ids.values()) == list(range(260))
    assert list(ids)[:3] == ["!", '"', "#"]
    assert list(ids)[256:] == ["ab", "Ġab", "Ã©", "<|end of text|>"]
    lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    assert lines == ["#version: 0.2", "a b", "Ġ ab", "Ã ©", ""]


def test_windows_line_ends_are_read(folder):
    path = folder / "merges.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(BytePairTokenizer.load(folder).merges) == 3


def edit_json(change):
    def edit(path):
        ids = json.loads(path.read_text(encoding="utf-8"))
        change(ids)
        path.write_text(json.dumps(ids))

    return edit


def edit_text(old, new):
    return lambda path: path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("vocab.json", lambda p: p.write_text("{"), "must be a JSON object"),
        ("vocab.json", lambda p: p.write_text("[1, 2]"), "must be a JSON object"),
        ("vocab.json", lambda p: p.write_text("7"), "must be a JSON object"),
        ("vocab.json", lambda p: p.write_text("{}"), "id 0 must be '!', found nothing"),
        ("vocab.json", lambda p: p.write_bytes(b"\xff{}"), "not UTF-8"),
        ("vocab.json", edit_text('"!": 0', '"!": 0, "!": 1'), "listed twice"),
        ("vocab.json", edit_text('"!": 0', '"!": "0"'), "not an integer"),
        ("vocab.json", edit_json(lambda d: d.update({"!": 1, '"': 0})), "id 0 must be '!'"),
        ("vocab.json", edit_json(lambda d: d.pop("ab")), "ids must be 0 to 258, each once"),
        ("vocab.json", edit_json(lambda d: d.update({"!": 5000})), "ids must be 0 to 259"),
        ("vocab.json", edit_json(lambda d: d.update({"": d.pop("<|end of text|>")})), "is empty"),
        ("merges.txt", edit_text("a b", "ab"), "line 2, 'ab', must be two tokens"),
        ("merges.txt", edit_text("a b", "a b c"), "line 2, .* must be two tokens"),
        ("merges.txt", edit_text("Ġ ab", "Ġ abc"), "line 3, .* no earlier line has made"),
        ("merges.txt", edit_text("Ġ ab", "a b"), "line 3, .* exists already"),
        ("merges.txt", edit_text("Ġ ab", "Ġ 中"), "line 3, .* no earlier line has made"),
        ("merges.txt", lambda p: p.write_bytes(b"\xff\xfe"), "not UTF-8"),
        ("merges.txt", edit_text("Ġ ab", "Ġ a"), "vocab.json is damaged or does not belong"),
    ],
)
def test_damage_is_reported_with_the_name_of_the_file(folder, name, edit, message):
    edit(folder / name)
    with pytest.raises(ValueError, match=message) as caught:
        BytePairTokenizer.load(folder)
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        BytePairTokenizer.load(folder)
