import argparse
import inspect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.tokenizers import (
    count_words,
    merge_steps,
    train_byte_pair,
    train_byte_pair_naive,
)


def test_example_of_wikipedia():
    # https://en.wikipedia.org/wiki/Byte-pair_encoding: Z=aa, Y=ab, X=ZY gives XdXac
    steps = train_byte_pair_naive({"aaabdaaabac": 1}, 10)
    assert [step.merged for step in steps] == [b"aa", b"ab", b"aaab"]
    assert [step.count for step in steps] == [4, 2, 2]
    assert [step.token_id for step in steps] == [256, 257, 258]


def test_example_of_sennrich_et_al():
    # Section 3.2: {low: 5, lower: 2, newest: 6, widest: 3}; here without the end-of-word mark
    counts = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    steps = train_byte_pair_naive(counts, 6)
    assert [(s.left, s.right, s.count) for s in steps] == [
        (b"e", b"s", 9),
        (b"es", b"t", 9),
        (b"l", b"o", 7),
        (b"lo", b"w", 7),
        (b"e", b"w", 6),
        (b"n", b"ew", 6),
    ]


@pytest.mark.parametrize("trainer", [train_byte_pair, train_byte_pair_naive])
def test_ties_go_to_the_oldest_tokens(trainer):
    steps = trainer({"zy": 3, "ab": 3, "ac": 3}, 3)
    assert [step.merged for step in steps] == [b"ab", b"ac", b"zy"]


@pytest.mark.parametrize("trainer", [train_byte_pair, train_byte_pair_naive])
def test_stops_when_no_pair_is_left(trainer):
    assert trainer({}, 5) == []
    assert trainer({"a": 9}, 5) == []
    assert trainer({"abc": 1}, 5) == []
    assert len(trainer({"abc": 1}, 5, min_count=1)) == 2
    assert trainer({"abc": 5}, 0) == []


words = st.text(st.sampled_from("aab c'é"), min_size=1, max_size=9)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(words, st.integers(1, 4), max_size=12), st.integers(1, 3))
def test_fast_equals_naive_merge_for_merge(counts, min_count):
    naive = train_byte_pair_naive(counts, 60, min_count=min_count)
    assert train_byte_pair(counts, 60, min_count=min_count) == naive
    merged = [step.merged for step in naive]
    assert len(set(merged)) == len(merged)


def test_fast_equals_naive_on_real_text():
    counts = count_words([inspect.getsource(argparse)])
    naive = train_byte_pair_naive(counts, 60)
    assert train_byte_pair(counts, 60) == naive
    assert len(naive) == 60
    assert sorted((s.count for s in naive), reverse=True) == [s.count for s in naive]


def test_steps_come_one_at_a_time():
    steps = merge_steps({"aaaa": 2}, 100)
    assert next(steps).merged == b"aa"
    assert next(steps).merged == b"aaaa"
    assert next(steps, None) is None


def test_special_tokens_are_not_counted():
    counts = count_words(["a<|end|>a", "<|en"], special_tokens=["<|end|>"])
    assert counts == {"a": 2, "<|": 1, "en": 1}


@pytest.mark.parametrize("trainer", [train_byte_pair, train_byte_pair_naive])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_merges": -1}, "n_merges is -1; it must be 0 or more"),
        ({"n_merges": 1, "min_count": 0}, "min_count is 0; it must be 1 or more"),
    ],
)
def test_bad_input(trainer, arguments, message):
    with pytest.raises(ValueError, match=message):
        trainer({"a": 1}, **arguments)


def test_one_str_instead_of_texts():
    with pytest.raises(TypeError, match="texts is one str"):
        count_words("abc")
