import pytest

from course_lib.plots import interval_compare


def test_every_value_stands_in_its_interval():
    rows = {
        "LAMBADA": {"GPT": (0.4, 0.3, 0.5), "rule": (0.1, 0.05, 0.2)},
        "CBT": {"GPT": (1, 0.8, 1)},
    }
    figure = interval_compare(rows, x_label="share right", reference=0.1)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["LAMBADA", "CBT"]
    assert axes.get_xlabel() == "share right"
    segments = [line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2]
    assert [list(ends) for ends in segments[:3]] == [[0.3, 0.5], [0.05, 0.2], [0.8, 1]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["GPT", "rule"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "rows is empty"),
        ({"a": {"b": (0.5, 0.6, 0.7)}}, r"rows\['a'\]\['b'\] is \(0.5, 0.6, 0.7\)"),
        ({"a": {"b": (0.5, 0.4)}}, "give \\(value, low, high\\)"),
    ],
)
def test_bad_rows(rows, message):
    with pytest.raises(ValueError, match=message):
        interval_compare(rows, x_label="x")
