"""Wiring diagrams drawn by code: boxes with tensor shapes along a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from course_lib.plots.style import COLORS, FILL_INK, FILLS, INK, WIDTH, styled

BOX = 26.0  # height in points
_STEP = 46.0  # from one box to the next


@dataclass(frozen=True)
class Step:
    """One box of a diagram: what it does, and the shape of what comes out of it."""

    name: str
    shape: str = ""
    fill: str = "blue"

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name is empty; say what the box does")
        if self.fill not in FILLS:
            raise ValueError(f"fill is {self.fill!r}; choose one of {sorted(FILLS)}")


@dataclass(frozen=True)
class Branch:
    """A way beside the residual stream: its steps read the stream, and their result is added.

    `then` stands on the stream itself, after the ⊕: the norm of a post-norm block.
    """

    steps: tuple[Step, ...]
    name: str = ""
    then: Step | None = None

    def __post_init__(self) -> None:
        if len(self.steps) == 0:
            raise ValueError("steps is empty; a branch needs at least one step")


def canvas(height: float) -> tuple[Figure, Any]:
    """An empty figure of this height in points, its origin at the top left."""
    width = WIDTH * 72
    figure = Figure(figsize=(WIDTH, height / 72))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def box(axes: Any, step: Step, x: float, y: float, width: float) -> None:
    """Draw a box with its name in it, centered at (x, y)."""
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2 + 3, y - BOX / 2 + 3),
            width - 6,
            BOX - 6,
            boxstyle="round,pad=3,rounding_size=5",
            facecolor=FILLS[step.fill],
            edgecolor="none",
            zorder=3,
        )
    )
    axes.text(x, y, step.name, ha="center", va="center", color=FILL_INK, fontsize=11, zorder=4)


def arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow."""
    axes.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=11, color=INK, lw=1.5, shrinkA=0, shrinkB=0
        )
    )


def line(axes: Any, *points: tuple[float, float]) -> None:
    """Draw a line through the points."""
    axes.plot([x for x, _ in points], [y for _, y in points], color=INK, lw=1.5)


def _shape(axes: Any, shape: str, x: float, y: float) -> None:
    if shape:
        axes.text(x, y, shape, ha="left", va="center", fontsize=9.5, family="DejaVu Sans Mono")


@styled
def flow_diagram(steps: Sequence[Step], *, title: str | None = None) -> Figure:
    """Boxes from top to bottom, with the shape of each result beside the arrow that leaves it.

    Raises:
        ValueError: No steps.
    """
    if len(steps) == 0:
        raise ValueError("steps is empty; give at least one step")
    top = 34.0 if title else 12.0
    height = top + _STEP * len(steps) + (6 if steps[-1].shape else -16)
    figure, axes = canvas(height)
    center = WIDTH * 36
    if title:
        axes.text(4, 6, title, ha="left", va="top", fontsize=12, fontweight="bold")
    for index, step in enumerate(steps):
        y = top + BOX / 2 + _STEP * index
        box(axes, step, center, y, 240.0)
        if index + 1 < len(steps) or step.shape:
            arrow(axes, (center, y + BOX / 2), (center, y + _STEP - BOX / 2))
            _shape(axes, step.shape, center + 8, y + _STEP / 2)
    return figure


@styled
def residual_diagram(
    before: Sequence[Step],
    branches: Sequence[Branch],
    after: Sequence[Step],
    *,
    stream_shape: str = "[B, T, D]",
    repeat: str | None = None,
    title: str | None = None,
) -> Figure:
    """A stack around a residual stream: what starts it, what reads and adds to it, what ends it.

    Args:
        before: Boxes above, from the input down; the last one's result is the stream.
        branches: Sub-blocks, each read from the stream and added back to it (⊕).
        after: Boxes below.
        stream_shape: Shape of the stream, written beside it.
        repeat: Such as "× 12": drawn at a frame around the branches.
        title: Line above.

    Raises:
        ValueError: No branches.
    """
    if len(branches) == 0:
        raise ValueError("branches is empty; a residual stream needs something added to it")
    n_steps = sum(len(branch.steps) for branch in branches)
    top = 34.0 if title else 12.0
    height = top + _STEP * (len(before) + len(after) + n_steps) + 40.0 * len(branches) + 8
    height += _STEP * sum(branch.then is not None for branch in branches)
    figure, axes = canvas(height)
    stream, side, width = 116.0, 318.0, 190.0
    if title:
        axes.text(4, 6, title, ha="left", va="top", fontsize=12, fontweight="bold")
    y = top + BOX / 2
    for index, step in enumerate(before):
        box(axes, step, stream, y, width)
        _shape(axes, step.shape if index + 1 < len(before) else "", stream + 8, y + _STEP / 2)
        if index + 1 < len(before):
            arrow(axes, (stream, y + BOX / 2), (stream, y + _STEP - BOX / 2))
        y += _STEP
    y = y - _STEP + BOX / 2 if before else y
    frame_top = y + 12
    _shape(axes, stream_shape, stream - 84, y + 24)
    for branch in branches:
        y = _draw_branch(axes, branch, (stream, side), y, width)
        if branch.then is not None:
            arrow(axes, (stream, y), (stream, y + 20))
            box(axes, branch.then, stream, y + 20 + BOX / 2, 120.0)
            y += 20 + BOX
    if repeat:
        _frame(axes, frame_top, y + 8, repeat)
    for step in after:
        arrow(axes, (stream, y), (stream, y + 30))
        box(axes, step, stream, y + 30 + BOX / 2, width)
        y += 30 + BOX
        _shape(axes, step.shape, stream + 8, y + 12)
    if after and after[-1].shape:
        arrow(axes, (stream, y), (stream, y + 24))
        y += 24
    figure.set_size_inches(WIDTH, (y + 8) / 72)
    axes.set_ylim(y + 8, 0)
    return figure


