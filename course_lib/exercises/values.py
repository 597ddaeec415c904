"""Plain data: the only kind of value that enters and leaves a learner's code."""

from collections.abc import Mapping
from typing import Any, TypeGuard

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_SCALARS = (bool, int, float, str, bytes, type(None))
_SHOWN_ENTRIES = 40
_SHOWN_CHARACTERS = 300


def ensure_plain(value: object, name: str) -> None:
    """Raise ``TypeError`` unless the value is made of tensors, arrays, numbers, text, containers.

    Such values can be sent to an isolated process and back without pickle.
    """
    if isinstance(value, (*_SCALARS, Tensor)):
        return
    if isinstance(value, np.ndarray) and value.dtype != object:
        return
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            ensure_plain(item, f"{name}[{index}]")
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str | int):
                raise TypeError(f"{name} has the key {key!r}; keys must be text or integers")
            ensure_plain(item, f"{name}[{key!r}]")
        return
    raise TypeError(
        f"{name} is a {type(value).__name__}; a case holds plain data only: tensors, arrays, "
        "numbers, text, lists, tuples and dictionaries of them"
    )


def clone(value: Any) -> Any:
    """Return a deep copy of plain data, detached from any graph; other objects as they are."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(clone(item) for item in value)
    if isinstance(value, tuple):  # a named tuple is read as a plain one
        return tuple(clone(item) for item in value)
    if isinstance(value, Mapping):
        return {key: clone(item) for key, item in value.items()}
    return value


def detached(value: Any) -> Any:
    """Return a tensor, or a list or tuple of tensors, cut off from its graph."""
    if isinstance(value, list | tuple):
        return type(value)(detached(item) for item in value)
    return value.detach() if isinstance(value, Tensor) else value


def requires_grad(value: Any) -> bool:
    """Tell whether a tensor, or one in a list or tuple, has a graph."""
    if isinstance(value, list | tuple):
        return any(requires_grad(item) for item in value)
    return isinstance(value, Tensor) and value.requires_grad


def is_array_like(value: object) -> bool:
    """Tell whether the value is a number, a tensor, an array, or a list of such values."""
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray | Tensor):
        return True
    return isinstance(value, list) and all(is_array_like(item) for item in value)


def as_array(value: object) -> NDArray[Any] | None:
    """Return the value as a numeric array, or ``None`` where it is not one."""
    if isinstance(value, Tensor):
        tensor = value.detach().cpu()
        if tensor.layout != torch.strided:
            tensor = tensor.to_dense()
        if tensor.dtype == torch.bfloat16:
            tensor = tensor.float()
        return tensor.resolve_conj().resolve_neg().numpy()
    if isinstance(value, list | tuple):
        items = [as_array(item) for item in value]
        if any(item is None for item in items) or len({_shape(item) for item in items}) > 1:
            return None
        return np.array(items)
    if isinstance(value, bool | int | float | complex | np.generic | np.ndarray):
        array = np.asarray(value)
        return None if array.dtype.kind not in "biufc" else array
    return None


def _shape(array: NDArray[Any] | None) -> tuple[int, ...]:
    return () if array is None else array.shape


def is_half(value: object) -> TypeGuard[Tensor | NDArray[Any]]:
    """Tell whether the value is a tensor or array in a 16-bit floating type."""
    if isinstance(value, Tensor):
        return value.dtype in (torch.float16, torch.bfloat16)
    return isinstance(value, np.ndarray) and value.dtype == np.float16


def describe(value: object) -> str:
    """Say in a few words what kind of value this is."""
    if value is None:
        return "None"
    if isinstance(value, Tensor):
        return f"a tensor of shape {list(value.shape)}, {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {list(value.shape)}, {value.dtype}"
    if isinstance(value, list | tuple | dict):
        return f"a {type(value).__name__} of length {len(value)}"
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    return f"a value of type {type(value).__name__}"


def readable(value: object) -> str:
    """Return a short, deterministic text of the value, for people."""
    if isinstance(value, Tensor | np.ndarray):
        return _readable_array(value)
    if isinstance(value, np.generic):
        return readable(value.item())
    if isinstance(value, bool | int | type(None)):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str | bytes):
        text = repr(value)
        return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    if isinstance(value, Mapping):
        return _joined("{", [f"{key!r}: {readable(item)}" for key, item in value.items()], "}")
    if isinstance(value, list | tuple):
        brackets = "[]" if isinstance(value, list) else "()"
        return _joined(brackets[0], [readable(item) for item in value], brackets[1])
    return describe(value)


def _joined(opening: str, items: list[str], closing: str) -> str:
    shown = items if len(items) <= _SHOWN_ENTRIES else [*items[:8], "…", *items[-2:]]
    if sum(len(item) for item in shown) > 72 or any("\n" in item for item in shown):
        lines = ",\n".join(item.replace("\n", "\n ") for item in shown)
        return f"{opening}{lines}{closing}".replace("\n", "\n ")
    return f"{opening}{', '.join(shown)}{closing}"


def _readable_array(value: Tensor | NDArray[Any]) -> str:
    array = as_array(value)
    if array is None:
        return describe(value)
    number = {"float_kind": lambda entry: f"{entry + 0.0:.4g}", "bool": str}
    text = np.array2string(
        array,
        separator=", ",
        threshold=_SHOWN_ENTRIES,
        edgeitems=2,
        max_line_width=76,
        formatter=number,  # type: ignore[arg-type]
    )
    dtype = str(value.dtype).removeprefix("torch.")
    kind = "tensor" if isinstance(value, Tensor) else "array"
    return f"{text}  ({kind}, shape {list(array.shape)}, {dtype})"
