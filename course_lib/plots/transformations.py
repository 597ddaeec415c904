"""Tasks as rows of tokens: what is read, and from which token the answer is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lib.plots.diagrams import arrow, canvas, line
from course_lib.plots.pieces import text_width, visible_characters
from course_lib.plots.style import FILL_INK, FILLS, MONO_FONTS, WIDTH, installed_fonts, styled

Join = Literal["one", "add", "softmax"]
_SIZE = 10.0
_HEIGHT = 20.0
_ROW = 26.0
_LEFT = 6.0
_RIGHT = 122.0  # kept free for the new layer
_TITLE = 20.0


@dataclass(frozen=True)
class TaskRows:
    """The rows of one task.

    Attributes:
        name: such as "entailment".
        rows: each a list of (token, fill), the fill one of `FILLS`.
        join: "one" row is read; two rows are read and "add"-ed; or each row gets a score, and a
            "softmax" is taken over them.
    """

    name: str
    rows: Sequence[Sequence[tuple[str, str]]]
    join: Join = "one"

    def __post_init__(self) -> None:
        if not self.rows or not all(self.rows):
            raise ValueError(f"rows of {self.name!r} must hold at least one token each")
        if self.join not in get_args(Join):
            raise ValueError(f"join must be one of {', '.join(get_args(Join))}, got {self.join!r}")
        if self.join == "one" and len(self.rows) > 1:
            raise ValueError(
                f"{self.name!r} has {len(self.rows)} rows; join them by add or softmax"
            )
        for row in self.rows:
            for _, fill in row:
                if fill not in FILLS:
                    raise ValueError(f"fill is {fill!r}; choose one of {sorted(FILLS)}")


@styled
def transformations_diagram(tasks: Sequence[TaskRows], *, title: str | None = None) -> Figure:
    """Rows of colored tokens for each task, and the new layer that reads the last token of each.

    Source: the right half of figure 1 of Radford et al. 2018, drawn anew.

    Args:
        tasks: from top to bottom.
        title: line above.

    Raises:
        ValueError: there is no task, or a row is too long for the figure.
    """
    if not tasks:
        raise ValueError("tasks is empty; give at least one")
    top = 30.0 if title else 6.0
    height = top + sum(_TITLE + _ROW * len(task.rows) + 12.0 for task in tasks)
    figure, axes = canvas(height)
    if title:
        axes.text(4, 6, title, ha="left", va="top", fontsize=12, fontweight="bold")
    y = top
    for task in tasks:
        axes.text(_LEFT - 2, y + 2, task.name, ha="left", va="top", fontsize=11, weight="bold")
        y += _TITLE
        ends = [
            (_tokens(axes, row, y + _ROW * i), y + _ROW * i + _HEIGHT / 2)
            for i, row in enumerate(task.rows)
        ]
        _answer(axes, task.join, ends)
        y += _ROW * len(task.rows) + 12.0
    return figure


def _tokens(axes: Any, row: Sequence[tuple[str, str]], y: float) -> float:
    """Draw one row and return where it ends."""
    left = _LEFT
    for token, fill in row:
        shown = visible_characters(token, mono=True) or ["∅"]
        width = max(text_width(shown) * _SIZE + 7.0, 15.0)
        _box(axes, "".join(shown), fill, (left, y, width), mono=True)
        left += width + 1.5
    if left > WIDTH * 72 - _RIGHT + 8.0:
        raise ValueError(
            f"a row of {len(row)} tokens is too long for the figure; give shorter texts"
        )
    return left


def _box(
    axes: Any, text: str, fill: str, place: tuple[float, float, float], *, mono: bool = False
) -> None:
    left, top, width = place
    axes.add_patch(
        FancyBboxPatch(
            (left + 2, top + 2),
            width - 4,
            _HEIGHT - 4,
            boxstyle="round,pad=2,rounding_size=3",
            facecolor=FILLS[fill],
            edgecolor="none",
            zorder=3,
        )
    )
    options = {"family": list(installed_fonts(MONO_FONTS))} if mono else {}
    axes.text(
        left + width / 2,
        top + _HEIGHT / 2,
        text,
        ha="center",
        va="center_baseline",
        color=FILL_INK,
        fontsize=_SIZE,
        parse_math=False,
        zorder=4,
        **options,
    )


def _answer(axes: Any, join: Join, ends: Sequence[tuple[float, float]]) -> None:
    """Draw the way from the last tokens to the answer."""
    right = WIDTH * 72 - 4.0
    center = sum(y for _, y in ends) / len(ends)
    layer = 46.0
    if join == "softmax":
        place = right - layer - 50.0
        for end, y in ends:
            arrow(axes, (end + 1, y), (place, y))
            _box(axes, "linear", "gray", (place, y - _HEIGHT / 2, layer))
            line(axes, (place + layer, y), (right - 42, y))
        line(axes, (right - 42, ends[0][1]), (right - 42, ends[-1][1]))
        axes.text(right - 37, center, "softmax", ha="left", va="center", fontsize=9)
        return
    place = right - layer
    if join == "one":
        arrow(axes, (ends[0][0] + 1, center), (place, center))
    else:
        joint = place - 24.0
        for end, y in ends:
            line(axes, (end + 1, y), (joint, y))
        line(axes, (joint, ends[0][1]), (joint, ends[-1][1]))
        arrow(axes, (joint, center), (place, center))
        axes.text(joint - 5, center, "+", ha="right", va="center", fontsize=14, weight="bold")
    _box(axes, "linear", "gray", (place, center - _HEIGHT / 2, layer))
