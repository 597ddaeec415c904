"""Weights in 8 bits: a quarter of the memory to read per token."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, overload

import torch
from jaxtyping import Float, Int, Int8
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.generation.matrices import has_fbgemm, with_fbgemm
from course_lib.models import GPT2, Decoder, Transformer
from course_lib.models.base import CachedModel

_STEPS = 63  # activations are whole multiples of 1/63 in the kernel: 7 bits, its safe range
_FINE = 126  # the remainder of that rounding, at most 1/126, is sent through enlarged to ±1


def quantize_rows(weight: Float[Tensor, "N M"]) -> tuple[Int8[Tensor, "N M"], Float[Tensor, " N"]]:
    """Round each row to whole multiples of its scale: weight ≈ scale · q, with |q| ≤ 127.

    scale = max |row| / 127, so that the largest entry of each row is exact.

    >>> q, scale = quantize_rows(torch.tensor([[1.0, -2.0, 0.1]]))
    >>> q.tolist()
    [[64, -127, 6]]
    """
    largest = weight.abs().amax(dim=1).clamp(min=torch.finfo(weight.dtype).tiny * 127)
    scale = largest / 127
    return (weight / scale[:, None]).round().clamp(-127, 127).to(torch.int8), scale


def _pack(q: Tensor, scale: Tensor) -> Any:
    """Lay the weights out for fbgemm."""

    def pack() -> Any:
        zeros = torch.zeros(len(scale), dtype=torch.int64)
        weight = torch._make_per_channel_quantized_tensor(q, scale.double(), zeros, 0)
        return torch.ops.quantized.linear_prepack(weight, None)

    return with_fbgemm(pack)


class Int8Matrix(nn.Module):
    """x ↦ x Wᵀ + b with W rounded to 8 bits per entry and one scale per row.

    Only the weights are rounded to 8 bits. The kernel multiplies 7-bit by 8-bit integers, so each
    x goes through it twice: rounded to 7 bits, and its rounding error, enlarged. Together that is
    14 bits, finer than the weights by far. Without the kernel (see `has_fbgemm`) the weights
    are turned back to floats for each product: the same result, without the speed.

    Args:
        weight: W.
        bias: b.
    """

    def __init__(self, weight: Float[Tensor, "N M"], bias: Float[Tensor, " N"] | None) -> None:
        super().__init__()
        bias = None if bias is None else bias.detach().float()
        self._keep(*quantize_rows(weight.detach().float()), bias)

    def _keep(self, q: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        self.q: Tensor
        self.scale: Tensor
        self.bias: Tensor | None
        self.register_buffer("q", q)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", bias)
        self._packed = _pack(q, scale) if has_fbgemm() else None

    @classmethod
    def joined(cls, parts: Sequence[Int8Matrix]) -> Int8Matrix:
        """Put the rows of several matrices under one another; all with a bias, or all without."""
        out = cls.__new__(cls)
        nn.Module.__init__(out)
        biases = [part.bias for part in parts if part.bias is not None]
        q, scale = torch.cat([part.q for part in parts]), torch.cat([part.scale for part in parts])
        out._keep(q, scale, torch.cat(biases) if biases else None)
        return out

    def dequantized(self) -> Float[Tensor, "N M"]:
        """Return the rounded matrix as floats."""
        return self.q * self.scale[:, None]

    def forward(self, x: Float[Tensor, "*batch M"]) -> Float[Tensor, "*batch N"]:
        """Multiply."""
        if self._packed is None:
            return F.linear(x, self.dequantized(), self.bias)
        flat = x.reshape(-1, x.shape[-1])
        step: float | Tensor  # a plain number costs less where there is only one
        if len(flat) == 1:
            step = max(float(flat.abs().max()), 1e-30) / _STEPS
        else:
            step = flat.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-30).div_(_STEPS)
        fine = flat / step
        coarse = fine.round()
        both = torch.cat([coarse, fine.sub_(coarse).mul_(_FINE)])
        twice: Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            both, 1.0, 64, self._packed
        )
        high, low = twice.chunk(2)
        out = high.add_(low, alpha=1 / _FINE).mul_(step)
        if self.bias is not None:
            out += self.bias
        return out.view(*x.shape[:-1], -1)


class Int8Embedding(nn.Module):
    """Look up rows of an 8-bit table."""

    def __init__(self, table: Int8Matrix) -> None:
        super().__init__()
        self.table = table

    def forward(self, tokens: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """Return the rows as floats."""
        return self.table.q[tokens] * self.table.scale[tokens].unsqueeze(-1)


class _Int8Model(CachedModel):
    """What the quantized models share; each is also of the class of the model it is made from."""

    def __init__(self, model: Decoder) -> None:
        nn.Module.__init__(self)
        output = getattr(model, "output", None)
        embedding = model.token_embedding
        output_matrix = Int8Matrix((embedding if output is None else output).weight, None)
        table = output_matrix if output is None else Int8Matrix(embedding.weight, None)
        copies: dict[int, Any] = {
            id(linear): Int8Matrix(linear.weight, linear.bias)
            for linear in model.modules()
            if isinstance(linear, nn.Linear) and linear is not output
        }
        copies |= {id(output): output_matrix} if output is not None else {}
        copies[id(embedding)] = Int8Embedding(table)
        self.__dict__.update(copy.deepcopy(model, copies).__dict__)
        self.output_matrix = output_matrix
        self.requires_grad_(False)
        self.eval()

    def unembed(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch V"]:
        """Compare each vector with every token's (rounded) output vector."""
        out: Tensor = self.output_matrix(x)
        return out

    def n_parameters(self) -> int:
        """Count the numbers, rounded ones included."""
        rounded = [m for m in self.modules() if isinstance(m, Int8Matrix)]
        biases = sum(m.bias.numel() for m in rounded if m.bias is not None)
        return super().n_parameters() + biases + sum(m.q.numel() for m in rounded)


class Int8GPT2(_Int8Model, GPT2):
    """A GPT-2 whose matrices are rounded to 8 bits; made by `quantize_int8`, for inference only."""


class Int8Transformer(_Int8Model, Transformer):
    """The same for a `Transformer`."""


@overload
def quantize_int8(model: GPT2) -> Int8GPT2: ...
@overload
def quantize_int8(model: Transformer) -> Int8Transformer: ...
def quantize_int8(model: Decoder) -> Int8GPT2 | Int8Transformer:
    """Copy a model with its matrices rounded to 8 bits: less memory to read, so faster decoding.

    Weight-only, per-row symmetric rounding (`quantize_rows`) of all matrices, embedding and output
    included; norms, biases and positions stay as they are. The model given is not changed.

    Source: Dettmers et al. 2022, section 2.1 (row-wise absmax quantization).

    Args:
        model: on the CPU.

    Raises:
        ValueError: the model is not on the CPU, or is quantized already.
    """
    if isinstance(model, _Int8Model):
        raise ValueError("the model is quantized already")
    device = next(model.parameters()).device
    if device.type != "cpu":
        raise ValueError(f"the model must be on the CPU, got {device}; call model.cpu() first")
    return Int8GPT2(model) if isinstance(model, GPT2) else Int8Transformer(model)
