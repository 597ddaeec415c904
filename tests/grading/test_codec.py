"""Values come back as they went, and no bytes of a stranger's do harm."""

import contextlib
import math
import struct
import tracemalloc
from collections import Counter, OrderedDict, namedtuple
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from course_lib.exercises.values import describe
from course_lib.grading.inside import frames, wire
from course_lib.grading.inside.codec import CodecError, Opaque, decode, encode

LIMIT = 1 << 20
NUMPY_TYPES = [np.dtype(name) for name in wire.NUMPY]
TORCH_TYPES = [getattr(torch, name) for name in wire.TORCH]


def there_and_back(value):
    return decode(encode(value, LIMIT))


def same(left, right) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, torch.Tensor):
        if left.dtype != right.dtype or left.shape != right.shape:
            return False
        wide = torch.complex128 if left.is_complex() else torch.float64
        return torch.equal(torch.nan_to_num(left.to(wide)), torch.nan_to_num(right.to(wide)))
    if isinstance(left, np.ndarray | np.generic):
        return left.dtype == right.dtype and left.tobytes() == right.tobytes()
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left), list(right)) and all(same(left[k], right[k]) for k in left)
    if isinstance(left, float):
        return struct.pack("<d", left) == struct.pack("<d", right)
    if isinstance(left, complex):
        return same([left.real, left.imag], [right.real, right.imag])
    return left == right


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
arrays = st.sampled_from(NUMPY_TYPES).flatmap(
    lambda dtype: npst.arrays(dtype, npst.array_shapes(min_dims=0, max_dims=4, min_side=0))
)


def _is_for_torch(array) -> bool:
    return array.dtype in (bool, np.uint8, np.int64, np.float16, np.float32, np.complex64)


tensors = arrays.filter(_is_for_torch).map(lambda array: torch.from_numpy(np.array(array)))
scalars = st.one_of(
    st.sampled_from([None, ..., True, False]),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    texts,
    st.binary(max_size=20),
)
values = st.recursive(
    st.one_of(scalars, arrays, tensors),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(texts, st.integers()), inner, max_size=4),
    ),
    max_leaves=8,
)


@given(values)
@settings(max_examples=100)
def test_plain_values_come_back(value):
    assert same(there_and_back(value), value)


@given(st.sets(st.one_of(st.integers(), texts)))
@settings(max_examples=20)
def test_sets_come_back(value):
    assert there_and_back(value) == value
    assert there_and_back(frozenset(value)) == frozenset(value)
    assert type(there_and_back(frozenset(value))) is frozenset


@pytest.mark.parametrize("dtype", TORCH_TYPES, ids=str)
def test_every_kind_of_tensor(dtype):
    value = torch.tensor([[0, 1], [1, 1]]).to(dtype).T
    assert same(there_and_back(value), value)
    assert same(there_and_back(value[:, :0]), value[:, :0])


class Number(IntEnum):
    ONE = 1


class Text(str):
    def encode(self, *_):
        return b"other"


class Tensors(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        raise RuntimeError("never asked")


class Equal(list):
    def __iter__(self):
        return iter([9, 9])

    def __eq__(self, other):
        return True

    __hash__ = None


class Liar(float):
    def __float__(self):
        return 9.0


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Number.ONE, 1),
        (Text("a"), "a"),
        (Equal([1]), [1]),
        (Liar(2.0), 2.0),
        (Pair(1, 2), (1, 2)),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        ({np.int64(3): 1}, {3: 1}),
        ("a\ud800", "a\\ud800"),
        (torch.nn.Parameter(torch.ones(2)), torch.ones(2)),
        (torch.ones(2).as_subclass(Tensors), torch.ones(2)),
        (torch.eye(2).to_sparse(), torch.eye(2)),
        (torch.ones(1).expand(3), torch.ones(3)),
        (torch.tensor([1 + 2j]).conj(), torch.tensor([1 - 2j])),
        (np.ma.array([1.0], mask=[False]), np.array([1.0])),
        (np.array([1, 2], dtype=">i4"), np.array([1, 2], dtype=np.int32)),
        (np.longdouble(1.5), np.float64(1.5)),
        (np.arange(6)[::2], np.array([0, 2, 4])),
    ],
)
def test_subclasses_and_views_come_back_as_plain_data(value, expected):
    assert same(there_and_back(value), expected)


