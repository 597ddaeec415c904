"""Masks side by side: who may see whom, and which places make a prediction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.plots.matrices import _grid, _labelled
from course_lib.plots.style import COLORS, as_numbers, new_figure, same_length, styled


@styled
def mask_panels(
    masks: Mapping[str, object],
    *,
    labels: Mapping[str, Sequence[str]] | None = None,
    asked: Mapping[str, Collection[int]] | None = None,
    n_columns: int = 3,
) -> Figure:
    """Draw masks as grids: a filled cell lets the row's position see the column's.

    Args:
        masks: Name → [T S], true where attention is allowed.
        labels: Name → T labels for rows and columns (square masks).
        asked: Name → rows that make a prediction, marked by a dot on their right.
        n_columns: Panels side by side; on a phone a figure is half as wide, so at most 3.

    Raises:
        ValueError: No mask, labels that do not fit, or a row that does not exist.
    """
    if not masks:
        raise ValueError("masks is empty; give at least one mask by its name")
    labels, asked = labels or {}, asked or {}
    arrays = {name: as_numbers(mask, name, n_axes=2) > 0 for name, mask in masks.items()}
    n_columns = min(n_columns, len(arrays))
    n_rows = -(-len(arrays) // n_columns)
    figure, panels = new_figure(2.5 * n_rows, panels=(n_rows, n_columns), compressed=True)
    for axes in panels[len(arrays) :]:
        axes.set_visible(False)
    for axes, (name, allowed) in zip(panels, arrays.items(), strict=False):
        rows, columns = allowed.shape
        for row, column in np.argwhere(allowed):
            cell = (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(cell, 1, 1, color=COLORS["blue"], alpha=0.75, lw=0))
        axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
        _grid(axes, allowed.shape)
        for side in axes.spines.values():
            side.set_visible(False)
        own = labels.get(name)
        if own is not None:
            same_length(f"labels[{name!r}]", own, rows, "the first axis of its mask")
        _labelled(axes, own, own if rows == columns else None, 7.5 if rows <= 10 else 6.0)
        for row in asked.get(name, ()):
            if not 0 <= row < rows:
                raise ValueError(f"asked[{name!r}] has row {row}; its mask has {rows} rows")
            axes.plot(columns - 0.05, row, "o", ms=4, color=COLORS["orange"], clip_on=False)
        axes.set_title(name, fontsize=10.5, y=-0.13, va="top")
    return figure
