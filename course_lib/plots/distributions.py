"""Next-token distributions as bars and as sorted curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from course_lib.plots.pieces import labels
from course_lib.plots.style import (
    COLORS,
    INK,
    LINE_STYLES,
    as_numbers,
    color_at,
    legend_above,
    new_figure,
    same_length,
    styled,
)

_Pieces = Sequence[str | bytes]


def _probabilities(values: object, argument: str) -> Float[np.ndarray, " n"]:
    array = as_numbers(values, argument, n_axes=1)
    if array.min() < 0 or array.max() > 1 + 1e-6:
        raise ValueError(
            f"{argument} must lie between 0 and 1 (apply softmax to logits first); "
            f"given {array.min():.4g} to {array.max():.4g}"
        )
    return array


def _percent(value: float) -> str:
    """A probability as a percentage with the digits that matter."""
    percent = 100 * value
    if percent >= 9.95:
        return f"{percent:.0f} %"
    if percent >= 0.095:
        return f"{percent:.1f} %"
    return "0 %" if percent == 0 else (f"{percent:.2f} %" if percent >= 0.005 else "< 0.01 %")


def _bars(axes: Any, pieces: _Pieces, values: np.ndarray, color: str, limit: float) -> None:
    rows = np.arange(len(pieces))
    axes.barh(rows, values, height=0.68, color=color)
    axes.set_yticks(rows, labels(pieces, longest=18))
    axes.invert_yaxis()
    axes.set_xlim(0, limit)
    axes.tick_params(axis="both", length=0)
    axes.set_xticks([])
    for spine in ("left", "bottom"):
        axes.spines[spine].set_visible(False)
    for row, value in zip(rows, values, strict=True):
        axes.text(value + limit * 0.015, row, _percent(value), va="center", fontsize=10.5)


@styled
def next_token_bars(
    pieces: _Pieces,
    probabilities: object,
    *,
    title: str | None = None,
    color: str = "blue",
    note: str | None = None,
) -> Figure:
    """Horizontal bars, one per candidate token, in the order given.

    Args:
        pieces: Text of each candidate.
        probabilities: [n_candidates] numbers between 0 and 1.
        title: Line above the bars, such as the prompt.
        color: A name in `COLORS`.
        note: Line beneath the bars, such as the share of all other tokens.

    Raises:
        ValueError: Lengths differ, or a number is no probability.
    """
    values = _probabilities(probabilities, "probabilities")
    same_length("pieces", pieces, len(values), "probabilities")
    if color not in COLORS:
        raise ValueError(f"color is {color!r}; choose one of {sorted(COLORS)}")
    figure, (axes,) = new_figure(0.5 + 0.3 * len(pieces) + (0.25 if note else 0))
    _bars(axes, pieces, values, COLORS[color], max(float(values.max()), 1e-9) * 1.16)
    if title:
        axes.set_title(title.replace("$", r"\$"))
    if note:
        axes.set_xlabel(note, loc="left", fontsize=10.5)
    return figure


@styled
def compare_next_tokens(
    panels: Mapping[str, tuple[_Pieces, object]], *, title: str | None = None, n_columns: int = 3
) -> Figure:
    """Several next-token distributions side by side, on one scale.

    Args:
        panels: Heading of each panel → (pieces, probabilities).
        title: Line above all panels.
        n_columns: Panels beside each other; 2 or 3 stay readable on a phone.

    Raises:
        ValueError: No panel, lengths differ, or a number is no probability.
    """
    if not panels:
        raise ValueError("panels is empty; give at least one heading → (pieces, probabilities)")
    columns = min(n_columns, len(panels))
    rows = -(-len(panels) // columns)
    checked = {}
    for name, (pieces, probabilities) in panels.items():
        checked[name] = (pieces, _probabilities(probabilities, f"probabilities of {name!r}"))
        same_length(f"pieces of {name!r}", pieces, len(checked[name][1]), "probabilities")
    longest = max(len(pieces) for pieces, _ in checked.values())
    limit = max(float(values.max()) for _, values in checked.values()) * (1.1 + 0.17 * columns)
    figure, all_axes = new_figure(
        rows * (0.5 + 0.29 * longest) + (0.3 if title else 0), panels=(rows, columns)
    )
    for index, (axes, (name, (pieces, values))) in enumerate(
        zip(all_axes, checked.items(), strict=False)
    ):
        _bars(axes, pieces, values, color_at(index), limit)
        axes.set_ylim(longest - 0.5, -0.5)
        axes.set_title(name.replace("$", r"\$"), fontsize=11)
    for axes in all_axes[len(checked) :]:
        axes.set_axis_off()
    if title:
        figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=12, weight="bold")
    return figure


@styled
def filtered_distribution(
    before: object,
    after: object,
    *,
    pieces: _Pieces | None = None,
    n_shown: int = 20,
    title: str | None = None,
) -> Figure:
    """A distribution before a filter (outline) and after it (bars), most probable first.

    Tokens with probability 0 after the filter are removed ones; their outline stays.

    Args:
        before: [V] probabilities.
        after: [V] probabilities of the same tokens in the same order.
        pieces: Text of every token, [V]; without it the horizontal axis is the rank.
        n_shown: Tokens drawn, from the most probable before the filter.
        title: Line above.

    Raises:
        ValueError: Lengths differ, or a number is no probability.
    """
    old, new = _probabilities(before, "before"), _probabilities(after, "after")
    same_length("after", new.tolist(), len(old), "before")
    if pieces is not None:
        same_length("pieces", pieces, len(old), "before")
    order = np.argsort(-old, kind="stable")[:n_shown]
    ranks = np.arange(1, len(order) + 1)
    figure, (axes,) = new_figure(3.4)
    axes.bar(ranks, new[order], width=0.76, color=COLORS["blue"], label="after")
    axes.bar(
        ranks,
        old[order],
        width=0.76,
        facecolor="none",
        edgecolor=COLORS["orange"],
        linewidth=1.5,
        label="before",
    )
    axes.set_ylabel("probability")
    axes.set_xlim(0.4, len(order) + 0.6)
    axes.grid(axis="y")
    legend_above(figure)
    if pieces is None:
        axes.set_xlabel("rank of the token before the filter")
    else:
        shown = labels([pieces[index] for index in order], longest=12)
        axes.set_xticks(ranks, shown, rotation=60, ha="right", rotation_mode="anchor")
        axes.tick_params(axis="x", length=0)
    if title:
        axes.set_title(title)
    return figure


@styled
def distribution_lines(
    curves: Mapping[str, object],
    *,
    n_shown: int = 100,
    log_y: bool = True,
    title: str | None = None,
) -> Figure:
    """Probabilities sorted from the most to the least probable token, one line per distribution.

    A line ends where the probability becomes 0: what a filter removed is not drawn.

    Args:
        curves: Name → [V] probabilities in any order.
        n_shown: Ranks drawn.
        log_y: Logarithmic vertical axis.
        title: Line above.

    Raises:
        ValueError: No curve, or a number is no probability.
    """
    if not curves:
        raise ValueError("curves is empty; give at least one name → probabilities")
    figure, (axes,) = new_figure(3.6)
    for index, (name, values) in enumerate(curves.items()):
        array = np.sort(_probabilities(values, f"curves[{name!r}]"))[::-1][:n_shown]
        array = array[array > 0]
        if len(array) == 0:
            raise ValueError(f"curves[{name!r}] holds only zeros; give probabilities")
        style = LINE_STYLES[index % len(LINE_STYLES)]
        ranks = np.arange(1, len(array) + 1)
        axes.plot(ranks, array, color=color_at(index), ls=style, label=name)
        if len(array) < n_shown:
            axes.plot(ranks[-1:], array[-1:], "o", color=color_at(index))
    axes.set(xlabel="rank of the token", ylabel="probability")
    axes.set_xlim(left=0)
    if log_y:
        axes.set_yscale("log")
    axes.grid(color=INK)
    legend_above(figure)
    if title:
        axes.set_title(title)
    return figure
