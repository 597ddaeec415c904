"""Matrices as colored cells: attention weights, masks, and numbers worked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from course_lib.plots.pieces import labels
from course_lib.plots.style import (
    COLORS,
    FILL_INK,
    INK,
    as_numbers,
    new_figure,
    same_length,
    styled,
)

_BLUE = to_rgb(COLORS["blue"])
_CLEAR = LinearSegmentedColormap.from_list(
    "clear-blue", [(0.0, (*_BLUE, 0.0)), (0.2, (*_BLUE, 0.4)), (1.0, (*_BLUE, 1.0))]
)
_LIGHT = LinearSegmentedColormap.from_list("light-blue", ["#eef2f6", "#a5cdec", "#63abe0"])
_SIGNED = LinearSegmentedColormap.from_list("signed", ["#f0a06a", "#eef2f6", "#63abe0"])


def _grid(axes: Any, shape: tuple[int, int]) -> None:
    """Thin lines between the cells and around them."""
    rows, columns = shape
    axes.set_xticks(np.arange(columns + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(rows + 1) - 0.5, minor=True)
    if max(shape) <= 40:
        axes.grid(which="minor", alpha=0.28, lw=0.7)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_alpha(0.5)


def _labelled(
    axes: Any,
    row_labels: Sequence[str | bytes] | None,
    column_labels: Sequence[str | bytes] | None,
    size: float,
) -> None:
    axes.set_yticks([] if row_labels is None else range(len(row_labels)))
    axes.set_xticks([] if column_labels is None else range(len(column_labels)))
    axes.xaxis.tick_top()
    if row_labels is not None:
        axes.set_yticklabels(labels(row_labels, longest=16), fontsize=size)
    if column_labels is not None:
        shown = labels(column_labels, longest=16)
        upright = max(map(len, shown)) <= 3
        axes.set_xticklabels(
            shown,
            fontsize=size,
            rotation=0 if upright else 55,
            ha="center" if upright else "left",
            rotation_mode="anchor",
        )


def _numbers(axes: Any, array: Float[np.ndarray, "T S"], number_format: str, size: float) -> None:
    for (row, column), value in np.ndenumerate(array):
        shown = number_format.format(value).replace("-", "−")
        axes.text(column, row, shown, ha="center", va="center", color=FILL_INK, fontsize=size)


@styled
def attention_map(
    weights: object,
    query_labels: Sequence[str | bytes] | None = None,
    key_labels: Sequence[str | bytes] | None = None,
    *,
    title: str | None = None,
    values: bool = False,
    mask: object = None,
    highest: float | int | None = None,
) -> Figure:
    """Attention weights: one row per query, one column per key, each row summing to one.

    Args:
        weights: [T S] numbers between 0 and 1; the strength of the color is the weight.
        query_labels: Pieces of the T queries (rows).
        key_labels: Pieces of the S keys (columns); the query labels if left out and T = S.
        title: Line above.
        values: Print each weight in its cell; for at most about 12 × 12.
        mask: [T S], true where attention is allowed; forbidden cells are crossed out.
        highest: Weight of the full color. By default 1, or the largest weight if that is under a
            half; give it to compare maps.

    Raises:
        ValueError: Weights outside 0 … 1, or labels or mask that do not fit.
    """
    array = as_numbers(weights, "weights", n_axes=2)
    if array.min() < -1e-6 or array.max() > 1 + 1e-5:
        raise ValueError(
            "weights must lie between 0 and 1 (take the softmax of the scores first); "
            f"given {array.min():.4g} to {array.max():.4g}"
        )
    n_queries, n_keys = array.shape
    if key_labels is None and n_queries == n_keys:
        key_labels = query_labels
    if query_labels is not None:
        same_length("query_labels", query_labels, n_queries, "the first axis of weights")
    if key_labels is not None:
        same_length("key_labels", key_labels, n_keys, "the second axis of weights")
    if highest is None:
        highest = 1.0 if array.max() >= 0.5 else float(array.max())
    elif highest <= 0:
        raise ValueError(f"highest is {highest}; it must be above 0")
    size = 11.0 if max(array.shape) <= 16 else (9.0 if max(array.shape) <= 28 else 7.0)
    side = min(max(0.42 * n_queries, 1.6), 4.3 * n_queries / max(n_keys, n_queries))
    figure, (axes,) = new_figure(side + 1.1, compressed=True)
    image = axes.imshow(array, cmap=_LIGHT if values else _CLEAR, vmin=0, vmax=highest)
    _grid(axes, (n_queries, n_keys))
    _labelled(axes, query_labels, key_labels, size)
    if values:
        _numbers(axes, array, "{:.2f}", 9.5 if n_keys <= 8 else 8.0)
    if mask is not None:
        allowed = as_numbers(mask, "mask", n_axes=2) > 0
        if allowed.shape != array.shape:
            raise ValueError(f"mask has shape {allowed.shape}, weights have {array.shape}")
        for row, column in np.argwhere(~allowed):
            cell = (column - 0.5, row - 0.5)
            axes.add_patch(Rectangle(cell, 1, 1, fill=False, hatch="///", ec=INK, lw=0, alpha=0.5))
    axes.set(xlabel="key (looked at)", ylabel="query (looks)")
    axes.xaxis.set_label_position("top")
    bar = figure.colorbar(
        image, ax=axes, shrink=0.8, label="weight", ticks=[0, highest / 2, highest]
    )
    bar.set_ticklabels([f"{tick:.2g}" for tick in (0, highest / 2, highest)])
    bar.outline.set_alpha(0.5)
    if title:
        figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=12, weight="bold")
    return figure


@styled
def matrix(
    numbers: object,
    *,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    number_format: str = "{:.2f}",
    title: str | None = None,
) -> Figure:
    """A small matrix with its numbers printed; blue is positive, orange negative.

    Args:
        numbers: [rows columns], at most about 12 × 12. Minus infinity (a masked score) is allowed
            and printed as −∞.
        row_labels: One per row.
        column_labels: One per column.
        number_format: Format of one number.
        title: Line above.

    Raises:
        ValueError: Labels that do not fit, NaN, or plus infinity.
    """
    detach = getattr(numbers, "detach", None)
    raw = np.asarray(detach().cpu().float().numpy() if detach is not None else numbers, float)
    hidden = np.isneginf(raw)
    array = as_numbers(np.where(hidden, 0.0, raw), "numbers", n_axes=2)
    rows, columns = array.shape
    if row_labels is not None:
        same_length("row_labels", row_labels, rows, "the first axis of numbers")
    if column_labels is not None:
        same_length("column_labels", column_labels, columns, "the second axis of numbers")
    limit = max(float(np.abs(array).max()), 1e-9)
    cell = min(0.72, 5.4 / columns)
    figure, (axes,) = new_figure(0.42 * rows + (0.6 if title else 0.35))
    axes.imshow(
        np.ma.array(array, mask=hidden), cmap=_SIGNED, vmin=-limit, vmax=limit, aspect="auto"
    )
    axes.set_box_aspect(0.42 * rows / (cell * columns))
    _grid(axes, (rows, columns))
    _labelled(axes, row_labels, column_labels, 11.0)
    for (row, column), value in np.ndenumerate(array):
        masked = bool(hidden[row, column])
        shown = "−∞" if masked else number_format.format(value).replace("-", "−")
        ink = INK if masked else FILL_INK
        axes.text(column, row, shown, ha="center", va="center", color=ink, fontsize=10.5)
    if title:
        figure.suptitle(title.replace("$", r"\$"), fontsize=12, weight="bold")
    return figure


@styled
def attention_arcs(
    weights: object,
    pieces: Sequence[str | bytes],
    *,
    title: str | None = None,
    least: float = 0.05,
) -> Figure:
    """Attention as curves from each query (right column) to the keys it looks at (left column).

    Args:
        weights: [T T] numbers between 0 and 1; the width and strength of a curve is the weight.
        pieces: The T tokens.
        title: Line above.
        least: Weights under this are not drawn.

    Raises:
        ValueError: Pieces that do not fit the weights.
    """
    array = as_numbers(weights, "weights", n_axes=2)
    same_length("pieces", pieces, array.shape[0], "the first axis of weights")
    same_length("pieces", pieces, array.shape[1], "the second axis of weights")
    figure, (axes,) = new_figure(0.8 + 0.31 * len(pieces))
    axes.set(xlim=(-0.75, 1.75), ylim=(len(pieces) - 0.4, -1.2))
    axes.set_axis_off()
    for query, key in np.argwhere(array >= least):
        weight = float(array[query, key])
        points = [(1, query), (0.5, query), (0.5, key), (0, key)]
        codes = [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4]
        curve = PathPatch(Path(points, codes), fill=False, ec=COLORS["blue"], lw=0.6 + 4.5 * weight)
        curve.set_alpha(0.15 + 0.85 * min(weight, 1.0))
        axes.add_patch(curve)
    for row, shown in enumerate(labels(pieces, longest=16)):
        axes.text(-0.04, row, shown, ha="right", va="center")
        axes.text(1.04, row, shown, ha="left", va="center")
    axes.text(-0.04, -1, "keys", ha="right", va="center", weight="bold")
    axes.text(1.04, -1, "queries", ha="left", va="center", weight="bold")
    if title:
        figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=12, weight="bold")
    return figure
