"""Give each link to a glossary term its definition, for a tooltip that needs no request.

The definition goes into the attribute ``data-definition`` of the link; ``course.js`` shows it
when the pointer or the keyboard reaches the link.
"""

import html
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

LINK = re.compile(r'<a class="reference internal" (href="[^"#]*#(term-[^"]+)")')


def definitions(app: Sphinx) -> dict[str, str]:
    """Map the anchor of every glossary term of the book to its definition in plain text."""
    terms = [entry for entry in app.env.get_domain("std").get_objects() if entry[2] == "term"]
    found: dict[str, str] = {}
    for page in {entry[3] for entry in terms}:
        for item in app.env.get_doctree(page).findall(nodes.definition_list_item):
            body = next(item.findall(nodes.definition), None)
            if body is not None:
                text = " ".join(body.astext().split())
                found |= {
                    anchor: text for term in item.findall(nodes.term) for anchor in term["ids"]
                }
    return found


def annotate(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Add the definitions to the links in the body of one page."""
    del page, template
    if doctree is None or "body" not in context:
        return
    known = app.course_definitions  # type: ignore[attr-defined]

    def add(link: re.Match[str]) -> str:
        text = known.get(link[2])
        if text is None:
            return link[0]
        data = f'data-definition="{html.escape(text)}"'
        return f'<a class="reference internal term-link" {data} {link[1]}'

    context["body"] = LINK.sub(add, context["body"])


def collect(app: Sphinx, env: Any) -> None:
    """Read the definitions once, when all pages have been read."""
    del env
    app.course_definitions = definitions(app)  # type: ignore[attr-defined]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the two steps."""
    app.connect("env-check-consistency", collect)
    app.connect("html-page-context", annotate)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
