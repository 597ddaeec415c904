"""Sizes that differ by powers of ten, on one map with the machines they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from course_lib.plots.style import (
    COLORS,
    INK,
    as_numbers,
    color_at,
    new_figure,
    same_length,
    styled,
)

_MARKERS = ("o", "s", "D", "^", "v", "P")


def bytes_text(value: float) -> str:
    """Return a number of bytes in the largest unit of which it has at least one.

    >>> bytes_text(2_800_000_000_000)
    '2.8 TB'
    """
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} bytes"


@styled
def size_map(
    names: Sequence[str],
    uses: Mapping[str, object],
    *,
    capacity: float | None = None,
    capacity_name: str = "",
    title: str | None = None,
) -> Figure:
    """Memory of each model for each use, on a logarithmic axis.

    Args:
        names: One per model, from top to bottom.
        uses: Use → [n_models] bytes; at most six.
        capacity: Bytes of a machine: what does not fit is drawn hollow, beyond a vertical line.
        capacity_name: What the line stands for.
        title: Line above.

    Raises:
        ValueError: No use or too many, lengths that differ, or a size that is not above 0.
    """
    if not 1 <= len(uses) <= len(_MARKERS):
        raise ValueError(f"uses has {len(uses)} entries; give 1 to {len(_MARKERS)}")
    sizes = {use: as_numbers(values, f"uses[{use!r}]", n_axes=1) for use, values in uses.items()}
    for use, values in sizes.items():
        same_length("names", names, len(values), f"uses[{use!r}]")
        if values.min() <= 0:
            raise ValueError(f"uses[{use!r}] holds {values.min():g}; sizes must be above 0")
    if capacity is not None and not capacity > 0:
        raise ValueError(f"capacity must be above 0 bytes, got {capacity}")
    figure, (axes,) = new_figure(1.15 + 0.34 * len(names))
    rows = np.arange(len(names))
    everything = np.stack(list(sizes.values()))
    axes.hlines(rows, everything.min(0), everything.max(0), color=INK, lw=1.2, alpha=0.6, zorder=1)
    for index, (use, values) in enumerate(sizes.items()):
        color = color_at(index)
        fits = np.ones(len(values), bool) if capacity is None else values <= capacity
        marker = _MARKERS[index]
        axes.scatter(values[fits], rows[fits], s=46, marker=marker, color=color, zorder=3)
        axes.scatter(
            values[~fits], rows[~fits], s=40, marker=marker, fc="none", ec=color, lw=1.6, zorder=3
        )
        axes.scatter([], [], s=46, marker=marker, color=color, label=use)
    if capacity is not None:
        axes.axvline(capacity, color=COLORS["orange"], lw=1.8, ls=":")
        axes.annotate(
            capacity_name or bytes_text(capacity),
            (capacity, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=10,
        )
    low, high = everything.min() / 2, everything.max() * 2
    axes.set(xscale="log", xlim=(low, high), ylim=(len(names) - 0.5, -0.6))
    decades = 10.0 ** np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
    axes.set_xticks(decades)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: bytes_text(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yticks(rows, list(names))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("memory (bytes, logarithmic)")
    axes.grid(axis="x")
    figure.legend(loc="outside lower center", ncols=min(len(sizes), 4), fontsize=9.5)
    if title:
        figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=12, weight="bold")
    return figure