def test_what_has_no_plain_form_is_named():
    class Strange:
        pass

    for value, words in [
        (Strange(), "a value of type Strange"),
        (test_sets_come_back, "a value of type function"),
        (range(3), "a value of type range"),
        (np.array([object()]), "a value of type ndarray"),
        (torch.ones(2, device="meta"), "a value of type Tensor"),
    ]:
        found = there_and_back([value])[0]
        assert isinstance(found, Opaque)
        assert describe(found) == words


def _deep(levels: int):
    value = 0
    for _ in range(levels):
        value = [value]
    return value


def _endless():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a" * (LIMIT + 1), "too large"),
        (b"a" * (LIMIT + 1), "too large"),
        (torch.zeros(1).expand(10**12), "too large"),
        (np.broadcast_to(np.zeros(1), (10**9,)), "too large"),
        ([None] * (LIMIT + 1), "too large"),
        (_deep(wire.MAX_DEPTH + 1), "nested"),
        (_endless(), "nested"),
        (1 << 10_000, "8192 bits"),
        (torch.zeros([1] * 17), "axes"),
        ({k * ((1 << 61) - 1) for k in range(10_000)}, "many parts"),
    ],
)
def test_what_is_too_much_is_refused(value, words):
    with pytest.raises(CodecError, match=words):
        encode(value, LIMIT)


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_random_bytes_raise_nothing_else(data):
    with contextlib.suppress(CodecError):
        decode(data)


@given(values, st.data())
@settings(max_examples=200)
def test_mutated_bytes_raise_nothing_else(value, data):
    mutated = bytearray(encode(value, LIMIT))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(mutated) - 1))
        mutated[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(mutated)))
    for candidate in (mutated, mutated[:cut], mutated + mutated[:cut]):
        with contextlib.suppress(CodecError):
            decode(candidate)


def _announce(tag: bytes, count: int) -> bytes:
    return tag + struct.pack("<Q", count)


HUGE = 1 << 62
BOMBS = {
    "list": _announce(b"l", HUGE),
    "many": _announce(b"l", 1 << 19) + b"N" * (1 << 19),
    "tuple in tuple": b"".join(_announce(b"t", 1) for _ in range(10_000)),
    "text": _announce(b"u", HUGE),
    "bytes": _announce(b"b", HUGE),
    "integer": _announce(b"i", 1 << 20) + bytes(1 << 20),
    "dictionary": _announce(b"d", HUGE),
    "name": _announce(b"o", 1 << 20) + b"a" * (1 << 20),
    "names": _announce(b"l", 5_000) + (_announce(b"o", 1) + b"a") * 5_000,
    "tensor": b"x" + struct.pack("<BB2Q", 9, 2, 1 << 40, 1 << 40),
    "empty tensor": b"x" + struct.pack("<BB3Q", 9, 3, 1 << 40, 1 << 40, 0),
    "array": b"a" + struct.pack("<BB2Q", 8, 2, HUGE, HUGE),
    "axes": b"x" + struct.pack("<BB255Q", 9, 255, *[1] * 255),
    "kind": b"x" + struct.pack("<BBQ", 200, 1, 1),
    "empty tensors": _announce(b"l", 30_000) + struct.pack("<cBBQ", b"x", 9, 1, 0) * 30_000,
    "colliding": _announce(b"s", 6_000)
    + b"".join(
        _announce(b"i", 10) + (k * ((1 << 61) - 1)).to_bytes(10, "little") for k in range(6_000)
    ),
    "unhashable": _announce(b"s", 1) + _announce(b"l", 0),
    "bool": b"x" + struct.pack("<BBQ", 0, 1, 1) + b"\x07",
    "no text": _announce(b"u", 1) + b"\xff",
    "surrogate": _announce(b"u", 3) + b"\xed\xa0\x80",
    "tag": b"!",
    "nothing": b"",
    "more": b"NN",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_are_built(name):
    data = BOMBS[name]
    tracemalloc.start()
    try:
        with pytest.raises(CodecError):
            decode(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * (1 << 20)


def test_frames():
    frame = frames.pack({"a": 1}, LIMIT)
    size = frames.size_of(frame[:4], LIMIT)
    assert frames.unpack(frame[4 : 4 + size]) == {"a": 1}
    with pytest.raises(CodecError, match="at most"):
        frames.size_of(struct.pack("<I", LIMIT + 1), LIMIT)
    for body in (encode(3, LIMIT), encode({1: 2}, LIMIT), b""):
        with pytest.raises(CodecError):
            frames.unpack(body)


def test_not_a_number_and_infinities():
    value = there_and_back([math.nan, math.inf, -math.inf, -0.0])
    assert math.isnan(value[0])
    assert value[1:3] == [math.inf, -math.inf]
    assert math.copysign(1, value[3]) == -1
