"""Where the normalization stands: post-norm and pre-norm side by side, and GPT-1 whole."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Circle

from course_lib.plots.diagrams import (
    BOX,
    Branch,
    Step,
    arrow,
    box,
    canvas,
    line,
    residual_diagram,
)
from course_lib.plots.style import FILL_INK, FILLS, INK, styled

_NORM = Step("LayerNorm", fill="gray")
_PARTS = (Step("attention", fill="blue"), Step("feed-forward", fill="teal"))
_GAP = 20.0  # between boxes
_SIDE = 114.0  # from the stream to the branch
_WIDTH = 108.0  # of a box


def _plus(axes: Any, x: float, y: float) -> None:
    axes.add_patch(Circle((x, y), 9, facecolor=FILLS["orange"], edgecolor="none", zorder=3))
    axes.text(x, y, "+", ha="center", va="center_baseline", color=FILL_INK, fontsize=13, zorder=4)


def _branch(axes: Any, steps: tuple[Step, ...], stream: float, y: float) -> float:
    """Draw boxes beside the stream, from the fork at `y`; returns the height of the ⊕."""
    side = stream + _SIDE
    line(axes, (stream, y), (side, y))
    axes.add_patch(Circle((stream, y), 2.6, color=INK))
    for step in steps:
        arrow(axes, (side, y), (side, y + _GAP))
        box(axes, step, side, y + _GAP + BOX / 2, _WIDTH)
        y += _GAP + BOX
    join = y + _GAP
    line(axes, (side, y), (side, join))
    arrow(axes, (side, join), (stream + 9, join))
    _plus(axes, stream, join)
    return join


def _column(axes: Any, title: str, stream: float, top: float, *, is_post: bool) -> float:
    axes.text(stream - 40, top - 30, title, ha="left", va="center", fontsize=11, fontweight="bold")
    y = top
    for part in _PARTS:
        steps = (part,) if is_post else (_NORM, part)
        join = _branch(axes, steps, stream, y + 14)
        arrow(axes, (stream, y - 14), (stream, join - 9))
        y = join + 9
        if is_post:
            arrow(axes, (stream, y), (stream, y + _GAP))
            box(axes, _NORM, stream, y + _GAP + BOX / 2, 84.0)
            y += _GAP + BOX
        y += 14
    arrow(axes, (stream, y - 14), (stream, y + 12))
    return y + 12


@styled
def norm_places_diagram() -> Figure:
    """Draw one block twice: normalization on the stream, and inside the branches."""
    figure, axes = canvas(330.0)
    ends = [
        _column(axes, "post-norm: 2017, GPT-1", 56.0, 56.0, is_post=True),
        _column(axes, "pre-norm: GPT-2", 284.0, 56.0, is_post=False),
    ]
    height = max(ends) + 8
    figure.set_size_inches(figure.get_figwidth(), height / 72)
    axes.set_ylim(height, 0)
    return figure


def gpt1_diagram(*, n_layers: int = 12) -> Figure:
    """Draw GPT-1 from token ids to logits: post-norm blocks, and no norm after the last.

    Raises:
        ValueError: n_layers is under 1.
    """
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}; it must be at least 1")
    feed_forward = (
        Step("linear, D → 4D", "[B, T, F]", "teal"),
        Step("GELU", "[B, T, F]", "teal"),
        Step("linear, 4D → D", "[B, T, D]", "teal"),
    )
    attention = (Step("causal multi-head attention", "[B, T, D]", "blue"),)
    return residual_diagram(
        [Step("token ids", "[B, T]", "gray"), Step("token + position embedding", "", "gold")],
        [Branch(attention, then=_NORM), Branch(feed_forward, then=_NORM)],
        [Step("token embedding, transposed", "[B, T, V]", "gold")],
        repeat=f"× {n_layers}",
    )
