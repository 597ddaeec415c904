"""Maps of words and rows of dots."""

import numpy as np
import pytest

from course_lib.plots import dot_compare, png_bytes, word_map


def test_word_map_draws_words_groups_and_links():
    figure = word_map(
        np.arange(8.0).reshape(4, 2), ["a", "b", "c$", "d"], groups=["x", "y", "x", "y"],
        links=[(0, 1)], title="words",
    )  # fmt: skip
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["a", "c\\$", "b", "d"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["x", "y"]
    assert png_bytes(figure)
    assert not word_map([[0, 1]], ["alone"]).legends


def test_dot_compare_has_a_dot_for_each_number():
    figure = dot_compare({"one": {"a": 1.0, "b": 2.0}, "two": {"a": 3.0, "b": 0.0}}, x_label="x")
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two"]
    assert [list(line.get_xdata()) for line in axes.lines[2:]] == [[1.0, 3.0], [2.0, 0.0]]
    assert png_bytes(figure)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: word_map(np.ones((2, 3)), ["a", "b"]), "second axis must have 2 entries"),
        (lambda: word_map(np.ones((2, 2)), ["a"]), "words has 1 entries, but points has 2"),
        (lambda: word_map([[0, 1]], ["a"], groups=["x", "y"]), "groups has 2 entries"),
        (lambda: dot_compare({}, x_label="x"), "rows is empty"),
        (
            lambda: dot_compare({"one": {"a": 1.0}, "two": {"b": 1.0}}, x_label="x"),
            "row 'two' has the series",
        ),
    ],
)
def test_mistakes_are_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
