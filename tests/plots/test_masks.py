"""Masks side by side, and the two places of the norm."""

import pytest
import torch
from matplotlib.patches import Circle, Rectangle

from course_lib.layers import causal_mask
from course_lib.plots import mask_panels, norm_places_diagram, png_bytes


def test_a_cell_is_filled_where_attention_is_allowed_and_a_dot_marks_a_question():
    figure = mask_panels(
        {"past": causal_mask(3), "none": torch.zeros(2, 2, dtype=torch.bool)},
        labels={"past": ["a", "b", "c"]},
        asked={"past": [1, 2]},
    )
    past, none = figure.axes
    filled = {
        (round(p.get_y() + 0.5), round(p.get_x() + 0.5))
        for p in past.patches
        if isinstance(p, Rectangle)
    }
    assert filled == {(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)}
    assert [int(line.get_ydata()[0]) for line in past.lines if line.get_marker() == "o"] == [1, 2]
    assert [label.get_text() for label in past.get_yticklabels()] == ["a", "b", "c"]
    assert not [p for p in none.patches if isinstance(p, Rectangle)]
    assert png_bytes(figure)


def test_panels_that_are_left_over_are_hidden():
    one = causal_mask(2)
    figure = mask_panels({str(i): one for i in range(4)}, n_columns=3)
    assert [axes.get_visible() for axes in figure.axes] == [True] * 4 + [False] * 2


def test_both_wirings_have_two_additions_and_post_norm_has_its_norms_on_the_stream():
    figure = norm_places_diagram()
    axes = figure.axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("+") == 4
    assert texts.count("LayerNorm") == 4
    assert len([p for p in axes.patches if isinstance(p, Circle) and p.radius == 9]) == 4
    norms = [text.get_position()[0] for text in axes.texts if text.get_text() == "LayerNorm"]
    streams = [text.get_position()[0] for text in axes.texts if text.get_text() == "+"]
    assert sorted(x in streams for x in norms) == [False, False, True, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((),), "masks is empty"),
        (({"m": [[1.0]]}, {"m": ["a", "b"]}), r"labels\['m'\] has 2 entries"),
        (({"m": [[1.0]]}, None, {"m": [1]}), r"asked\['m'\] has row 1; its mask has 1 rows"),
    ],
)
def test_mistakes_are_named(arguments, message):
    masks, *rest = arguments
    with pytest.raises(ValueError, match=message):
        mask_panels(dict(masks), **dict(zip(("labels", "asked"), rest, strict=False)))
