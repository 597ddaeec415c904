"""Colors, fonts and sizes that read on white pages, on dark pages and on a phone.

A figure is drawn once and shown on both a white and a near-black (#121212) page, so its
background is transparent and its ink is of middle lightness: the best contrast any single color
can have with both is 4.33 : 1. Text that stands inside a filled box has dark ink on a light fill
instead, and keeps its contrast wherever the page puts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from cycler import cycler
from jaxtyping import Float
from matplotlib import font_manager
from matplotlib.figure import Figure

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

WIDTH = 6.4
"""Width of a figure in inches; the page shows 100 CSS pixels per inch, a phone about half."""

INK = "#737b85"
"""Text, axes and arrows: 4.28 : 1 on white, 4.37 : 1 on #121212."""

FILL_INK = "#14171a"
"""Text inside a filled box."""

COLORS: Mapping[str, str] = {
    "blue": "#2478bd",
    "orange": "#d55e00",
    "teal": "#0a9a78",
    "pink": "#bc559b",
    "gold": "#a88400",
    "gray": INK,
}
"""Lines and bars: Okabe and Ito's palette at middle lightness, each ≥ 3.5 : 1 on both pages."""

FILLS: Mapping[str, str] = {
    "blue": "#a5cdec",
    "gold": "#f0dc94",
    "teal": "#a0dac6",
    "pink": "#e8c0d8",
    "orange": "#f6bf98",
    "gray": "#d3d8de",
}
"""Light fills of boxes; the text on them is `FILL_INK`."""

LINE_STYLES = ("-", (0, (5, 1.6)), (0, (1.4, 1.2)), (0, (5, 1.4, 1.4, 1.4)), "-", "-")

SANS_FONTS = (
    "DejaVu Sans",
    "Course Hanzi",  # ships with the package: the characters of the course's Chinese texts
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "Noto Emoji",
    "Segoe UI Emoji",
)
MONO_FONTS = ("DejaVu Sans Mono", "Noto Sans Mono CJK SC", *SANS_FONTS)


@cache
def installed_fonts(names: tuple[str, ...]) -> tuple[str, ...]:
    """The fonts of `names` this machine has, in order; DejaVu comes with matplotlib."""
    for file in sorted((Path(__file__).parent / "fonts").glob("*.otf")):
        font_manager.fontManager.addfont(file)
        regular = font_manager.fontManager.ttflist[-1]  # serves as its own bold, without a remark
        font_manager.fontManager.ttflist.append(replace(regular, weight=700))
    present = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in names if name in present)


@cache
def _glyphs(names: tuple[str, ...]) -> frozenset[int]:
    """Every code point that one of the fonts can draw."""
    covered: set[int] = set()
    for name in installed_fonts(names):
        path = font_manager.findfont(font_manager.FontProperties(family=[name]))
        covered.update(font_manager.get_font(path).get_charmap())
    return frozenset(covered)


def has_glyph(character: str, *, mono: bool = False) -> bool:
    """Whether the installed fonts can draw the character."""
    return ord(character) in _glyphs(MONO_FONTS if mono else SANS_FONTS)


def style() -> dict[str, Any]:
    """The matplotlib settings of the book."""
    return {
        "figure.figsize": (WIDTH, 3.6),
        "figure.dpi": 100,
        "figure.constrained_layout.w_pad": 0.07,
        "figure.constrained_layout.h_pad": 0.06,
        "figure.facecolor": "none",
        "figure.edgecolor": "none",
        "savefig.facecolor": "none",
        "savefig.edgecolor": "none",
        "savefig.transparent": True,
        "savefig.dpi": 180,
        "svg.hashsalt": "course_lib",
        "svg.fonttype": "path",
        "font.family": list(installed_fonts(SANS_FONTS)),
        "font.monospace": list(installed_fonts(MONO_FONTS)),
        "font.size": 11,
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelsize": 11,
        "xtick.labelsize": 10.5,
        "ytick.labelsize": 10.5,
        "legend.fontsize": 10.5,
        "legend.frameon": False,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.edgecolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.facecolor": "none",
        "axes.linewidth": 0.9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": INK,
        "grid.alpha": 0.22,
        "grid.linewidth": 0.8,
        "lines.linewidth": 2.0,
        "lines.markersize": 5,
        "axes.prop_cycle": cycler(color=list(COLORS.values())),
        "image.cmap": "cividis",
    }


def apply_style() -> None:
    """Give every matplotlib figure made from now on the look of the book."""
    mpl.rcParams.update(style())


def styled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Run a drawing function under the book's settings, and leave the reader's own untouched."""

    @wraps(function)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with mpl.rc_context(style()):
            return function(*args, **kwargs)

    return wrapper


def new_figure(
    height: float, *, panels: tuple[int, int] = (1, 1), compressed: bool = False
) -> tuple[Figure, list[Any]]:
    """A figure outside pyplot (nothing to close, never shown twice) and its axes, row by row.

    `compressed` keeps square axes and their color bar together.
    """
    layout: Any = "compressed" if compressed else "constrained"
    figure = Figure(figsize=(WIDTH, height), layout=layout)
    grid = figure.subplots(*panels, squeeze=False)
    return figure, [axes for row in grid for axes in row]


def legend_above(figure: Figure) -> None:
    """Name the labeled marks of all axes in rows above them, where they can cover no curve."""
    marks = {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    for columns in range(len(marks), 0, -1):
        legend = figure.legend(
            marks.values(),
            marks,
            loc="outside upper left",
            ncols=columns,
            handlelength=1.8,
            handletextpad=0.5,
            columnspacing=1.4,
        )
        if legend.get_window_extent().width <= figure.bbox.width:
            return
        if columns > 1:
            legend.remove()


def color_at(index: int) -> str:
    """Color of the series with this number, around again after the last."""
    return list(COLORS.values())[index % len(COLORS)]


def as_numbers(values: object, argument: str, *, n_axes: int) -> Float[np.ndarray, "..."]:
    """A finite float array with `n_axes` axes from any array, tensor or list.

    Raises:
        ValueError: `values` has another number of axes, is empty, or holds NaN or infinity.
    """
    detach = getattr(values, "detach", None)  # a torch tensor, which this room does not import
    if detach is not None:
        values = detach().cpu().float().numpy()
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != n_axes or array.size == 0:
        raise ValueError(
            f"{argument} has shape {array.shape}; it must have {n_axes} axes and not be empty"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{argument} holds NaN or infinite numbers; give finite ones")
    return array


def same_length(argument: str, labels: Sequence[object], expected: int, what: str) -> None:
    """Raise ValueError unless there is one label per thing."""
    if len(labels) != expected:
        raise ValueError(f"{argument} has {len(labels)} entries, but {what} has {expected}")
