"""A matrix times one vector, as fast as memory gives the matrix.

At batch 1 each weight is read once per token and used once, so the memory's bandwidth sets the
pace. PyTorch multiplies a matrix by a single vector on one core only, and on this shape its kernel
keeps up with memory only along long rows. So here each core takes its own share of the rows; a
matrix of many short rows is copied once into columns where that pays; and weights that are 16-bit
floats at heart, as a checkpoint stored in half precision has them, are read as such.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

_WORTH_SHARING = 2**14  # entries; below, waking another thread costs more than it saves
WORTH_COPYING = 32  # products; a copy costs as much as it saves in about half as many
WORTH_PACKING = 256  # products; packing in 16 bits takes several times as long as a copy


@runtime_checkable
class Matrix(Protocol):
    """x ↦ x Wᵀ + b."""

    def __call__(self, x: Float[Tensor, "1 M"]) -> Float[Tensor, "1 N"]:
        """Multiply."""
        ...


class RowSplitMatrix:
    """x ↦ x Wᵀ + b for a single x, with W's rows shared out among the threads.

    Args:
        weight: W.
        bias: b.
        n_parts: number of shares; where not given, the number of threads, or 1 for a small W.
        by_columns: keep a copy in which each share's columns lie together, which is read faster
            where W has more rows than columns. Otherwise nothing is copied: the shares are views.
    """

    def __init__(
        self,
        weight: Float[Tensor, "N M"],
        bias: Float[Tensor, " N"] | None = None,
        *,
        n_parts: int | None = None,
        by_columns: bool = False,
    ) -> None:
        rows, columns = weight.shape
        if n_parts is None:
            n_parts = torch.get_num_threads() if weight.numel() >= _WORTH_SHARING else 1
        parts = max(1, min(n_parts, rows))
        even = rows - rows % parts
        self.n_parts = parts
        self.weight = weight[:even].view(parts, even // parts, columns).transpose(1, 2)
        if by_columns:
            self.weight = self.weight.contiguous()
        self.bias = None if bias is None else bias[:even].view(parts, 1, even // parts)
        self.rest = weight[even:] if even < rows else None  # less than one row per thread
        self.rest_bias = None if bias is None else bias[even:]

    def __call__(self, x: Float[Tensor, "1 M"]) -> Float[Tensor, "1 N"]:
        """Multiply."""
        repeated = x.expand(self.n_parts, *x.shape)
        if self.bias is None:
            out = torch.bmm(repeated, self.weight)
        else:
            out = torch.baddbmm(self.bias, repeated, self.weight)
        out = out.view(1, -1)
        if self.rest is not None:
            out = torch.cat([out, F.linear(x, self.rest, self.rest_bias)], dim=-1)
        return out


class StackedMatrix:
    """Several matrices that read the same vector, one output after the other; nothing is copied."""

    def __init__(self, parts: Sequence[Matrix]) -> None:
        self.parts = list(parts)

    def __call__(self, x: Float[Tensor, "1 M"]) -> Float[Tensor, "1 N"]:
        """Multiply."""
        return torch.cat([part(x) for part in self.parts], dim=-1)


def has_fbgemm() -> bool:
    """Tell whether PyTorch has its kernels for 8-bit and 16-bit weights here (on x86)."""
    return "fbgemm" in torch.backends.quantized.supported_engines


def is_half_at_heart(weight: Tensor) -> bool:
    """Tell whether every entry is a 16-bit float, so that storing W as such changes nothing."""
    if weight.dtype != torch.float32:
        return False
    # Of weights that are not, one row tells; the others need not be read.
    return all(bool((part.half().float() == part).all()) for part in (weight[:1], weight))


class HalfMatrix:
    """x ↦ x Wᵀ + b with W read as 16-bit floats, half the memory; products and sums in 32 bits.

    Args:
        weight: W, of entries that 16-bit floats hold exactly (`is_half_at_heart`).
        bias: b.
    """

    def __init__(self, weight: Float[Tensor, "N M"], bias: Float[Tensor, " N"] | None) -> None:
        self._packed: Any = with_fbgemm(torch.ops.quantized.linear_prepack_fp16, weight, bias)

    def __call__(self, x: Float[Tensor, "1 M"]) -> Float[Tensor, "1 N"]:
        """Multiply."""
        out: Tensor = torch.ops.quantized.linear_dynamic_fp16(x, self._packed)
        return out


def with_fbgemm(function: Any, *arguments: Any) -> Any:
    """Call one of PyTorch's packing functions with its fbgemm kernels chosen."""
    engine = torch.backends.quantized.engine
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch announces that quantized tensors will go
        torch.backends.quantized.engine = "fbgemm"
        try:
            return function(*arguments)
        finally:
            torch.backends.quantized.engine = engine


def fastest_matrix(
    weight: Float[Tensor, "N M"],
    bias: Float[Tensor, " N"] | None,
    *,
    n_products: int,
    half: bool,
) -> Matrix:
    """Choose how to multiply by W, for so many products with single vectors.

    Args:
        weight: W.
        bias: b.
        n_products: how many; a copy of W is only made where there are enough to pay for it.
        half: whether W may be read in 16 bits; see `is_half_at_heart`.
    """
    is_large = weight.numel() >= _WORTH_SHARING
    if half and is_large and n_products >= WORTH_PACKING:
        return HalfMatrix(weight, bias)
    by_columns = is_large and n_products >= WORTH_COPYING and weight.shape[0] > weight.shape[1]
    return RowSplitMatrix(weight, bias, by_columns=by_columns)
