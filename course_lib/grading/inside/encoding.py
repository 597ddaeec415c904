"""Plain values to bytes, on either side; subclasses go as the data of their base class."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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
    cost_of_keys,
)

_TORCH_CODES = {getattr(torch, name): code for code, name in enumerate(TORCH)}
_NUMPY_CODES = {np.dtype(name): code for code, name in enumerate(NUMPY)}


def encode(value: object, limit: int) -> bytes:
    """Return the value as at most ``limit`` bytes; raises :class:`CodecError` where it cannot."""
    writer = _Writer(limit)
    writer.value(value, 0)
    return b"".join(writer.parts)


class _Writer:
    def __init__(self, limit: int) -> None:
        self.parts: list[bytes] = []
        self.left = limit
        self.cost = 0

    def put(self, *parts: bytes) -> None:
        for part in parts:
            self.reserve(len(part))
            self.parts.append(part)
            self.left -= len(part)

    def reserve(self, size: int) -> None:
        if size > self.left:
            raise CodecError("the value is too large")

    def spend(self, cost: int) -> None:
        self.cost += cost
        if self.cost > MAX_COST:
            raise CodecError("the value has too many parts")

    def sized(self, tag: bytes, data: bytes) -> None:
        self.put(tag + struct.pack("<Q", len(data)), data)

    def value(self, value: object, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise CodecError(f"the value is nested more than {MAX_DEPTH} levels deep")
        self.spend(1)
        if value is None or value is ... or value is True or value is False:
            self.put(next(tag for tag, single in SINGLE.items() if single is value))
        elif isinstance(value, np.generic | np.ndarray):
            self._array(value)
        elif isinstance(value, int):
            self._integer(value)
        elif isinstance(value, float):
            self.put(b"f" + struct.pack("<d", float.__float__(value)))
        elif isinstance(value, complex):
            number = complex.__complex__(value)
            self.put(b"c" + struct.pack("<dd", number.real, number.imag))
        elif isinstance(value, str):
            self.reserve(str.__len__(value))
            self.sized(b"u", str.encode(value, "utf-8", "backslashreplace"))
        elif isinstance(value, bytes):
            self.reserve(bytes.__len__(value))
            self.sized(b"b", bytes(memoryview(value)))
        elif isinstance(value, Tensor):
            self._tensor(value)
        else:
            self._group(value, depth)

    def _integer(self, value: int) -> None:
        size = int.bit_length(value) // 8 + 1
        if size > MAX_INTEGER_BYTES:
            raise CodecError(f"an integer has more than {8 * MAX_INTEGER_BYTES} bits")
        self.sized(b"i", int.to_bytes(value, size, "little", signed=True))

    def _group(self, value: object, depth: int) -> None:
        for tag, kind in GROUPS.items():
            if isinstance(value, kind):
                items = list(kind.__iter__(value))
                if kind in (set, frozenset):
                    self.spend(cost_of_keys(items))
                    items = sorted(items, key=repr)
                self._items(tag, items, depth)
                return
        if isinstance(value, dict):
            pairs = list(dict.items(value))
        elif isinstance(value, Mapping):
            pairs = [(key, value[key]) for key in value]
        else:
            self.opaque(type(value))
            return
        self.spend(cost_of_keys([key for key, _ in pairs]))
        self.put(b"d" + struct.pack("<Q", len(pairs)))
        for key, item in pairs:
            self.value(_plain_key(key), depth + 1)
            self.value(item, depth + 1)

    def _items(self, tag: bytes, items: list[Any], depth: int) -> None:
        self.reserve(len(items))
        self.put(tag + struct.pack("<Q", len(items)))
        for item in items:
            self.value(_plain_key(item) if tag in b"sz" else item, depth + 1)

    def opaque(self, kind: type) -> None:
        self.spend(COST_OF_TYPE)
        name = str(type.__getattribute__(kind, "__name__"))[:MAX_NAME]
        self.sized(b"o", name.encode("utf-8", "backslashreplace")[: 4 * MAX_NAME])

    def _array(self, value: "NDArray[Any] | np.generic") -> None:
        array = np.asarray(value)
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        plain = np.ndarray.view(array, np.ndarray)
        code = _NUMPY_CODES.get(plain.dtype.newbyteorder("="))
        if code is None or plain.ndim > MAX_DIMENSIONS:
            self.opaque(np.ndarray if isinstance(value, np.ndarray) else type(value))
            return
        self.reserve(plain.nbytes)
        little = np.ascontiguousarray(plain).astype(plain.dtype.newbyteorder("<"), copy=False)
        self._numbers(b"a" if isinstance(value, np.ndarray) else b"g", code, plain.shape)
        self.put(little.tobytes())

    def _tensor(self, value: Tensor) -> None:
        with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
            tensor = Tensor.detach(value)
            code = _TORCH_CODES.get(tensor.dtype)
            if code is None or tensor.is_meta or tensor.is_quantized:
                self.opaque(Tensor)
                return
            if tensor.dim() > MAX_DIMENSIONS:
                raise CodecError(f"a tensor has more than {MAX_DIMENSIONS} axes")
            self.reserve(tensor.numel() * tensor.element_size())
            if tensor.layout != torch.strided:
                tensor = tensor.to_dense()
            tensor = tensor.cpu().resolve_conj().resolve_neg().contiguous()
            self._numbers(b"x", code, tuple(tensor.shape))
            flat = tensor.reshape(-1).view(torch.uint8) if tensor.numel() else None
            self.put(b"" if flat is None else flat.numpy().tobytes())

    def _numbers(self, tag: bytes, code: int, shape: tuple[int, ...]) -> None:
        self.spend(COST_OF_ARRAY)
        self.put(tag + struct.pack(f"<BB{len(shape)}Q", code, len(shape), *shape))


def _plain_key(key: object) -> object:
    return key.item() if isinstance(key, np.generic) else key
