"""The failure lab's instruments: what can be measured on each block of a stack from outside."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises.block.workshop import MATRICES, PlantedBlock, PlantedStack

_NOISE = 1e-7


def read_instruments(model: PlantedStack, tokens: Tensor, targets: Tensor) -> dict[str, Any]:
    """Measure every block on the stream that reaches it.

    Returns a dictionary of plain lists, one number for each block; under "gradients" and "weights"
    one such list for each of the four matrices. Sizes of changes are relative to the stream's.
    """
    gradients, weights = _matrices(model, tokens, targets)
    readings: dict[str, list[float]] = {name: [] for name in _READINGS}
    model.eval()
    with torch.no_grad():
        x = model.embedding(tokens) + model.positions[: tokens.shape[1]]
        for block in model.planted_blocks():
            for name, measure in _READINGS.items():
                readings[name].append(_rounded(measure(block, x)))
                block.eval()
            x = block(x)
    return {**readings, "gradients": gradients, "weights": weights}


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _matrices(
    model: PlantedStack, tokens: Tensor, targets: Tensor
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return the size of each matrix's gradient, and of the matrix."""
    model.eval()
    model.zero_grad()
    loss = F.cross_entropy(model(tokens).flatten(0, 1), targets.flatten())
    loss.backward()  # type: ignore[no-untyped-call]
    gradients: dict[str, list[float]] = {name: [] for name in MATRICES}
    weights: dict[str, list[float]] = {name: [] for name in MATRICES}
    for block in model.planted_blocks():
        for name in MATRICES:
            weight = getattr(block, name).weight
            slope = 0.0 if weight.grad is None else weight.grad.norm().item()
            gradients[name].append(_rounded(slope))
            weights[name].append(_rounded(weight.norm().item()))
    return gradients, weights


def _kept(block: PlantedBlock, x: Tensor) -> float:
    """Cosine between the stream before the block and after it."""
    return float(F.cosine_similarity(x.flatten(1), block(x).flatten(1)).mean())


def _size(change: Tensor, x: Tensor) -> float:
    """Size of a change relative to the stream's, never quite 0: sums are rounded."""
    return float(change.norm() / x.norm()) + _NOISE


def _repeat_training(block: PlantedBlock, x: Tensor) -> float:
    block.train()
    return _size(block(x) - block(x), x)


def _repeat_evaluation(block: PlantedBlock, x: Tensor) -> float:
    return _size(block(x) - block(x), x)


def _changed(x: Tensor, position: int) -> Tensor:
    """Another vector of about the same size at one position: that of the next sequence."""
    changed = x.clone()
    changed[:, position] = x[:, position].roll(1, dims=0)
    return changed


def _from_future(block: PlantedBlock, x: Tensor) -> float:
    middle = x.shape[1] // 2
    change = block(_changed(x, -1)) - block(x)
    return _size(change[:, :middle], x[:, :middle])


def _from_past(block: PlantedBlock, x: Tensor) -> float:
    change = block(_changed(x, 0)) - block(x)
    return _size(change[:, -1], x[:, -1])


def _scores(block: PlantedBlock, x: Tensor) -> float:
    """Standard deviation of the scores that the softmax receives."""
    return block.scores(block.normalize(x, block.attention_gain))[0].std().item()


def _mirror(block: PlantedBlock, x: Tensor) -> float:
    """How far feed-forward is from f(−h) = −f(h): size of the sum relative to f(h)."""
    h = block.normalize(x, block.feed_forward_gain)
    forward = block.think(h)
    return _size(forward + block.think(-h), forward)


_READINGS = {
    "kept": _kept,
    "repeat_training": _repeat_training,
    "repeat_evaluation": _repeat_evaluation,
    "from_future": _from_future,
    "from_past": _from_past,
    "scores": _scores,
    "mirror": _mirror,
}
