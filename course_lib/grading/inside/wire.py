"""What both sides of the wire agree on: tags, kinds of numbers, limits."""

from typing import Any

import numpy as np

MAX_DEPTH = 24
MAX_DIMENSIONS = 16
MAX_COST = 400_000
MAX_INTEGER_BYTES = 1_024
MAX_NAME = 60
# What one value adds to the cost of a message, by what it takes to make it.
COST_OF_ARRAY = 20
COST_OF_TYPE = 200
COST_OF_ODD_KEY = 100
SMALL = 1 << 31

TORCH = (
    *("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32"),
    *("float64", "complex64", "complex128", "uint16", "uint32", "uint64"),
)
NUMPY = (
    *("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"),
    *("complex64", "complex128", "uint16", "uint32", "uint64"),
)
SINGLE = {b"N": None, b"E": ..., b"T": True, b"F": False}
GROUPS: dict[bytes, type[Any]] = {b"l": list, b"t": tuple, b"s": set, b"z": frozenset}


class CodecError(ValueError):
    """The value cannot be sent, or the bytes are not a value."""


class Opaque:
    """Stands for a value that has no plain form; only the name of its type is known."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def cost_of_keys(keys: list[Any]) -> int:
    """Count keys whose hashes a stranger can choose: many of them could collide."""
    odd = (1 for key in keys if not isinstance(key, str | bytes) and not _is_small(key))
    return COST_OF_ODD_KEY * sum(odd)


def _is_small(key: object) -> bool:
    return isinstance(key, int | np.integer) and -SMALL < int(key) < SMALL
