"""Markup of the course: the badge line, and the small labels of an exercise card."""

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

LABELS = {"level": "{}", "minutes": "{} min", "points": "{} points"}


class Badges(Directive):
    """One line of facts about a page, separated by a middle dot."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Make each part of the line an inline badge."""
        self.assert_has_content()
        line = nodes.container(classes=["badges"])
        self.state.nested_parse(self.content, self.content_offset, line)
        return [line]


def label_role(
    name: str,
    rawtext: str,
    text: str,
    lineno: int,
    inliner: Inliner,
    options: dict[str, object] | None = None,
    content: list[str] | None = None,
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Turn ``{minutes}`10` `` into a label that reads “10 min”."""
    del rawtext, lineno, inliner, options, content
    label = "1 point" if (name, text) == ("points", "1") else LABELS[name].format(text)
    classes = ["label", f"label-{name}"]
    if name == "level":
        classes.append(f"level-{text}")
    return [nodes.inline(text, label, classes=classes)], []


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive and the roles."""
    app.add_directive("badges", Badges)
    for name in LABELS:
        app.add_role(name, label_role)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
