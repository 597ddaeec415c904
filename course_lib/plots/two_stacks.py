"""The encoder–decoder of 2017 as a wiring diagram."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lib.plots.diagrams import BOX, Step, arrow, box, canvas, line
from course_lib.plots.style import INK, WIDTH, styled

_GAP = 48.0  # from one box to the next, in points
_BOX_WIDTH = 150.0
_MONO = "DejaVu Sans Mono"

_ENCODER = (
    Step("source tokens", "[B, S]", "gray"),
    Step("embedding + position", "[B, S, D]", "gold"),
    Step("self-attention", "", "blue"),
    Step("add, normalize", "", "gray"),
    Step("feed-forward", "", "teal"),
    Step("add, normalize", "[B, S, D]", "gray"),
)
_DECODER = (
    Step("target so far", "[B, T]", "gray"),
    Step("embedding + position", "[B, T, D]", "gold"),
    Step("causal self-attention", "", "blue"),
    Step("add, normalize", "", "gray"),
    Step("cross-attention", "", "pink"),
    Step("add, normalize", "", "gray"),
    Step("feed-forward", "", "teal"),
    Step("add, normalize", "[B, T, D]", "gray"),
    Step("to vocabulary", "[B, T, V]", "gold"),
)
_FIRST, _CROSS = 2, 4


@styled
def encoder_decoder_diagram(*, n_layers: int = 6, title: str | None = None) -> Figure:
    """Draw both stacks side by side, read from top to bottom, and the one way between them.

    Args:
        n_layers: how often the framed block is repeated in each stack.
        title: above the figure.

    Raises:
        ValueError: there is no layer.
    """
    if n_layers < 1:
        raise ValueError(f"n_layers must be at least 1, got {n_layers}")
    top = 34.0 if title else 12.0
    figure, axes = canvas(top + _GAP * len(_DECODER) + 18)
    left, right = WIDTH * 72 * 0.265, WIDTH * 72 * 0.745
    if title:
        axes.text(4, 6, title, ha="left", va="top", fontsize=12, fontweight="bold")
    _stack(axes, _ENCODER, left, top)
    _stack(axes, _DECODER, right, top)
    _frame(axes, left, top, len(_ENCODER) - 1, f"× {n_layers}", side=-1)
    _frame(axes, right, top, len(_DECODER) - 2, f"× {n_layers}", side=1)
    _memory(axes, left, right, top)
    return figure


def _y(top: float, index: int) -> float:
    return top + BOX / 2 + _GAP * index


def _stack(axes: Any, steps: tuple[Step, ...], x: float, top: float) -> None:
    for index, step in enumerate(steps):
        y = _y(top, index)
        box(axes, step, x, y, _BOX_WIDTH)
        if index + 1 < len(steps):
            arrow(axes, (x, y + BOX / 2), (x, y + _GAP - BOX / 2))
        if step.shape:
            axes.text(
                x + 6,
                y + BOX / 2 + 11,
                step.shape,
                ha="left",
                va="center",
                fontsize=9,
                family=_MONO,
            )


def _frame(axes: Any, x: float, top: float, last: int, words: str, *, side: int) -> None:
    start, end = _y(top, _FIRST) - BOX / 2 - 4, _y(top, last) + BOX / 2 + 3
    width = _BOX_WIDTH + 26
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, start),
            width,
            end - start,
            boxstyle="round,pad=0,rounding_size=7",
            facecolor="none",
            edgecolor=INK,
            lw=1.0,
            ls=(0, (4, 3)),
        )
    )
    edge = x + side * (width / 2 + 5)
    align = "left" if side > 0 else "right"
    axes.text(edge, (start + end) / 2, words, ha=align, va="center", fontsize=11)


def _memory(axes: Any, left: float, right: float, top: float) -> None:
    """The encoder's output goes to the cross-attention of every block of the decoder."""
    bottom = _y(top, len(_ENCODER) - 1) + BOX / 2
    low = bottom + 26
    middle = (left + right) / 2
    line(axes, (left, bottom), (left, low), (middle, low), (middle, _y(top, _CROSS)))
    arrow(axes, (middle, _y(top, _CROSS)), (right - _BOX_WIDTH / 2, _y(top, _CROSS)))
    axes.text(left + 6, low + 9, "memory", ha="left", va="center", fontsize=10)
