"""Which outputs change when an input is changed: what a model sees, measured from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from course_lib.plots.pieces import labels
from course_lib.plots.style import FILLS, INK, as_numbers, new_figure, same_length, styled

_Pieces = Sequence[str | bytes]


@styled
def influence_maps(
    panels: Mapping[str, tuple[object, _Pieces, _Pieces]], *, title: str | None = None
) -> Figure:
    """One square per (output, input) pair: filled where changing the input moves the output.

    The dot in a filled square grows with the change, on the scale of its own panel.

    Args:
        panels: Heading → (changes [n_outputs n_inputs], outputs, inputs); one or two panels.
            A change of exactly 0 leaves its square empty.
        title: Line above.

    Raises:
        ValueError: No panel or more than two, labels that do not fit, or a negative change.
    """
    if not 1 <= len(panels) <= 2:
        raise ValueError(f"panels has {len(panels)} entries; give 1 or 2")
    rows = max(len(outputs) for _, outputs, _ in panels.values())
    height = 1.35 + (0.3 if len(panels) == 1 else 0.23) * rows
    figure, all_axes = new_figure(height, panels=(1, len(panels)))
    for axes, (name, (changes, outputs, inputs)) in zip(all_axes, panels.items(), strict=True):
        array = as_numbers(changes, f"changes of {name!r}", n_axes=2)
        same_length(f"outputs of {name!r}", outputs, array.shape[0], "the first axis of changes")
        same_length(f"inputs of {name!r}", inputs, array.shape[1], "the second axis of changes")
        if array.min() < 0:
            raise ValueError(f"changes of {name!r} holds {array.min():g}; give sizes of changes")
        largest = max(float(array.max()), 1e-30)
        for (row, column), value in np.ndenumerate(array):
            corner = (column - 0.44, row - 0.44)
            fill = FILLS["blue"] if value > 0 else "none"
            axes.add_patch(Rectangle(corner, 0.88, 0.88, fc=fill, ec=INK, lw=0.5))
            if value > 0:
                size = 3 + 9 * np.sqrt(value / largest)
                axes.plot([column], [row], "o", color="#14171a", ms=size, mew=0)
        axes.set(xlim=(-0.6, len(inputs) - 0.4), ylim=(len(outputs) - 0.4, -0.6), aspect="equal")
        axes.set_xticks(range(len(inputs)), labels(inputs, longest=12), rotation=90, fontsize=9.5)
        axes.set_yticks(range(len(outputs)), labels(outputs, longest=12), fontsize=9.5)
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.set_xlabel("input that is changed", fontsize=10)
        axes.set_ylabel("output that is watched", fontsize=10)
        axes.set_title(name, fontsize=11.5, pad=6)
        for spine in axes.spines.values():
            spine.set_visible(False)
    if title:
        figure.suptitle(title.replace("$", r"\$"), x=0.01, ha="left", fontsize=12, weight="bold")
    return figure