def _draw_branch(
    axes: Any, branch: Branch, columns: tuple[float, float], y: float, width: float
) -> float:
    """Draw one branch that leaves the stream at `y`; returns where the stream goes on."""
    stream, side = columns
    fork = y + 24
    line(axes, (stream, fork), (side, fork))
    axes.add_patch(Circle((stream, fork), 2.6, color=INK))
    step_y = fork + 14 + BOX / 2
    arrow(axes, (side, fork), (side, step_y - BOX / 2))
    for index, step in enumerate(branch.steps):
        box(axes, step, side, step_y, width)
        _shape(axes, step.shape, side + 8, step_y + _STEP / 2)
        if index + 1 < len(branch.steps):
            arrow(axes, (side, step_y + BOX / 2), (side, step_y + _STEP - BOX / 2))
            step_y += _STEP
    join = step_y + BOX / 2 + 20
    line(axes, (side, step_y + BOX / 2), (side, join))
    arrow(axes, (side, join), (stream + 9, join))
    arrow(axes, (stream, y), (stream, join - 9))
    axes.add_patch(Circle((stream, join), 9, facecolor=FILLS["orange"], edgecolor="none", zorder=3))
    axes.text(
        stream, join, "+", ha="center", va="center_baseline", color=FILL_INK, fontsize=13, zorder=4
    )
    if branch.name:
        axes.text(stream + 14, fork + 12, branch.name, ha="left", va="center", fontsize=10)
    return join + 9


def _frame(axes: Any, top: float, bottom: float, repeat: str) -> None:
    width = WIDTH * 72
    axes.add_patch(
        FancyBboxPatch(
            (20, top),
            width - 30,
            bottom - top,
            boxstyle="round,pad=0,rounding_size=8",
            fill=False,
            edgecolor=COLORS["blue"],
            lw=1.3,
            ls=(0, (4, 3)),
        )
    )
    axes.text(
        width - 18,
        bottom - 6,
        repeat,
        ha="right",
        va="bottom",
        fontsize=12,
        weight="bold",
        color=COLORS["blue"],
    )


@styled
def gpt2_diagram(*, n_layers: int = 12, title: str | None = None) -> Figure:
    """GPT-2 from token ids to logits: pre-norm blocks around the residual stream.

    Raises:
        ValueError: n_layers is under 1.
    """
    if n_layers < 1:
        raise ValueError(f"n_layers is {n_layers}; it must be at least 1")
    attention = Branch(
        (
            Step("LayerNorm", "[B, T, D]", "gray"),
            Step("causal multi-head attention", "[B, T, D]", "blue"),
        )
    )
    feed_forward = Branch(
        (
            Step("LayerNorm", "[B, T, D]", "gray"),
            Step("linear, D → 4D", "[B, T, F]", "teal"),
            Step("GELU", "[B, T, F]", "teal"),
            Step("linear, 4D → D", "[B, T, D]", "teal"),
        )
    )
    return residual_diagram(
        [Step("token ids", "[B, T]", "gray"), Step("token + position embedding", "", "gold")],
        [attention, feed_forward],
        [
            Step("final LayerNorm", "[B, T, D]", "gray"),
            Step("token embedding, transposed", "[B, T, V]", "gold"),
        ],
        repeat=f"× {n_layers}",
        title=title,
    )
