import pytest

from course_lib.data import bare_glosses, chinese_glosses


@pytest.mark.parametrize(
    ("entry", "glosses"),
    [
        ("to open/to start", ["open", "start"]),
        ("(computing) file/document; paper", ["file", "document", "paper"]),
        ("surname Wang/king", ["king"]),
        ("variant of 開|开[kai1]", []),
        ("CL:個|个[ge4]", []),
    ],
)
def test_bare_glosses(entry, glosses):
    assert bare_glosses(entry) == glosses


@pytest.mark.needs_assets
def test_chinese_glosses():
    glosses = chinese_glosses()
    assert len(glosses) > 100_000
    assert "document" in glosses["文件"]
    assert "open" in glosses["打开"]
    assert all(found for found in glosses.values())
