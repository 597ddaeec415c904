"""Markup of the course (badge line, labels of exercise cards), and repairs to built pages."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.typing import ExtensionMetadata


class Badges(SphinxDirective):
    """One line of facts about a page: time, memory, network, what to read first."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Put the content into a box of its own."""
        self.assert_has_content()
        line = nodes.container(classes=["badges"])
        self.state.nested_parse(self.content, self.content_offset, line)
        return [line]


class Label(SphinxRole):
    """A small label of an exercise card: ``{level}`core` {minutes}`10` {points}`4` ``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Write “core”, “10 min” or “4 points”."""
        plural = "" if self.text == "1" else "s"
        unit = {"minutes": " min", "points": f" point{plural}"}.get(self.name, "")
        classes = ["card-label", f"label-{self.name}"]
        if self.name == "level":
            classes.append(f"level-{self.text}")
        return [nodes.inline(self.rawtext, self.text + unit, classes=classes)], []


def spell_out_signs(app: Sphinx, doctree: nodes.document) -> None:
    """Write ``<`` in displayed formulas as a command: the page would take it for a tag."""
    del app
    for formula in doctree.findall(nodes.math_block):
        latex = formula.astext().replace("<", r"\lt ").replace(">", r"\gt ")
        formula.children = [nodes.Text(latex)]


def repair(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Take out what the theme's extensions add and the book does not want."""
    del app, page, template, doctree
    # Thebe would run cells on a remote service; its script is also inlined twice.
    context["script_files"] = [
        file for file in context.get("script_files", ()) if not _is_thebe(file)
    ]
    context["css_files"] = [file for file in context.get("css_files", ()) if not _is_thebe(file)]
    # The list of references holds more than list items: a plain box is right.
    if "body" in context:
        wrong, right = '<div role="list" class="citation-list">', '<div class="citation-list">'
        context["body"] = context["body"].replace(wrong, right)


def _is_thebe(file: Any) -> bool:
    text = f"{file} {getattr(file, 'attributes', {}).get('body', '')}"
    return "thebe" in text.lower()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive, the roles and the repairs."""
    app.add_directive("badges", Badges)
    for name in ("level", "minutes", "points"):
        app.add_role(name, Label())
    app.connect("doctree-read", spell_out_signs)
    app.connect("html-page-context", repair, priority=900)
    return {"version": "2", "parallel_read_safe": True, "parallel_write_safe": True}
