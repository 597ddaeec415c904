import base64
from dataclasses import dataclass, field

import pytest
from docutils import nodes
from matplotlib import pyplot
from matplotlib.figure import Figure

from course_lib.plots import next_token_bars, show, slider
from course_lib.plots.book import FigureRenderer
from course_lib.plots.display import figure_bundle, png_bytes

ALT = "Two bars, a longer than b"


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(
        "IPython.display.display",
        lambda data, metadata=None, raw=False: outputs.append((data, metadata)),
    )
    return outputs


def bars() -> Figure:
    return next_token_bars(["a", "b"], [0.7, 0.3])


def test_show_gives_picture_description_and_caption(shown):
    show(bars(), alt=ALT, caption="a wins, $p = 0.7$")
    (picture, about), (line, _) = shown
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert ALT in picture["text/plain"]
    assert about["image/png"] == {"width": 640, "alt": ALT}
    assert line["text/markdown"] == "*a wins, $p = 0.7$*"


def test_show_closes_pyplot_figures(shown):
    figure, axes = pyplot.subplots()
    axes.plot([1, 2])
    show(figure, alt="a line that rises")
    assert pyplot.get_fignums() == []
    assert len(shown) == 1


@pytest.mark.parametrize("alt", ["", "figure", "a plot"])
def test_show_wants_a_description(alt):
    with pytest.raises(ValueError, match="what the figure shows"):
        show(bars(), alt=alt)


def test_a_picture_too_large_is_refused():
    with pytest.raises(ValueError, match="draw fewer points"):
        png_bytes(bars(), max_bytes=100)


@dataclass
class Output:
    """As much of myst-nb's MimeData as the renderer reads."""

    mime_type: str
    content: str
    output_metadata: dict = field(default_factory=dict)


class Renderer:
    def render_image(self, data):
        return [nodes.image(uri="x.png")]

    def _render_markdown_base(self, data, *, fmt, inline):
        assert (data.mime_type, fmt, inline) == ("text/markdown", "myst", True)
        return [nodes.Text(data.content)]


def test_the_book_makes_a_figure_of_it():
    data, metadata = figure_bundle(bars(), alt=ALT, caption="a wins")
    output = Output("image/png", data["image/png"], metadata)
    (figure,) = FigureRenderer.handle_mime(Renderer(), output, False)
    assert figure.tagname == "figure"
    assert "course-figure" in figure["classes"]
    assert figure[0]["alt"] == ALT
    assert figure[1].astext() == "a wins"


def test_the_book_leaves_other_outputs_alone_and_drops_the_second_caption():
    handle = FigureRenderer.handle_mime
    assert handle(Renderer(), Output("image/png", ""), False) is None
    assert handle(Renderer(), Output("text/markdown", "hello"), False) is None
    assert handle(Renderer(), Output("text/markdown", "*x*", {"course_caption": ""}), False) == []


def test_slider_without_a_reader_calls_for_the_chosen_values(monkeypatch):
    monkeypatch.setenv("COURSE_BOOK_BUILD", "1")
    calls = []
    slider(calls.append, "t", [0.5, 1.0, 2.0], 1.0)
    slider(calls.append, "t", [0.5, 1.0, 2.0], 1.0, static_values=[0.5, 2.0])
    assert calls == [1.0, 0.5, 2.0]


@pytest.mark.parametrize(
    ("values", "value", "static", "message"),
    [([], 1, None, "values is empty"), ([1], 2, None, "2 is not"), ([1], 1, [3], "3 is not")],
)
def test_slider_refuses_values_it_does_not_have(values, value, static, message):
    with pytest.raises(ValueError, match=message):
        slider(print, "t", values, value, static_values=static)


def test_slider_with_a_reader_follows_the_control(shown, monkeypatch):
    monkeypatch.delenv("COURSE_BOOK_BUILD", raising=False)
    monkeypatch.setattr("course_lib.plots.widgets.is_live", lambda: True)
    calls = []
    slider(calls.append, "t", [0.5, 1.0, 2.0], 1.0)
    control = shown[0][0].children[0]
    control.value = 2.0
    assert calls == [1.0, 2.0]
