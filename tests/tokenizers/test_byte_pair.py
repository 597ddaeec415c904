import argparse
import inspect

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.tokenizers import BytePairTokenizer, Tokenizer, byte_to_unicode, merge_steps

END = "<|endoftext|>"


@pytest.fixture(scope="module")
def tokenizer():
    texts = [inspect.getsource(argparse), "naïve café 中文字中文字 😀😀 " * 3]
    return BytePairTokenizer.train(texts, 600, special_tokens=["<|user|>", END])


def test_ids_are_bytes_then_merges_then_special_tokens(tokenizer):
    assert isinstance(tokenizer, Tokenizer)
    assert tokenizer.vocab_size == 600
    assert [tokenizer.token_bytes(i) for i in (0, 1, 188, 255)] == [b"!", b'"', b"\x00", b"\xad"]
    assert len(tokenizer.merges) == 600 - 256 - 2
    left, right = tokenizer.merges[0]
    assert tokenizer.token_bytes(256) == left + right
    assert tokenizer.special_tokens == {"<|user|>": 598, END: 599}
    assert tokenizer.token_bytes(599) == END.encode()


def test_merges_are_those_of_merge_steps():
    steps = merge_steps({"low": 5, "lower": 2}, 3)
    tokenizer = BytePairTokenizer.train(["low"] * 5 + ["lower"] * 2, 259)
    assert tokenizer.merges == [(step.left, step.right) for step in steps]


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
def test_any_text_round_trips_lone_surrogates_too(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert list(tokenizer.encode_stream([text])) == ids
    assert tokenizer.encode_bytes(text.encode("utf-8", "surrogatepass")) == ids


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_round_trip(tokenizer, data):
    assert tokenizer.decode_bytes(tokenizer.encode_bytes(data)) == data


def test_escaped_bytes_and_lone_surrogates_are_not_confused(tokenizer):
    text = "\udc80"  # what surrogateescape makes of the byte 80
    assert tokenizer.decode_bytes(tokenizer.encode(text)) == b"\xed\xb2\x80"
    assert tokenizer.decode_bytes(tokenizer.encode_bytes(b"\x80")) == b"\x80"
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_part_of_a_character_decodes_to_a_replacement(tokenizer):
    ids = BytePairTokenizer([]).encode("é")
    assert len(ids) == 2
    assert tokenizer.decode(ids[:1]) == "\ufffd"
    assert tokenizer.pieces(ids) == [r"\xc3", r"\xa9"]


def test_special_tokens_count_only_where_allowed(tokenizer):
    text = f"a{END}b<|user|>"
    assert END not in [tokenizer.decode([i]) for i in tokenizer.encode(text)]
    assert tokenizer.encode(END, allowed_special="all") == [599]
    only_end = tokenizer.encode(text, allowed_special=[END])
    assert (599 in only_end, 598 in only_end) == (True, False)
    both = tokenizer.encode(text, allowed_special={END, "<|user|>"})
    assert both == [*tokenizer.encode("a"), 599, *tokenizer.encode("b"), 598]
    for ids in (only_end, both, tokenizer.encode(text)):
        assert tokenizer.decode(ids) == text


def test_special_tokens_in_the_training_text_teach_nothing():
    plain = BytePairTokenizer.train(["abab"] * 4, 300)
    marked = BytePairTokenizer.train([f"abab{END}" * 4], 300, special_tokens=[END])
    assert marked.merges == plain.merges


def test_long_text_without_spaces_is_encoded_in_reasonable_time(tokenizer):
    text = "ab" * 50_000
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_ids_of_numpy_and_torch_are_accepted(tokenizer):
    ids = tokenizer.encode("hello")
    assert tokenizer.decode(np.array(ids)) == "hello"
    assert tokenizer.decode(torch.tensor(ids)) == "hello"


def test_empty(tokenizer):
    assert tokenizer.encode("") == []
    assert tokenizer.encode_bytes(b"") == []
    assert tokenizer.decode([]) == ""
    assert list(tokenizer.encode_stream([])) == []


def test_save_and_load(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "a" / "b")
    loaded = BytePairTokenizer.load(tmp_path / "a" / "b")
    assert loaded.merges == tokenizer.merges
    assert loaded.special_tokens == tokenizer.special_tokens
    assert loaded.encode("def naïve") == tokenizer.encode("def naïve")


def test_byte_to_unicode_of_gpt2():
    table = byte_to_unicode()
    assert len(set(table.values())) == 256
    assert [table[b] for b in b" \n\x00a\xad"] == ["Ġ", "Ċ", "Ā", "a", "Ń"]


TRAIN = BytePairTokenizer.train


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: TRAIN(["a"], 255), ValueError, "vocab_size is 255; it must be at least 256"),
        (lambda t: TRAIN(["a"], 256, special_tokens=[END]), ValueError, "at least 257: 256 bytes"),
        (lambda t: TRAIN(["a"], 300, special_tokens=[END, END]), ValueError, "is listed twice"),
        (lambda t: TRAIN(["a"], 300, special_tokens=["x"]), ValueError, "'x' is how the files"),
        (lambda t: TRAIN(["a"], 300, special_tokens=[""]), ValueError, "special_tokens: '' is emp"),
        (lambda t: TRAIN(["a"], 300, special_tokens=END), TypeError, "special_tokens is one str"),
        (lambda t: TRAIN("text", 300), TypeError, "texts is one str; give a list"),
        (lambda t: TRAIN(["a"], 300, min_count=0), ValueError, "min_count is 0"),
        (lambda t: t.decode([600]), ValueError, "ids: id 600 is unknown; .* 0 to 599"),
        (lambda t: t.decode([-1]), ValueError, "ids: id -1 is unknown"),
        (lambda t: t.decode([1.5]), TypeError, "ids"),
        (lambda t: t.token_bytes(10**9), ValueError, "ids: id 1000000000 is unknown"),
        (lambda t: t.encode("a", allowed_special=["<x>"]), ValueError, "'<x>' is not a special"),
        (lambda t: t.encode("a", allowed_special=END), TypeError, "allowed_special is one str"),
        (lambda t: t.encode_stream([], allowed_special=["<x>"]), ValueError, "'<x>' is not a"),
        (lambda t: BytePairTokenizer([(b"ab", b"c")]), ValueError, "merges: number 0, b'ab'"),
        (lambda t: BytePairTokenizer([(b"a", b"b")] * 2), ValueError, "merges: number 1"),
        (lambda t: BytePairTokenizer([(b"", b"a")]), ValueError, "must join two earlier tokens"),
    ],
)
def test_bad_input(tokenizer, call, error, message):
    with pytest.raises(error, match=message):
        call(tokenizer)
