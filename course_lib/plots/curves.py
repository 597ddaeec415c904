"""Curves and bars of experiments: losses over training, comparisons with their spread."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, ScalarFormatter

from course_lib.plots.style import (
    COLORS,
    FILL_INK,
    FILLS,
    INK,
    LINE_STYLES,
    as_numbers,
    color_at,
    legend_above,
    new_figure,
    same_length,
    styled,
)


def _smoothed(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Mean over a window around each point (a fortieth of the curve), so that nothing lags."""
    reach = len(values) // 80
    sums = np.concatenate([[0.0], np.cumsum(values)])
    positions = np.arange(len(values))
    room = np.minimum(np.minimum(positions, positions[::-1]), reach)
    result: Float[np.ndarray, " n"] = (sums[positions + room + 1] - sums[positions - room]) / (
        2 * room + 1
    )
    return result


@styled
def loss_curve(
    curves: Mapping[str, tuple[object, object]],
    *,
    x_label: str = "training tokens",
    y_label: str = "loss (nats per token)",
    log_x: bool = False,
    references: Mapping[str, float | int] | None = None,
    smooth: Collection[str] = (),
    title: str | None = None,
) -> Figure:
    """Loss against training tokens, one line per run or per split.

    Args:
        curves: Name → (x, loss), both [n_points].
        x_label: What x counts, with its unit.
        y_label: What is plotted, with its unit.
        log_x: Logarithmic horizontal axis.
        references: Name → loss of a baseline, drawn as a dotted horizontal line.
        smooth: Names of noisy curves (a loss per step): the points become a faint line under
            their moving average.
        title: Line above.

    Raises:
        ValueError: No curve, x and loss of different lengths, or `smooth` names no curve.
    """
    if not curves:
        raise ValueError("curves is empty; give at least one name → (x, loss)")
    if unknown := set(smooth) - set(curves):
        raise ValueError(f"smooth names {sorted(unknown)}, which are not among {sorted(curves)}")
    figure, (axes,) = new_figure(3.7)
    for index, (name, (x_values, y_values)) in enumerate(curves.items()):
        x = as_numbers(x_values, f"x of {name!r}", n_axes=1)
        y = as_numbers(y_values, f"loss of {name!r}", n_axes=1)
        same_length(f"x of {name!r}", x.tolist(), len(y), "the loss")
        color = color_at(index)
        if name in smooth:
            axes.plot(x, y, color=color, alpha=0.3, lw=0.9)
            y = _smoothed(y)
        marker = "o" if len(x) <= 25 and name not in smooth else None
        axes.plot(x, y, color=color, ls=LINE_STYLES[index % 6], marker=marker, label=name)
    for name, value in (references or {}).items():
        first, last = (
            min(abs(as_numbers(y, "loss", n_axes=1)[end] - value) for _, y in curves.values())
            for end in (0, -1)
        )
        axes.axhline(value, color=INK, ls=":", lw=1.6)
        axes.annotate(  # at the end where no curve is near
            f"{name} {value:.2f}",
            (0.02 if first > last else 1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="left" if first > last else "right",
            fontsize=10,
        )
    if log_x:
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid()
    legend_above(figure)
    if title:
        axes.set_title(title)
    return figure


@styled
def line_compare(
    x: object,
    series: Mapping[str, object],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    log_y: bool = False,
    title: str | None = None,
) -> Figure:
    """One line per series: its mean over seeds, in a band from the lowest to the highest seed.

    Args:
        x: [n_points], shared by all series.
        series: Name → [n_points] numbers, or [n_seeds, n_points] for a band.
        x_label: Quantity and unit of x.
        y_label: Quantity and unit of the series.
        log_x: Logarithmic horizontal axis.
        log_y: Logarithmic vertical axis.
        title: Line above.

    Raises:
        ValueError: No series, or one whose length is not that of x.
    """
    points = as_numbers(x, "x", n_axes=1)
    if not series:
        raise ValueError("series is empty; give at least one name → numbers")
    figure, (axes,) = new_figure(3.6)
    for index, (name, values) in enumerate(series.items()):
        n_axes = 2 if np.ndim(np.asarray(values, dtype=object)) == 2 else 1
        array = np.atleast_2d(as_numbers(values, f"series[{name!r}]", n_axes=n_axes))
        same_length(f"series[{name!r}]", array[0].tolist(), len(points), "x")
        color, marker = color_at(index), "o" if len(points) <= 25 else None
        if len(array) > 1:
            axes.fill_between(points, array.min(0), array.max(0), color=color, alpha=0.25, lw=0)
        axes.plot(
            points,
            array.mean(0),
            color=color,
            ls=LINE_STYLES[index % 6],
            marker=marker,
            label=name,
        )
    if log_x:
        axes.set_xscale("log")
        if len(points) <= 8:
            axes.set_xticks(points, [f"{value:g}" for value in points], minor=False)
            axes.set_xticks([], minor=True)
    if log_y:
        axes.set_yscale("log")
    elif not log_x:
        axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid()
    if len(series) > 1:
        legend_above(figure)
    if title:
        axes.set_title(title)
    return figure


@styled
def bar_compare(
    values: Mapping[str, object],
    *,
    x_label: str,
    reference: float | int | None = None,
    value_format: str = "{:.3g}",
    title: str | None = None,
) -> Figure:
    """Horizontal bars of named numbers, with every seed as a dot and the range as a line.

    Args:
        values: Name → one number, or one number per seed; the bar is their mean.
        x_label: Quantity and unit.
        reference: A number to compare with, drawn as a dotted vertical line.
        value_format: Format of the mean, printed at the right.
        title: Line above.

    Raises:
        ValueError: No values.
    """
    if not values:
        raise ValueError("values is empty; give at least one name → number")
    figure, (axes,) = new_figure(0.8 + 0.42 * len(values))
    highest = reference or 0.0
    for row, (name, numbers) in enumerate(values.items()):
        array = np.atleast_1d(np.asarray(numbers, dtype=np.float64))
        array = as_numbers(array, f"values[{name!r}]", n_axes=1)
        mean = float(array.mean())
        axes.barh(row, mean, height=0.62, color=color_at(row))
        if len(array) > 1:
            rows = np.full(len(array), row)
            axes.plot(array, rows, color=FILL_INK, lw=3.4, solid_capstyle="round")
            axes.plot(array, rows, color=FILLS["gray"], lw=1.6, solid_capstyle="round")
            axes.plot(array, rows, "o", mfc=FILLS["gray"], mec=FILL_INK, ms=5.5)
        right = max(float(array.max()), 0.0)
        highest = max(highest, right)
        axes.annotate(
            value_format.format(mean),
            (right, row),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_yticks(range(len(values)), [name.replace("$", r"\$") for name in values])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    if highest > 0:
        axes.set_xlim(right=highest * 1.14)
    if reference is not None:
        axes.axvline(reference, color=COLORS["orange"], ls=":", lw=1.8)
    axes.set_xlabel(x_label)
    axes.grid(axis="x")
    if title:
        axes.set_title(title)
    return figure
