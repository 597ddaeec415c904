"""Measured figures with how uncertain they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course_lib.plots.style import COLORS, color_at, legend_above, new_figure, styled

_MARKERS = ("o", "D", "s", "^", "v", "P")


@styled
def interval_compare(
    rows: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    x_label: str,
    reference: float | None = None,
    title: str | None = None,
) -> Figure:
    """One line per row and, for each series in it, a dot with its interval.

    Args:
        rows: Row → series → (value, lower end, upper end). A row may lack a series.
        x_label: Quantity and unit.
        reference: A number to compare with, drawn as a dotted vertical line.
        title: Line above.

    Raises:
        ValueError: No rows, an entry that is not three numbers, or a value outside its interval.
    """
    if not rows:
        raise ValueError("rows is empty; give at least one row → series → (value, low, high)")
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    for row, series in rows.items():
        for name, ends in series.items():
            if len(ends) != 3 or not ends[1] <= ends[0] <= ends[2]:
                raise ValueError(
                    f"rows[{row!r}][{name!r}] is {tuple(ends)}; give (value, low, high) with "
                    "low ≤ value ≤ high"
                )
    figure, (axes,) = new_figure(0.9 + (0.16 + 0.19 * len(names)) * len(rows))
    labeled: set[str] = set()
    for place, series in enumerate(rows.values()):
        for name, (value, low, high) in series.items():
            number = names.index(name)
            height = place + 0.72 * ((number + 0.5) / len(names) - 0.5)
            color = color_at(number)
            axes.plot([low, high], [height, height], color=color, lw=1.8, solid_capstyle="butt")
            axes.plot(
                value,
                height,
                _MARKERS[number % len(_MARKERS)],
                color=color,
                ms=6.5,
                ls="none",
                label=None if name in labeled else name,
            )
            labeled.add(name)
    axes.set_yticks(range(len(rows)), [row.replace("$", r"\$") for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    if reference is not None:
        axes.axvline(reference, color=COLORS["gray"], ls=":", lw=1.8)
    axes.set_xlabel(x_label)
    axes.grid(axis="x")
    if len(names) > 1:
        legend_above(figure)
    if title:
        axes.set_title(title)
    return figure
