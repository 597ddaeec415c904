import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.exercises import Close, Exact, SamePartition, SameSet, SameText

T = torch.tensor


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (T([1.0, 2.0]), T([1.0, 2.0])),
        (np.array([1.0, 2.0]), T([1.0, 2.0])),
        ([1, 2], T([1.0, 2.0])),
        (T([1.0, 2.0], dtype=torch.float64), T([1.0, 2.0])),
        (T([0.1234], dtype=torch.float16), T([0.12345])),
        (T([0.1234], dtype=torch.bfloat16), T([0.12345])),
        (T([float("nan"), float("inf")]), T([float("nan"), float("inf")])),
        ((1.0, [T(2.0), "a"]), [1.0, (2.0, "a")]),
        ({"b": 1, "a": None}, {"a": None, "b": 1.0}),
        (T([1.0], requires_grad=True), [1.0]),
        (torch.nn.Parameter(T([1.0])), [1.0]),
        (3, 3.0),
        ([], []),
        (T([]), []),
        ([[1], [2, 3]], [[1], [2, 3]]),
    ],
)
def test_equal_things_are_equal(got, expected):
    assert Close().difference(got, expected) is None


@pytest.mark.parametrize(
    ("got", "expected", "words"),
    [
        (T([[1.0], [2.0]]), T([[1.0, 2.0]]), "two axes are swapped"),
        (T([[1.0, 2.0]]), T([1.0, 2.0]), "an extra axis of 1"),
        (T([1.0, 2.0]), T([[1.0, 2.0]]), "a missing axis of 1"),
        (T([1.0, 2.0]), T([1.0, 2.0, 3.0]), "shape: expected [3], got [2]"),
        (T([1.0, 5.0]), T([1.0, 2.0]), "at [1]: got 5, expected 2, off by 3; 1 of 2 entries"),
        (T([float("nan")]), T([0.0]), "not a number"),
        (None, T([0.0]), "is a `return` missing?"),
        ("a", T([0.0]), "got a text of 1 characters"),
        ({1, 2}, [1, 2], "a value of type set"),
        (T([0.0]), (T([0.0]), T([1.0])), "expected a tuple of 2 items, got a tensor"),
        ((T([0.0]), T([2.0])), (T([0.0]), T([1.0])), "item 1: at [0]"),
        ((1, 2, 3), (1, 2), "expected 2 items, got 3"),
        ({"a": 1}, {"a": 1, "b": 2}, "the key 'b' is missing"),
        ({"a": 1, "c": 2}, {"a": 1}, "the key 'c' is not expected"),
        ({"a": 2}, {"a": 1}, "key 'a': got 2, expected 1"),
        (["hello", "word"], ["hello", "world"], "item 1: at character 3: got 'd', expected 'ld'"),
        (b"a", b"b", "the bytes differ"),
        ([1, 2], [[1], [2, 3]], "item 0"),
        ([[1], [2]], [[1], [2, 3]], "item 1: expected 2 items, got 1"),
        ([[1, 2], [3]], [[1], [2]], "item 0: expected 1 item, got 2"),
        (("a", [[1, 2], [3]]), ("a", [[1], [2]]), "item 1, item 0: expected 1 item, got 2"),
        ([1], [1, 2], "expected 2 items, got 1"),
    ],
)
def test_differences_in_words(got, expected, words):
    assert words in (Close().difference(got, expected) or "equal")


def test_exact_and_dtype():
    mask = T([True, False])
    assert Exact().difference(T([1, 0]), mask) is None
    assert Exact(check_dtype=True).difference(T([1, 0]), mask) == "dtype: expected bool, got int64"
    assert Exact(check_dtype=True).difference(T([1], dtype=torch.int32), T([1])) is None
    assert Exact().difference(T([1.0 + 1e-6]), T([1.0])) is not None
    big = 2**62
    assert Exact().difference([big + 1], [big]) is not None


def test_texts_partitions_and_sets():
    assert SameText().difference("a", "ab") == "at character 1: got the end, expected 'b'"
    assert SameText(strip=True).difference(" a\n", "a") is None
    assert "got a value of type int" in (SameText().difference(1, "a") or "")
    assert SamePartition().difference([5, 5, 2], [0, 0, 1]) is None
    assert SamePartition().difference([0, 1, 1], [0, 0, 1]) == "position 1 belongs with position 0"
    assert SamePartition().difference([0, 0, 0], [0, 1, 1]) == (
        "position 1 does not belong with position 0"
    )
    assert SameSet().difference({2, 1}, [1, 2]) is None
    assert SameSet().difference([1, 1], [1, 2]) == "missing: 2"
    assert SameSet().difference([1, 2, 2], [1, 2]) == "not expected: 2"


def test_negative_tolerance_is_refused():
    with pytest.raises(ValueError, match="atol and rtol must be >= 0"):
        Close(atol=-1.0)


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(_plain, _plain)
def test_any_plain_answer_gets_words_and_no_exception(got, expected):
    assert isinstance(Close().difference(got, expected), str | None)
    assert Close().difference(expected, expected) is None
