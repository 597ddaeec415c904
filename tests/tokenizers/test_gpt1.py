import json

import pytest

from course_lib.tokenizers import GPT1Tokenizer, gpt1_words, load_gpt1_tokenizer

VOCABULARY = {"<unk>": 0, "l": 1, "o": 2, "w": 3, "w</w>": 4, ".</w>": 5, "lo": 6, "low</w>": 7}
MERGES = [("l", "o"), ("lo", "w</w>")]


def test_words_end_is_part_of_the_last_piece():
    tokenizer = GPT1Tokenizer(VOCABULARY, MERGES)
    assert tokenizer.encode("LOW low.") == [7, 7, 5]
    assert tokenizer.pieces(tokenizer.encode("wlow")) == ["w", "low</w>"]
    assert tokenizer.decode([7, 3, 7, 5]) == "low wlow ."
    assert tokenizer.vocab_size == 8


def test_unknown_characters():
    assert GPT1Tokenizer(VOCABULARY, MERGES).encode("lz") == [1, 0]
    without = {name: i - 1 for name, i in VOCABULARY.items() if i}
    with pytest.raises(ValueError, match="'z</w>' is not in the vocabulary, nor is '<unk>'"):
        GPT1Tokenizer(without, MERGES).encode("lz")


def test_case_accents_and_spaces_are_lost():
    assert gpt1_words("Où est\n\tl'Été?") == ["ou", "est", "l", "'", "ete", "?"]
    assert gpt1_words("") == gpt1_words(" \n") == []


def _write(folder, vocabulary=VOCABULARY, merges="#version: 0.2\nl o\nlo w</w>\n"):
    (folder / "vocab.json").write_text(
        vocabulary if isinstance(vocabulary, str) else json.dumps(vocabulary)
    )
    (folder / "merges.txt").write_text(merges)


def test_files(tmp_path):
    _write(tmp_path)
    assert load_gpt1_tokenizer(tmp_path).encode("low") == [7]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"vocabulary": "{"}, "is damaged"),
        ({"vocabulary": "[1]"}, "is damaged"),
        ({"vocabulary": {"a": 1}}, "ids must be 0 to 0"),
        ({"merges": "l\n"}, "is damaged"),
        ({"merges": "l o w\n"}, "is damaged"),
        ({"merges": "l w\n"}, "'lw' is not in the vocabulary"),
    ],
)
def test_damaged_files(tmp_path, files, message):
    _write(tmp_path, **files)
    with pytest.raises(ValueError, match=message):
        load_gpt1_tokenizer(tmp_path)


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"vocab\.json"):
        load_gpt1_tokenizer(tmp_path)


def test_unknown_id():
    with pytest.raises(ValueError, match="id 9 is unknown; ids are 0 to 7"):
        GPT1Tokenizer(VOCABULARY, MERGES).decode([1, 9])
