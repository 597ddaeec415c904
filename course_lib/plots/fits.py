"""Measured points with the curves fitted through them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FixedFormatter, FixedLocator, NullLocator

from course_lib.plots.style import (
    as_numbers,
    color_at,
    legend_above,
    new_figure,
    same_length,
    styled,
)

Curve: TypeAlias = tuple[object, object]
_MARKERS = ("o", "D", "s", "^", "v", "P")
_MOST_TICKS = 8


@styled
def points_and_fits(
    points: Mapping[str, Curve],
    fits: Mapping[str, Curve],
    *,
    x_label: str,
    y_label: str,
    bands: Mapping[str, tuple[object, object, object]] | None = None,
    best: Mapping[str, Curve] | None = None,
    hollow: Collection[str] = (),
    log_y: bool = False,
    title: str | None = None,
) -> Figure:
    """Points of each group, with the curve that was fitted to them; x is logarithmic.

    Args:
        points: Name → (x, y), both [n_points]. Groups get colors in the order of appearance.
        fits: Name → (x, y) of a curve; one named as a group has its color, another is drawn gray.
        x_label: Quantity and unit of x.
        y_label: Quantity and unit of y.
        bands: Name of a fit → (x, low, high): how far the curve might lie elsewhere.
        best: Name of a group → (x, y) of one point to mark with a star.
        hollow: Names of groups drawn as rings: measured, but not used in the fit.
        log_y: Logarithmic vertical axis.
        title: Line above.

    Raises:
        ValueError: No points, x and y of different lengths, or a name that is not among the groups
            or fits.
    """
    if not points:
        raise ValueError("points is empty; give at least one name → (x, y)")
    for argument, names, known in (
        ("best", best or {}, points),
        ("hollow", hollow, points),
        ("bands", bands or {}, fits),
    ):
        if unknown := sorted(set(names) - set(known)):
            raise ValueError(f"{argument} names {unknown}, which are not among {sorted(known)}")
    colors = {name: color_at(index) for index, name in enumerate(points)}
    figure, (axes,) = new_figure(3.9)
    for name, (x, low, high) in (bands or {}).items():
        ends = [as_numbers(part, f"bands[{name!r}]", n_axes=1) for part in (x, low, high)]
        axes.fill_between(*ends, color=colors.get(name, "gray"), alpha=0.22, lw=0)
    for name, curve in fits.items():
        x, y = _pair(f"fits[{name!r}]", curve)
        own = name in colors
        axes.plot(x, y, color=colors.get(name, "gray"), lw=1.5, label=None if own else name)
    for index, (name, group) in enumerate(points.items()):
        x, y = _pair(f"points[{name!r}]", group)
        face = "none" if name in hollow else colors[name]
        marker = _MARKERS[index % len(_MARKERS)]
        axes.plot(x, y, marker, color=colors[name], mfc=face, ms=6, mew=1.6, label=name)
    for name, point in (best or {}).items():
        x, y = (float(as_numbers([value], f"best[{name!r}]", n_axes=1)[0]) for value in point)
        axes.plot([x], [y], "*", color=colors[name], ms=15, mec="white", mew=0.8, zorder=4)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    if log_y:
        axes.set_yscale("log")
        ticks = _few_ticks(*axes.get_ylim())
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.grid()
    legend_above(figure)
    if title:
        axes.set_title(title)
    return figure


def _pair(argument: str, curve: Curve) -> Curve:
    x, y = (as_numbers(part, argument, n_axes=1) for part in curve)
    same_length(argument, x.tolist(), len(y), "y")
    return x, y


def _few_ticks(low: float, high: float) -> list[float]:
    """Return round numbers inside a range, tenths where there are few enough of them."""
    for step in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0):
        ticks = [round(k * step, 10) for k in range(round(low / step), round(high / step) + 1)]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= _MOST_TICKS:
            return ticks
    return [low, high]
