"""Weights in 8 bits: a quarter of the memory to read per token."""

from __future__ import annotations

import copy
from typing import Any

import torch
from jaxtyping import Float, Int, Int8
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.generation.matrices import has_fbgemm, with_fbgemm
from course_lib.models import GPT2

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
        q, scale = quantize_rows(weight.detach().float())
        self.q: Tensor
        self.scale: Tensor
        self.bias: Tensor | None
        self.register_buffer("q", q)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", None if bias is None else bias.detach().float())
        self._packed = _pack(q, scale) if has_fbgemm() else None

    def dequantized(self) -> Float[Tensor, "N M"]:
        """Return the rounded matrix as floats."""
        return self.q * self.scale[:, None]

    def forward(self, x: Float[Tensor, "*batch M"]) -> Float[Tensor, "*batch N"]:
        """Multiply."""
        if self._packed is None:
            return F.linear(x, self.dequantized(), self.bias)
        flat = x.reshape(-1, x.shape[-1])
        largest = flat.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-30)
        fine = flat * (_STEPS / largest)
        coarse = fine.round()
        both = torch.cat([coarse, (fine - coarse) * _FINE])
        out = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            both, 1.0, 64, self._packed
        )
        high, low = out.chunk(2)
        out = torch.add(high, low, alpha=1 / _FINE).mul_(largest / _STEPS)
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


class Int8GPT2(GPT2):
    """A GPT-2 whose matrices are rounded to 8 bits; made by `quantize_int8`, for inference only."""

    def __init__(self, model: GPT2) -> None:
        nn.Module.__init__(self)
        self.config = model.config
        self.output_matrix = Int8Matrix(model.token_embedding.weight, None)
        self.token_embedding = Int8Embedding(self.output_matrix)  # type: ignore[assignment]
        self.positions = copy.deepcopy(model.positions)
        self.embedding_dropout = copy.deepcopy(model.embedding_dropout)
        self.final_norm = copy.deepcopy(model.final_norm)
        self.blocks = nn.ModuleList(_quantized_copy(block) for block in model.blocks)
        self.requires_grad_(False)
        self.eval()

    def unembed(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch V"]:
        """Compare each vector with every token's (rounded) embedding."""
        out: Tensor = self.output_matrix(x)
        return out

    def n_parameters(self) -> int:
        """Count the numbers, rounded ones included."""
        rounded = sum(m.q.numel() for m in self.modules() if isinstance(m, Int8Matrix))
        biases = sum(
            m.bias.numel()
            for m in self.modules()
            if isinstance(m, Int8Matrix) and m.bias is not None
        )
        return rounded + biases + sum(parameter.numel() for parameter in self.parameters())


def _quantized_copy(block: nn.Module) -> nn.Module:
    """Copy a block with each `nn.Linear` in it replaced by an `Int8Matrix`."""
    memo: dict[int, Any] = {
        id(linear): Int8Matrix(linear.weight, linear.bias)
        for linear in block.modules()
        if isinstance(linear, nn.Linear)
    }
    return copy.deepcopy(block, memo)


def quantize_int8(model: GPT2) -> Int8GPT2:
    """Copy a model with its matrices rounded to 8 bits: less memory to read, so faster decoding.

    Weight-only, per-row symmetric rounding (`quantize_rows`) of all matrices, the tied embedding
    included; norms, biases and positions stay as they are. The model given is not changed.

    Source: Dettmers et al. 2022, section 2.1 (row-wise absmax quantization).

    Args:
        model: a GPT-2 on the CPU.

    Raises:
        ValueError: the model is not on the CPU, or is quantized already.
    """
    if isinstance(model, Int8GPT2):
        raise ValueError("the model is quantized already")
    device = next(model.parameters()).device
    if device.type != "cpu":
        raise ValueError(f"the model must be on the CPU, got {device}; call model.cpu() first")
    return Int8GPT2(model)
