"""Timeline, nested fields, size map and influence maps: small, legible, clear about bad input."""

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from course_lib import plots
from course_lib.plots import Event
from course_lib.plots.display import MAX_BYTES
from course_lib.plots.style import FILL_INK, INK

EVENTS = [Event(2013, "word2vec", "vectors"), Event(2015, "a", "model"), Event(2015, "b", "model")]
KINDS = {"vectors": "gray", "model": "blue"}
USES = {"disk": [1e6, 2e9], "training": [8e6, 1.6e10]}
CAUSAL = np.tril(np.ones((3, 3)))
PIECES = ["the", " $5", "中文"]

FIGURES = {
    "timeline": lambda: plots.timeline(EVENTS, KINDS, [("first\nstage", 2013, 2014)]),
    "timeline_one": lambda: plots.timeline(EVENTS[:1], KINDS),
    "nested_boxes": lambda: plots.nested_boxes([("wide", "example"), ("narrow", "example")]),
    "size_map": lambda: plots.size_map(["small", "large"], USES, capacity=1e9, title="$"),
    "size_map_plain": lambda: plots.size_map(["one"], {"disk": [5]}),
    "influence_maps": lambda: plots.influence_maps(
        {"GPT": (CAUSAL, PIECES, PIECES), "BERT": (np.ones((3, 3)), PIECES, PIECES)}, title="t"
    ),
    "influence_maps_none": lambda: plots.influence_maps({"a": ([[0.0]], ["x"], ["y"])}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_draws_small_and_deterministic(name):
    png = plots.png_bytes(FIGURES[name]())
    assert png == plots.png_bytes(FIGURES[name]())
    assert 1_000 < len(png) <= MAX_BYTES


@pytest.mark.parametrize("name", FIGURES)
def test_text_has_a_legible_color_and_size(name):
    for text in FIGURES[name]().findobj(Text):
        if text.get_text().strip():
            assert to_hex(text.get_color()) in (INK, FILL_INK), text
            assert text.get_fontsize() >= 9, text


def test_a_timeline_has_a_row_for_every_year():
    shown = [text.get_text() for text in plots.timeline(EVENTS, KINDS).findobj(Text)]
    assert [text for text in shown if text.isdigit()] == ["2013", "2014", "2015"]
    assert {"word2vec", "a", "b"} <= set(shown)


def test_what_does_not_fit_is_hollow():
    figure = plots.size_map(["small", "large"], USES, capacity=1e9)
    drawn = [
        (point, len(marks.get_facecolor()) > 0)
        for marks in figure.axes[0].findobj(PathCollection)
        for point in marks.get_offsets()[:, 0].tolist()
    ]
    assert sorted(drawn) == [(1e6, True), (8e6, True), (2e9, False), (1.6e10, False)]


def test_squares_are_filled_where_something_moves():
    figure = plots.influence_maps({"GPT": (CAUSAL, PIECES, PIECES)})
    squares = [patch for patch in figure.axes[0].findobj(Rectangle) if patch.get_width() == 0.88]
    filled = [square.get_facecolor()[3] > 0 for square in squares]
    assert np.array_equal(np.reshape(filled, (3, 3)), CAUSAL > 0)


@pytest.mark.parametrize(
    ("size", "text"), [(5, "5 bytes"), (1500, "1.5 kB"), (16e9, "16 GB"), (2.79e12, "2.79 TB")]
)
def test_bytes_as_text(size, text):
    assert plots.bytes_text(size) == text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Event(2013, "", "model"), "name is empty"),
        (lambda: plots.timeline([], KINDS), "events is empty"),
        (
            lambda: plots.timeline(EVENTS, {"model": "blue"}),
            r"events have the kinds \['vectors'\]",
        ),
        (lambda: plots.timeline(EVENTS, dict.fromkeys(KINDS, "red")), "kinds has the fills"),
        (lambda: plots.timeline([Event(1, "x" * 99, "model")], KINDS), "boxes of 1 do not fit"),
        (lambda: plots.nested_boxes([]), "levels has 0 entries"),
        (lambda: plots.size_map(["a"], {}), "uses has 0 entries"),
        (lambda: plots.size_map(["a"], USES), "names has 1 entries, but uses"),
        (lambda: plots.size_map(["a"], {"disk": [0]}), "sizes must be above 0"),
        (lambda: plots.size_map(["a"], {"disk": [1]}, capacity=-1), "capacity must be above 0"),
        (lambda: plots.influence_maps({}), "panels has 0 entries"),
        (lambda: plots.influence_maps({"a": ([[1.0]], ["x"], [])}), "inputs of 'a' has 0"),
        (lambda: plots.influence_maps({"a": ([[-1.0]], ["x"], ["y"])}), "give sizes of changes"),
    ],
)
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()
