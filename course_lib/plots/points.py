"""Words as points of a plane, and named rows of dots to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from course_lib.plots.style import (
    INK,
    WIDTH,
    as_numbers,
    color_at,
    legend_above,
    new_figure,
    same_length,
    styled,
)

_MARKERS = ("o", "D", "s", "^", "v", "P")
_LINE = 12.5  # points between two labels


@styled
def word_map(
    points: object,
    words: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    links: Sequence[tuple[int, int]] = (),
    x_label: str = "first principal direction",
    y_label: str = "second principal direction",
    height: float = 4.6,
    title: str | None = None,
) -> Figure:
    """Words at places of a plane, colored by group, some of them joined by lines.

    Args:
        points: [N 2], the place of each word.
        words: The N words.
        groups: The group of each word; groups get colors and markers in the order of appearance.
        links: Pairs of positions in `words` to join.
        x_label: What the horizontal axis is.
        y_label: What the vertical axis is.
        height: In inches.
        title: Line above.

    Raises:
        ValueError: Words or groups that do not fit the points.
    """
    places = as_numbers(points, "points", n_axes=2)
    if places.shape[1] != 2:
        raise ValueError(f"points has shape {places.shape}; the second axis must have 2 entries")
    same_length("words", words, len(places), "points")
    kinds = list(groups) if groups is not None else [""] * len(places)
    same_length("groups", kinds, len(places), "points")
    figure, (axes,) = new_figure(height)
    shifts = _spread(places, [len(word) for word in words], height)
    for start, end in links:
        axes.plot(*places[[start, end]].T, color=INK, lw=1.1, alpha=0.7, zorder=1)
    for number, kind in enumerate(dict.fromkeys(kinds)):
        rows = [i for i, other in enumerate(kinds) if other == kind]
        color, marker = color_at(number), _MARKERS[number % len(_MARKERS)]
        axes.plot(*places[rows].T, marker, color=color, ms=6, label=kind or None, zorder=2)
        for i in rows:
            axes.annotate(
                words[i].replace("$", r"\$"),
                places[i],
                xytext=(6, shifts[i]),
                textcoords="offset points",
                va="center",
                color=color,
                fontsize=10.5,
            )
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.margins(x=0.14, y=0.07)
    if groups is not None and len(set(kinds)) > 1:
        legend_above(figure)
    if title:
        axes.set_title(title)
    return figure


def _spread(
    places: Float[np.ndarray, "N 2"], lengths: Sequence[int], height: float
) -> Float[np.ndarray, " N"]:
    """How many points each label moves up or down so that none lies on another."""
    size = np.ptp(places, axis=0)
    scale = 72 * np.array([WIDTH - 1.6, height - 1.5]) / np.where(size == 0, 1, size)
    x, start = (places * scale).T  # about where the labels begin, in points
    y = start.copy()
    widths = 6.5 * np.asarray(lengths) + 8
    side = np.subtract.outer(np.arange(len(y)), np.arange(len(y)))
    for _ in range(200):
        gap = y[:, None] - y[None, :]
        reach = np.where(x[:, None] < x[None, :], widths[:, None], widths[None, :])
        meets = (np.abs(np.subtract.outer(x, x)) < reach) & (np.abs(gap) < _LINE) & (side != 0)
        if not meets.any():
            break
        up = np.where(gap == 0, np.sign(side), np.sign(gap))
        y += (np.where(meets, up * (_LINE - np.abs(gap)), 0.0) / 4).sum(axis=1)
    moved: Float[np.ndarray, " n"] = y - start
    return moved


@styled
def dot_compare(
    rows: Mapping[str, Mapping[str, float]], *, x_label: str, title: str | None = None
) -> Figure:
    """One line per row with a dot for each series, so that series can be compared row by row.

    Args:
        rows: Row → series → number; every row has the same series.
        x_label: Quantity and unit.
        title: Line above.

    Raises:
        ValueError: No rows, or rows with different series.
    """
    if not rows:
        raise ValueError("rows is empty; give at least one row → series → number")
    names = list(next(iter(rows.values())))
    for row, values in rows.items():
        if list(values) != names:
            raise ValueError(f"row {row!r} has the series {list(values)}; the first has {names}")
    figure, (axes,) = new_figure(1.1 + 0.29 * len(rows))
    for place, values in enumerate(rows.values()):
        axes.plot([min(values.values()), max(values.values())], [place] * 2, color=INK, alpha=0.4)
    for number, name in enumerate(names):
        numbers = [values[name] for values in rows.values()]
        marker = _MARKERS[number % len(_MARKERS)]
        axes.plot(
            numbers, range(len(rows)), marker, color=color_at(number), ms=7, label=name, zorder=3
        )
    axes.set_yticks(range(len(rows)), [row.replace("$", r"\$") for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.set_xlabel(x_label)
    axes.grid(axis="x")
    legend_above(figure)
    if title:
        figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=12, weight="bold")
    return figure
