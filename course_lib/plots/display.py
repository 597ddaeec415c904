"""Showing a figure in a notebook so that it carries its description wherever the page goes."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

from matplotlib.figure import Figure

MAX_BYTES = 150_000
CSS_PIXELS_PER_INCH = 100
_RESOLUTIONS = (180, 140, 110, 80)

ALT_KEY = "course_alt"
CAPTION_KEY = "course_caption"


def png_bytes(figure: Figure, *, max_bytes: int = MAX_BYTES) -> bytes:
    """The figure as a transparent PNG, the same bytes every time, in at most `max_bytes`.

    Where 180 dots per inch do not fit, the colors are reduced to 256, and then the resolution.

    Raises:
        ValueError: It does not fit at 80 dots per inch either.
    """
    for dpi in _RESOLUTIONS:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=dpi, transparent=True, metadata={"Software": None})
        if buffer.tell() > max_bytes:
            buffer = _fewer_colors(buffer)
        if buffer.tell() <= max_bytes:
            return buffer.getvalue()
    raise ValueError(
        f"figure takes {buffer.tell()} bytes at {_RESOLUTIONS[-1]} dots per inch, more than "
        f"{max_bytes}; draw fewer points or cells"
    )


def _fewer_colors(png: io.BytesIO) -> io.BytesIO:
    """The picture with a palette of 256 colors, transparency among them."""
    from PIL import Image

    smaller = io.BytesIO()
    with Image.open(png) as image:
        image.convert("RGBA").quantize(256, method=Image.Quantize.FASTOCTREE).save(
            smaller, format="PNG", optimize=True
        )
    return smaller


def svg_text(figure: Figure) -> str:
    """The figure as SVG without a date or random ids: the same text every time."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "course_lib", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()


def figure_bundle(
    figure: Figure, *, alt: str, caption: str | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data and metadata of the notebook output that `show` makes.

    Raises:
        ValueError: `alt` is empty or does not describe anything.
    """
    if len(re.findall(r"\w+", alt)) < 3:
        raise ValueError(
            f"alt is {alt!r}; say in a sentence what the figure shows, for readers who cannot "
            "see it (at least three words)"
        )
    data = {
        "image/png": base64.b64encode(png_bytes(figure)).decode("ascii"),
        "text/plain": f"[figure: {alt}]",
    }
    metadata: dict[str, Any] = {
        "image/png": {"width": round(figure.get_figwidth() * CSS_PIXELS_PER_INCH), "alt": alt},
        ALT_KEY: alt,
    }
    if caption is not None:
        metadata[CAPTION_KEY] = caption
    return data, metadata


def show(figure: Figure, *, alt: str, caption: str | None = None) -> None:
    """Display a figure with a description for readers who cannot see it, and a caption.

    The output is a PNG with its description and caption as metadata; `course_lib.plots.book` makes
    `<figure><img alt=…><figcaption>` of it on the page. In a notebook the caption is a line of
    Markdown below the figure. A pyplot figure is closed, so that it is not shown again.

    Args:
        figure: What the functions of this room return, or any matplotlib figure.
        alt: What is to be seen, in a sentence. It does not repeat the caption.
        caption: What the figure shows to be true; Markdown with formulas.

    Raises:
        ValueError: `alt` is missing, or the picture is too large for the book.
    """
    from IPython.display import display

    data, metadata = figure_bundle(figure, alt=alt, caption=caption)
    display(data, metadata=metadata, raw=True)
    if caption is not None:
        line = {"text/markdown": f"*{caption}*", "text/plain": caption}
        display(line, metadata={CAPTION_KEY: ""}, raw=True)
    if getattr(figure, "number", None) is not None:  # pyplot knows it
        from matplotlib import pyplot

        pyplot.close(figure)
