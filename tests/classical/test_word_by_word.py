import pytest

from course_lib.classical.word_by_word import segment, translate_word_by_word

GLOSSES = {
    "打开": ["open", "turn on"],
    "文件": ["document", "file"],
    "的": ["of"],
    "文件夹": ["folder"],
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("打开文件", ["打开", "文件"]),
        ("打开文件夹", ["打开", "文件夹"]),
        ("龙打开", ["龙", "打开"]),
        ("打开 Jupyter 文件。", ["打开", "Jupyter", "文件", "。"]),
    ],
)
def test_segment(text, words):
    assert segment(text, GLOSSES) == words


def test_nothing_is_lost():
    text = "打开龙的文件夹A，文"
    assert "".join(segment(text, GLOSSES)) == text


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("打开文件夹。", "Open folder."),
        ("打开 {name} 的文件", "Open {name} of document"),
        ("龙", ""),
        ("", ""),
    ],
)
def test_translate(text, english):
    assert translate_word_by_word(text, GLOSSES) == english


def test_the_most_common_gloss():
    assert translate_word_by_word("文件", GLOSSES, frequency={"file": 3, "document": 1}) == "File"


def test_bad_length():
    with pytest.raises(ValueError, match="longest must be at least 1"):
        segment("打开", GLOSSES, longest=0)
