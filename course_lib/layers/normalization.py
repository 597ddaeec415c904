"""Normalization of the residual stream."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.config import check_positive


def layer_norm(
    x: Float[Tensor, "*batch D"],
    gain: Float[Tensor, " D"],
    bias: Float[Tensor, " D"],
    eps: float = 1e-5,
) -> Float[Tensor, "*batch D"]:
    """Give each vector mean 0 and variance 1, then a learned gain and bias.

    (x − mean) / √(variance + eps) · gain + bias, with the variance divided by D, not D − 1.

    Source: Ba, Kiros and Hinton 2016, equation 4.
    """
    mean = x.mean(dim=-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + eps) * gain + bias


class LayerNorm(nn.Module):
    """`layer_norm` with its parameters; computed by PyTorch's fused kernel.

    Args:
        d_model: D, length of the vectors.
        eps: added to the variance, inside the root.

    Raises:
        ValueError: `d_model` or `eps` is not positive.
    """

    def __init__(self, d_model: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        if not eps > 0:
            raise ValueError(f"eps must be above 0, got {eps}")
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        """Normalize the last axis."""
        return F.layer_norm(x, self.gain.shape, self.gain, self.bias, self.eps)


def rms_norm(
    x: Float[Tensor, "*batch D"], gain: Float[Tensor, " D"], eps: float = 1e-6
) -> Float[Tensor, "*batch D"]:
    """Give each vector root mean square 1, then a learned gain; the mean is left where it is.

    x / √(mean of x² + eps) · gain

    Source: Zhang and Sennrich 2019, equation 4.
    """
    mean_square = (x**2).mean(dim=-1, keepdim=True)
    return x / torch.sqrt(mean_square + eps) * gain


class RMSNorm(nn.Module):
    """`rms_norm` with its gain; computed by PyTorch's fused kernel.

    Args:
        d_model: D, length of the vectors.
        eps: added to the mean square, inside the root.

    Raises:
        ValueError: `d_model` or `eps` is not positive.
    """

    def __init__(self, d_model: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        check_positive("d_model", d_model)
        if not eps > 0:
            raise ValueError(f"eps must be above 0, got {eps}")
        self.eps = eps
        self.gain = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch D"]:
        """Normalize the last axis."""
        return F.rms_norm(x, self.gain.shape, self.gain, self.eps)
