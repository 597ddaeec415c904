"""Bytes a stranger may have made to plain values: every size is checked before it is used."""

import struct
from typing import Any

import numpy as np
import torch

from course_lib.grading.inside.wire import (
    COST_OF_ARRAY,
    COST_OF_TYPE,
    GROUPS,
    MAX_COST,
    MAX_DEPTH,
    MAX_DIMENSIONS,
    MAX_INTEGER_BYTES,
    MAX_NAME,
    NUMPY,
    SINGLE,
    TORCH,
    CodecError,
    Opaque,
    cost_of_keys,
)


def decode(data: bytes | bytearray | memoryview) -> Any:
    """Return the value in these bytes; raises :class:`CodecError` where they are none."""
    reader = _Reader(memoryview(data))
    try:
        value = reader.value(0)
    except CodecError:
        raise
    except Exception as error:
        raise CodecError(f"unreadable: {type(error).__name__}") from None
    if reader.left:
        raise CodecError(f"{reader.left} bytes too many")
    return value


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.place = 0
        self.cost = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.place

    def take(self, size: int) -> memoryview:
        if size > self.left:
            raise CodecError(f"{size} bytes announced, {self.left} there")
        self.place += size
        return self.data[self.place - size : self.place]

    def spend(self, cost: int) -> None:
        self.cost += cost
        if self.cost > MAX_COST:
            raise CodecError("too many parts")

    def sized(self, most: int | None = None) -> memoryview:
        (size,) = struct.unpack("<Q", self.take(8))
        if most is not None and size > most:
            raise CodecError(f"{size} bytes where at most {most} may be")
        return self.take(size)

    def count(self, size_of_one: int = 1) -> int:
        (count,) = struct.unpack("<Q", self.take(8))
        if count * size_of_one > self.left:
            raise CodecError(f"{count} items announced, {self.left} bytes there")
        if count > MAX_COST - self.cost:
            raise CodecError("too many parts")
        return int(count)

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise CodecError("nested too deep")
        self.spend(1)
        tag = bytes(self.take(1))
        if tag in SINGLE:
            return SINGLE[tag]
        if tag in GROUPS:
            items = [self.value(depth + 1) for _ in range(self.count())]
            if tag in b"sz":
                self.spend(cost_of_keys(items))
            return GROUPS[tag](items)
        match tag:
            case b"i":
                return int.from_bytes(self.sized(MAX_INTEGER_BYTES), "little", signed=True)
            case b"f":
                return struct.unpack("<d", self.take(8))[0]
            case b"c":
                return complex(*struct.unpack("<dd", self.take(16)))
            case b"u":
                return str(self.sized(), "utf-8")
            case b"b":
                return bytes(self.sized())
            case b"d":
                return self._dictionary(depth)
            case b"o":
                return self._opaque()
            case b"a" | b"g" | b"x":
                return self._numbers(tag)
        raise CodecError(f"unknown tag {tag!r}")

    def _dictionary(self, depth: int) -> dict[Any, Any]:
        pairs = []
        for _ in range(self.count(2)):
            key = self.value(depth + 1)
            pairs.append((key, self.value(depth + 1)))
        self.spend(cost_of_keys([key for key, _ in pairs]))
        return dict(pairs)

    def _opaque(self) -> Opaque:
        self.spend(COST_OF_TYPE)
        name = str(self.sized(4 * MAX_NAME), "utf-8", "replace")
        shown = "".join(letter if letter.isprintable() else "?" for letter in name)[:MAX_NAME]
        made: Opaque = type(shown or "?", (Opaque,), {})()
        return made

    def _numbers(self, tag: bytes) -> Any:
        self.spend(COST_OF_ARRAY)
        code, dimensions = self.take(2)
        names = TORCH if tag == b"x" else NUMPY
        if code >= len(names) or dimensions > MAX_DIMENSIONS:
            raise CodecError(f"an array of kind {code} with {dimensions} axes")
        shape = struct.unpack(f"<{dimensions}Q", self.take(8 * dimensions))
        name = names[code]
        size = _size_of(shape, 2 if name == "bfloat16" else np.dtype(name).itemsize)
        if size == 0 and tag == b"x":
            return torch.zeros(shape, dtype=getattr(torch, name))
        data = np.frombuffer(self.take(size), dtype=np.uint8).copy()
        if name == "bool" and size and data.max() > 1:
            raise CodecError("a truth value that is neither 0 nor 1")
        if tag == b"x":
            return torch.from_numpy(data).view(getattr(torch, name)).reshape(shape)
        array = data.view(np.dtype(name).newbyteorder("<")).reshape(shape)
        return array[()] if tag == b"g" and dimensions == 0 else array


def _size_of(shape: tuple[int, ...], item: int) -> int:
    """Return the number of bytes; also an empty array may not have axes without bounds."""
    size = item
    for length in shape:
        size *= max(length, 1)
        if size > 1 << 40:
            raise CodecError(f"an array of shape {list(shape)}")
    return 0 if 0 in shape else size
