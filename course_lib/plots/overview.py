"""Pictures of a whole field: fields within fields, and a line of years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_lib.plots.style import COLORS, FILL_INK, FILLS, INK, WIDTH, styled

_ROW = 31.0  # height of a year, in points
_CHARACTER = 6.2  # width of a character at 10 points, roughly


@dataclass(frozen=True)
class Event:
    """One box on a timeline."""

    year: int
    name: str
    kind: str

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("name is empty; say what happened")


def _canvas(height: float) -> tuple[Figure, Any]:
    figure = Figure(figsize=(WIDTH, height / 72))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, WIDTH * 72), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def _box(axes: Any, left: float, top: float, width: float, height: float, fill: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (left + 4, top + 4),
            width - 8,
            height - 8,
            boxstyle="round,pad=4,rounding_size=5",
            facecolor=FILLS[fill],
            edgecolor="none",
            zorder=3,
        )
    )


@styled
def nested_boxes(levels: Sequence[tuple[str, str]]) -> Figure:
    """Boxes within boxes, the widest notion outside: each with its name and an example.

    Args:
        levels: (name, example) from the outside in, at most six.

    Raises:
        ValueError: No levels, or more than six.
    """
    if not 1 <= len(levels) <= len(FILLS):
        raise ValueError(f"levels has {len(levels)} entries; give 1 to {len(FILLS)}")
    step, inset = 44.0, 16.0
    height = step * len(levels) + 10 * (len(levels) - 1) + 12
    figure, axes = _canvas(height)
    fills = ["gray", "blue", "teal", "gold", "pink", "orange"]
    for index, (name, example) in enumerate(levels):
        left, top = 6 + inset * index, 6 + step * index
        bottom = height - 6 - 10 * index
        width = WIDTH * 72 - 2 * left
        _box(axes, left, top, width, bottom - top, fills[index])
        axes.text(left + 12, top + 14, name, va="center", weight="bold", color=FILL_INK, zorder=4)
        axes.text(left + 12, top + 30, example, va="center", color=FILL_INK, fontsize=9.5, zorder=4)
    return figure


@styled
def timeline(
    events: Sequence[Event],
    kinds: Mapping[str, str],
    stages: Sequence[tuple[str, int, int]] = (),
) -> Figure:
    """Years from top to bottom, one row each, with a box for every event.

    Args:
        events: In the order in which they stand within their year.
        kinds: Kind of an event → name of its fill, in the order of the legend.
        stages: (name, first year, last year) of brackets at the left.

    Raises:
        ValueError: No events, an event of an unknown kind, an unknown fill, or a year with more
            boxes than fit beside each other.
    """
    if len(events) == 0:
        raise ValueError("events is empty; give at least one")
    if unknown := {event.kind for event in events} - set(kinds):
        raise ValueError(f"events have the kinds {sorted(unknown)}, kinds names {sorted(kinds)}")
    if wrong := set(kinds.values()) - set(FILLS):
        raise ValueError(f"kinds has the fills {sorted(wrong)}; choose from {sorted(FILLS)}")
    first = min(event.year for event in events)
    last = max(event.year for event in events)
    top, line = 34.0, 150.0 if stages else 48.0
    height = top + _ROW * (last - first + 1) + 4
    figure, axes = _canvas(height)
    _legend(axes, kinds)
    middle = {year: top + _ROW * (year - first) + _ROW / 2 for year in range(first, last + 1)}
    axes.plot([line, line], [middle[first] - 12, middle[last] + 12], color=INK, lw=1.5)
    for year, y in middle.items():
        now = [event for event in events if event.year == year]
        axes.plot([line], [y], "o", color=COLORS["blue"] if now else INK, ms=6 if now else 3)
        axes.text(line - 10, y, str(year), ha="right", va="center", fontsize=10.5)
        x = line + 14
        for event in now:
            width = _CHARACTER * len(event.name) + 14
            if x + width > WIDTH * 72:
                raise ValueError(f"the boxes of {year} do not fit; shorten their names")
            _box(axes, x, y - 12, width, 24, kinds[event.kind])
            axes.text(
                x + width / 2,
                y,
                event.name,
                ha="center",
                va="center",
                color=FILL_INK,
                fontsize=10,
                zorder=4,
            )
            x += width + 4
    for name, start, end in stages:
        low, high = middle[start] - 11, middle[end] + 11
        axes.plot([102, 98, 98, 102], [low, low, high, high], color=INK, lw=1.3)
        axes.text(92, (low + high) / 2, name, ha="right", va="center", fontsize=10, linespacing=1.3)
    return figure


def _legend(axes: Any, kinds: Mapping[str, str]) -> None:
    x = 4.0
    for kind, fill in kinds.items():
        _box(axes, x, 6, 16, 16, fill)
        axes.text(x + 20, 14, kind, va="center", fontsize=9.5)
        x += 30 + 5.6 * len(kind)
