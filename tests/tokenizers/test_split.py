import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from course_lib.tokenizers import GPT2_SPLIT_PATTERN, split_words
from course_lib.tokenizers.split import special_pattern

OPENAI = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" ", [" "]),
        ("Hello world", ["Hello", " world"]),
        ("I'll say it's", ["I", "'ll", " say", " it", "'s"]),
        ("IT'S", ["IT", "'", "S"]),
        ("a  b\n\n c\n", ["a", " ", " b", "\n\n", " c", "\n"]),
        ("x\tcat", ["x", "\t", "cat"]),
        ("3.14 apples2", ["3", ".", "14", " apples", "2"]),
        ("中文 字", ["中文", " 字"]),
        ("e\u0301t", ["e", "\u0301", "t"]),
        ("ok 😀!", ["ok", " 😀!"]),
    ],
)
def test_worked_examples(text, words):
    assert split_words(text) == words


@given(st.text(st.sampled_from("'strvelmdX 1\n\t.中\u0301\u3000😀")))
def test_same_as_the_pattern_of_openai(text):
    assert split_words(text) == regex.findall(OPENAI, text)


@given(st.text(st.characters(codec=None)))
def test_words_joined_are_the_text(text):
    words = split_words(text)
    assert "".join(words) == text
    assert all(words)


def test_public_pattern_is_the_one_used():
    assert regex.findall(GPT2_SPLIT_PATTERN, "We're 2") == split_words("We're 2")


def test_longest_special_token_wins():
    assert special_pattern(["<a", "<a>"]).findall("<a><a") == ["<a>", "<a"]
    assert special_pattern([]) is None
