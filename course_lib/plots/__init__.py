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
from course_lib.plots.fits import points_and_fits
from course_lib.plots.influence import influence_maps
from course_lib.plots.intervals import interval_compare
from course_lib.plots.masks import mask_panels
from course_lib.plots.matrices import attention_arcs, attention_map, matrix
from course_lib.plots.overview import Event, nested_boxes, timeline
from course_lib.plots.pieces import visible
from course_lib.plots.points import dot_compare, word_map
from course_lib.plots.sizes import bytes_text, size_map
from course_lib.plots.style import COLORS, FILLS, INK, apply_style
from course_lib.plots.tokens import merge_steps, token_strip
from course_lib.plots.transformations import TaskRows, transformations_diagram
from course_lib.plots.two_stacks import encoder_decoder_diagram
from course_lib.plots.voting import Ballot, shuffled_ballots, vote_on
from course_lib.plots.widgets import slider
from course_lib.plots.wiring import gpt1_diagram, norm_places_diagram

__all__ = [
    "COLORS",
    "FILLS",
    "INK",
    "Ballot",
    "Branch",
    "Event",
    "Step",
    "TaskRows",
    "apply_style",
    "attention_arcs",
    "attention_map",
    "bar_compare",
    "bytes_text",
    "compare_next_tokens",
    "distribution_lines",
    "dot_compare",
    "encoder_decoder_diagram",
    "filtered_distribution",
    "flow_diagram",
    "gpt1_diagram",
    "gpt2_diagram",
    "influence_maps",
    "interval_compare",
    "line_compare",
    "loss_curve",
    "mask_panels",
    "matrix",
    "merge_steps",
    "nested_boxes",
    "next_token_bars",
    "norm_places_diagram",
    "png_bytes",
    "points_and_fits",
    "residual_diagram",
    "show",
    "shuffled_ballots",
    "size_map",
    "slider",
    "svg_text",
    "timeline",
    "token_strip",
    "transformations_diagram",
    "visible",
    "vote_on",
    "word_map",
]
