"""Figures of the book: arrays and strings in, matplotlib figures out."""

from course_lib.plots.curves import bar_compare, line_compare, loss_curve
from course_lib.plots.diagrams import Branch, Step, flow_diagram, gpt2_diagram, residual_diagram
from course_lib.plots.display import png_bytes, show, svg_text
from course_lib.plots.distributions import (
    compare_next_tokens,
    distribution_lines,
    filtered_distribution,
    next_token_bars,
)
from course_lib.plots.matrices import attention_arcs, attention_map, matrix
from course_lib.plots.pieces import visible
from course_lib.plots.style import COLORS, FILLS, INK, apply_style
from course_lib.plots.tokens import merge_steps, token_strip
from course_lib.plots.widgets import slider

__all__ = [
    "COLORS",
    "FILLS",
    "INK",
    "Branch",
    "Step",
    "apply_style",
    "attention_arcs",
    "attention_map",
    "bar_compare",
    "compare_next_tokens",
    "distribution_lines",
    "filtered_distribution",
    "flow_diagram",
    "gpt2_diagram",
    "line_compare",
    "loss_curve",
    "matrix",
    "merge_steps",
    "next_token_bars",
    "png_bytes",
    "residual_diagram",
    "show",
    "slider",
    "svg_text",
    "token_strip",
    "visible",
]
