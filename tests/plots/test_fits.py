"""Points with the curves fitted through them."""

import numpy as np
import pytest

from course_lib.plots import png_bytes, points_and_fits

X = np.array([1e12, 1e13, 1e14])


def test_groups_fits_bands_and_the_best_point_are_drawn():
    figure = points_and_fits(
        {"small": (X, [3.0, 2.0, 2.5]), "next": (X[:1], [4.0])},
        {"small": (X, [3.1, 2.1, 2.4]), "law": (X, [3.0, 2.5, 2.0])},
        x_label="operations",
        y_label="loss",
        bands={"law": (X, [2.9, 2.4, 1.9], [3.1, 2.6, 2.1])},
        best={"small": (1e13, 2.0)},
        hollow=["next"],
        log_y=True,
        title="a law",
    )
    axes = figure.axes[0]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["law", "small", "next"]
    assert [line.get_markerfacecolor() == "none" for line in axes.lines[2:4]] == [False, True]
    assert axes.lines[0].get_color() == axes.lines[2].get_color()  # a fit has its group's color
    assert axes.lines[-1].get_marker() == "*"
    low, high = axes.get_ylim()
    assert all(low <= tick <= high for tick in axes.get_yticks())
    assert png_bytes(figure)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": {}}, "points is empty"),
        ({"points": {"a": ([1, 2], [1])}}, "points\\['a'\\] has 2 entries"),
        ({"best": {"b": (1, 1)}}, "best names \\['b'\\], which are not among \\['a'\\]"),
        ({"hollow": ["b"]}, "hollow names \\['b'\\]"),
        ({"bands": {"a": ([1], [1], [1])}}, "bands names \\['a'\\], which are not among \\[\\]"),
    ],
)
def test_mistakes_are_named(arguments, message):
    given = {"points": {"a": ([1, 2], [1, 2])}, "fits": {}, **arguments}
    with pytest.raises(ValueError, match=message):
        points_and_fits(**given, x_label="x", y_label="y")
