"""A model's matrices laid out for single vectors, and kept for the next call.

Laying them out costs as much as several tokens. So what was made for one continuation is kept as
long as the model lives and its weights stay as they are.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from course_lib.generation.matrices import (
    WORTH_COPYING,
    WORTH_PACKING,
    Matrix,
    StackedMatrix,
    fastest_matrix,
    has_fbgemm,
    is_half_at_heart,
)
from course_lib.generation.quantization import Int8Matrix


@dataclass
class PreparedMatrices:
    """Makes of one layer, or of several that read the same input, one matrix.

    Attributes:
        n_products: how many products each is expected to make.
        half: whether the weights may be read in 16 bits.
        made: the matrices made so far, by the layers they are made of.
    """

    n_products: int
    half: bool = False
    made: dict[Hashable, Matrix] = field(default_factory=dict)

    def __call__(self, *layers: nn.Module) -> Matrix:
        """Return the matrix whose output is that of all layers, one after the other."""
        key = tuple(map(id, layers))
        if key not in self.made:
            self.made[key] = self._make(layers)
        return self.made[key]

    def _make(self, layers: tuple[nn.Module, ...]) -> Matrix:
        if len(layers) > 1 and self.n_products < WORTH_COPYING:
            return StackedMatrix([self(layer) for layer in layers])
        rounded = [layer for layer in layers if isinstance(layer, Int8Matrix)]
        if rounded:
            # Not the module, whose call costs more.
            return (rounded[0] if len(rounded) == 1 else Int8Matrix.joined(rounded)).forward
        weights: list[Tensor] = []
        biases: list[Tensor] = []
        for layer in layers:
            assert isinstance(layer, nn.Linear | nn.Embedding)
            weights.append(layer.weight.detach())
            if isinstance(layer, nn.Linear) and layer.bias is not None:
                biases.append(layer.bias.detach())
        return fastest_matrix(
            weights[0] if len(weights) == 1 else torch.cat(weights),
            None if not biases else biases[0] if len(biases) == 1 else torch.cat(biases),
            n_products=self.n_products,
            half=self.half,
        )


@dataclass
class _Kept:
    fingerprint: Hashable
    matrices: PreparedMatrices


_KEPT: WeakKeyDictionary[nn.Module, _Kept] = WeakKeyDictionary()


def prepared_matrices(model: nn.Module, n_steps: int) -> PreparedMatrices:
    """Return what makes the model's matrices, for so many steps more.

    For a few steps nothing is copied, and so nothing is kept. Copies take as much memory again as
    most of the weights have. They are made anew when the weights have changed.
    """
    if n_steps < WORTH_COPYING:
        return PreparedMatrices(n_steps)
    fingerprint = _fingerprint(model)
    kept = _KEPT.get(model)
    before = 0
    if kept is not None and kept.fingerprint == fingerprint:
        before = kept.matrices.n_products
        if before >= WORTH_PACKING or before + n_steps < WORTH_PACKING:
            kept.matrices.n_products = before + n_steps
            return kept.matrices
    half = (
        before + n_steps >= WORTH_PACKING
        and has_fbgemm()
        and all(is_half_at_heart(p) for p in model.parameters() if p.dim() == 2)
    )
    matrices = PreparedMatrices(before + n_steps, half)
    if fingerprint is not None:
        _KEPT[model] = _Kept(fingerprint, matrices)
    return matrices


def _fingerprint(model: nn.Module) -> Hashable:
    """Return something that changes when a weight does; None if that cannot be told.

    PyTorch counts changes in place, but not those made through `.data`; these the sums tell.
    """
    if any(p.is_inference() for p in model.parameters()):
        return None
    with torch.inference_mode():
        weights = tuple(
            (p.data_ptr(), p._version, p.dtype, float(p.sum())) for p in model.parameters()
        )
    return torch.get_num_threads(), weights
