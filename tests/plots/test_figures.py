"""Every figure of the room: drawn without a warning, small, the same bytes twice."""

import math
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from course_lib import plots
from course_lib.plots.display import MAX_BYTES
from course_lib.plots.style import COLORS, FILL_INK, FILLS, INK

generator = np.random.default_rng(0)
WORDS = ["The", " cat", " sat", "\n", " $5", " 中文", "🤖"]
N = len(WORDS)
WEIGHTS = np.tril(generator.random((N, N)))
WEIGHTS /= WEIGHTS.sum(1, keepdims=True)
PROBABILITIES = np.sort(generator.dirichlet(np.ones(N)))[::-1]
STEPS = np.arange(1, 101) * 1000.0
SEEDS = generator.random((3, 3))
LARGE = generator.dirichlet(np.ones(256), 256)
CUT = np.where(np.arange(N) < 3, PROBABILITIES, 0) / PROBABILITIES[:3].sum()

FIGURES = {
    "token_strip": lambda: plots.token_strip(WORDS, range(N), title="pieces $ here $"),
    "token_strip_bytes": lambda: plots.token_strip([b"\xe4", b"\xb8\xad", b"a"]),
    "token_strip_long": lambda: plots.token_strip(["x" * 200, "", "é"], [1, 2, 3]),
    "merge_steps": lambda: plots.merge_steps(
        [list("aab ab"), ["a", "ab", " ", "ab"]], ["letters", "a + b"], title="merges"
    ),
    "next_token_bars": lambda: plots.next_token_bars(WORDS, PROBABILITIES, title="$", note="rest"),
    "compare_next_tokens": lambda: plots.compare_next_tokens(
        {f"T = {t}": (WORDS, PROBABILITIES) for t in range(4)}, title="temperatures"
    ),
    "filtered_distribution": lambda: plots.filtered_distribution(PROBABILITIES, CUT, pieces=WORDS),
    "distribution_lines": lambda: plots.distribution_lines({"all": PROBABILITIES, "cut": CUT}),
    "loss_curve": lambda: plots.loss_curve(
        {"train": (STEPS, 5 / np.log(STEPS)), "held out": (STEPS[::9], 6 / np.log(STEPS[::9]))},
        references={"trigram": 0.7},
        smooth=["train"],
        log_x=True,
        title="loss",
    ),
    "line_compare": lambda: plots.line_compare(
        [1, 2, 4], {"a": SEEDS, "b": [1, 2, 3]}, x_label="x", y_label="y"
    ),
    "norm_places_diagram": plots.norm_places_diagram,
    "encoder_decoder_diagram": lambda: plots.encoder_decoder_diagram(n_layers=2, title="both"),
    "bar_compare": lambda: plots.bar_compare(
        {"a": 1.0, "b": [1.0, 2.0]}, x_label="seconds", reference=1.5, title="bars"
    ),
    "attention_map": lambda: plots.attention_map(
        WEIGHTS, WORDS, mask=np.tril(np.ones((N, N), dtype=bool)), title="head 3"
    ),
    "attention_map_values": lambda: plots.attention_map(torch.tensor(WEIGHTS), values=True),
    "attention_map_one": lambda: plots.attention_map([[1.0]], ["a"]),
    "attention_map_256": lambda: plots.attention_map(LARGE),
    "attention_arcs": lambda: plots.attention_arcs(WEIGHTS, WORDS, title="head 3"),
    "matrix": lambda: plots.matrix([[1, -2.5], [-math.inf, 0]], row_labels=["a", "b"], title="m"),
    "flow_diagram": lambda: plots.flow_diagram([plots.Step("a", "[T]"), plots.Step("b")]),
    "gpt1_diagram": lambda: plots.gpt1_diagram(n_layers=3),
    "gpt2_diagram": lambda: plots.gpt2_diagram(n_layers=3, title="GPT-2"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_draws_small_and_deterministic(name):
    before = dict(mpl.rcParams)
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    png = plots.png_bytes(figure)
    assert png == plots.png_bytes(FIGURES[name]())
    assert 1_000 < len(png) <= MAX_BYTES
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", FIGURES)
def test_background_is_transparent_and_nothing_is_cut_off(name, tmp_path: Path):
    path = tmp_path / "figure.png"
    path.write_bytes(plots.png_bytes(FIGURES[name]()))
    alpha = imread(path)[..., 3]
    edge = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert edge.max() == 0
    assert alpha.max() > 0.97


@pytest.mark.parametrize("name", FIGURES)
def test_text_has_a_legible_color_and_size(name):
    for text in FIGURES[name]().findobj(Text):
        if text.get_text().strip():
            color = mpl.colors.to_hex(text.get_color())
            assert color in (INK, FILL_INK, COLORS["blue"]), text
            assert text.get_fontsize() >= 7, text


def contrast(first: str, second: str) -> float:
    """Ratio of WCAG 2, section 1.4.3."""
    lights = []
    for color in (first, second):
        parts = np.array(mpl.colors.to_rgb(color))
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        lights.append(float(linear @ [0.2126, 0.7152, 0.0722]) + 0.05)
    return max(lights) / min(lights)


def test_contrasts():
    best = math.sqrt(contrast("#ffffff", "#121212"))  # of any color with both pages
    for page in ("#ffffff", "#121212"):
        assert contrast(INK, page) > 0.98 * best > 4.2
        assert all(contrast(color, page) >= 3.5 for color in COLORS.values())
    assert all(contrast(FILL_INK, fill) >= 9 for fill in FILLS.values())


def test_svg_is_the_same_twice():
    first = plots.svg_text(FIGURES["next_token_bars"]())
    assert first == plots.svg_text(FIGURES["next_token_bars"]())
    assert "<dc:date>" not in first


def test_apply_style_sets_the_reader_s_figures():
    with mpl.rc_context():
        plots.apply_style()
        assert mpl.rcParams["text.color"] == INK
        assert mpl.rcParams["savefig.transparent"]
        assert [part["color"] for part in mpl.rcParams["axes.prop_cycle"]] == list(COLORS.values())


def test_pieces_are_visible():
    assert plots.visible(" a\n\t") == "␣a⏎⇥"
    assert plots.visible("x" * 30, longest=5) == "xxxx…"
    assert plots.visible(b"\xff") == "⟨FF⟩"
    assert plots.visible("\u200b") == "⟨E2⟩⟨80⟩⟨8B⟩"


def test_colors_of_merge_steps_follow_the_new_pieces():
    figure = FIGURES["merge_steps"]()
    fills = [mpl.colors.to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches]
    gray, orange = FILLS["gray"], FILLS["orange"]
    assert fills == [gray] * 6 + [gray, orange, gray, orange]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.token_strip([]), "at least one"),
        (lambda: plots.token_strip("abc"), "one string"),
        (lambda: plots.token_strip(["a"], [1, 2]), "ids has 2"),
        (lambda: plots.merge_steps([]), "at least one frame"),
        (lambda: plots.merge_steps([["a"], ["b"]]), "same text"),
        (lambda: plots.merge_steps([["a"]], ["x", "y"]), "notes has 2"),
        (lambda: plots.next_token_bars(["a"], [1.5]), "between 0 and 1"),
        (lambda: plots.next_token_bars(["a"], [0.5, 0.5]), "pieces has 1"),
        (lambda: plots.next_token_bars(["a"], [[0.5]]), "1 axes"),
        (lambda: plots.next_token_bars(["a"], [math.nan]), "NaN"),
        (lambda: plots.next_token_bars(["a"], [0.5], color="red"), "color is 'red'"),
        (lambda: plots.compare_next_tokens({}), "panels is empty"),
        (lambda: plots.filtered_distribution([0.5, 0.5], [1.0]), "after has 1"),
        (lambda: plots.distribution_lines({}), "curves is empty"),
        (lambda: plots.distribution_lines({"a": [0.0, 0.0]}), "only zeros"),
        (lambda: plots.loss_curve({}), "curves is empty"),
        (lambda: plots.loss_curve({"a": ([1, 2], [1])}), "x of 'a' has 2"),
        (lambda: plots.loss_curve({"a": ([1], [1])}, smooth=["b"]), "smooth names"),
        (lambda: plots.line_compare([1], {}, x_label="", y_label=""), "series is empty"),
        (lambda: plots.line_compare([1], {"a": [1, 2]}, x_label="", y_label=""), "has 2"),
        (lambda: plots.bar_compare({}, x_label=""), "values is empty"),
        (lambda: plots.attention_map([[2.0]]), "softmax of the scores"),
        (lambda: plots.attention_map([[1.0]], ["a", "b"]), "query_labels has 2"),
        (lambda: plots.attention_map([[1.0]], mask=[[1, 0]]), "mask has shape"),
        (lambda: plots.attention_map([1.0]), "2 axes"),
        (lambda: plots.attention_map([[1.0]], highest=0), "highest is 0"),
        (lambda: plots.matrix([[math.inf]]), "infinite"),
        (lambda: plots.matrix([[1.0]], row_labels=["a", "b"]), "row_labels has 2"),
        (lambda: plots.attention_arcs([[1.0]], ["a", "b"]), "pieces has 2"),
        (lambda: plots.Step(""), "name is empty"),
        (lambda: plots.Step("a", fill="red"), "fill is 'red'"),
        (lambda: plots.Branch(()), "steps is empty"),
        (lambda: plots.flow_diagram([]), "steps is empty"),
        (lambda: plots.residual_diagram([], [], []), "branches is empty"),
        (lambda: plots.gpt1_diagram(n_layers=0), "n_layers is 0"),
        (lambda: plots.gpt2_diagram(n_layers=0), "n_layers is 0"),
    ],
)
def test_bad_inputs(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("names", "n_rows"),
    [
        (["none", "learned", "sinusoidal", "rotary", "alibi"], 1),
        (["WWWWWWWWWWWWWWW", "WWWWWWWWWWWWWW", "WWWWWWWWW", "WWWWWWW"], 2),  # wide letters
        ([f"a long name of a curve, number {i}" for i in range(4)], 2),
        (["one name that is nearly as long as the figure is wide, and a little more", "b"], 2),
    ],
)
def test_a_legend_stands_above_the_curves_and_within_the_figure(names, n_rows):
    figure = plots.line_compare([0, 1], {name: [0, 1] for name in names}, x_label="x", y_label="y")
    figure.draw_without_rendering()
    legend, (axes,) = figure.legends[0], figure.axes
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert box.y0 >= axes.get_window_extent().y1
    assert len({round(text.get_window_extent().y0) for text in legend.get_texts()}) == n_rows
