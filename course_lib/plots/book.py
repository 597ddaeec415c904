"""What the book makes of the output of `show`: a figure with a description and a caption.

myst-nb finds `FigureRenderer` by the entry point `myst_nb.mime_renderers` in pyproject.toml; it
reads no description from output metadata by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from course_lib.plots.display import ALT_KEY, CAPTION_KEY


class FigureRenderer:
    """Renders outputs that carry the metadata of `show`; leaves all others to myst-nb."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = ()

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[Any] | None:
        """The document nodes for one output, or None where it is not one of ours."""
        metadata = data.output_metadata
        if data.mime_type in ("text/markdown", "text/plain") and metadata.get(CAPTION_KEY) == "":
            return []  # the caption is part of the figure
        if inline or data.mime_type != "image/png" or ALT_KEY not in metadata:
            return None
        from docutils import nodes  # type: ignore[import-untyped, unused-ignore]

        images: list[Any] = renderer.render_image(data)
        for image in images:
            image["alt"] = metadata[ALT_KEY]
        figure = nodes.figure("", *images, classes=["course-figure"])
        if caption := metadata.get(CAPTION_KEY):
            text = replace(data, mime_type="text/markdown", content=caption)
            inner = renderer._render_markdown_base(text, fmt="myst", inline=True)
            figure += nodes.caption("", "", *inner)
        return [figure]
