"""AdamW: the clear version, and the one that training uses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class AdamW:
    """Adam with decoupled weight decay, written to be read.

    m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²
    θ ← θ − η λ θ − η · m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)

    It keeps two numbers per parameter, so the state takes twice the memory of the weights.

    Source: Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2.

    Args:
        parameters: what to train.
        learning_rate: η.
        betas: β₁ and β₂, how slowly the two averages forget.
        eps: ε, keeps the quotient finite.
        weight_decay: λ.

    Raises:
        ValueError: a setting is out of its range.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        learning_rate: float,
        *,
        betas: tuple[float, float] = (0.9, 0.95),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        if learning_rate < 0:
            raise ValueError(f"learning_rate must not be negative, got {learning_rate}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be in [0, 1), got {betas}")
        if weight_decay < 0:
            raise ValueError(f"weight_decay must not be negative, got {weight_decay}")
        self.parameters = list(parameters)
        self.learning_rate = learning_rate
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.n_steps = 0
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        self.n_steps += 1
        beta1, beta2 = self.betas
        correction1 = 1 - beta1**self.n_steps
        correction2 = 1 - beta2**self.n_steps
        for parameter, mean, square in zip(self.parameters, self.means, self.squares, strict=True):
            if parameter.grad is None:
                continue
            gradient = parameter.grad
            mean.mul_(beta1).add_(gradient, alpha=1 - beta1)
            square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
            parameter.mul_(1 - self.learning_rate * self.weight_decay)
            root = square.sqrt() / math.sqrt(correction2) + self.eps
            parameter.addcdiv_(mean, root, value=-self.learning_rate / correction1)

    def zero_grad(self) -> None:
        """Drop the gradients."""
        for parameter in self.parameters:
            parameter.grad = None


def decay_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Split parameters in two: matrices, which decay, and gains and biases, which do not.

    Embedding tables are matrices and decay too, as in the common GPT-2 recipes.

    Raises:
        ValueError: `weight_decay` is negative.
    """
    if weight_decay < 0:
        raise ValueError(f"weight_decay must not be negative, got {weight_decay}")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices: list[Tensor] = [parameter for parameter in trained if parameter.ndim >= 2]
    vectors: list[Tensor] = [parameter for parameter in trained if parameter.ndim < 2]
    return [
        {"params": matrices, "weight_decay": weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]


def make_optimizer(
    model: nn.Module,
    *,
    learning_rate: float,
    betas: tuple[float, float] = (0.9, 0.95),
    weight_decay: float = 0.1,
) -> torch.optim.AdamW:
    """Make PyTorch's fused AdamW over `decay_groups`; it computes what `AdamW` above does."""
    groups = decay_groups(model, weight_decay)
    return torch.optim.AdamW(groups, lr=learning_rate, betas=betas, eps=1e-8, fused=True)
