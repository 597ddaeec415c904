"""The look of the feedback pages, and the only way text gets into them.

A page is one file without scripts and without requests to other hosts, and its content security
policy says so. Whatever comes from a submission goes through :func:`text`, :func:`code_spans` or
:func:`block`: escaped, cut to a length, with control and direction characters made visible.
"""

import html
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime

import regex

from course_lib.grading.classroom.page_sheet import SHEET
from course_lib.grading.parts import place_of

SIGNS = {
    "right": "✓",
    "wrong": "✗",
    "not attempted": "○",
    "missing": "?",
    "not accepted": "!",
}
"""A sign for each status, so that color never says anything alone."""

TONES = {
    "right": "right",
    "wrong": "wrong",
    "not attempted": "todo",
    "missing": "todo",
    "not accepted": "refused",
}
"""The class of the style sheet for each status."""

_INLINE_LIMIT = 600
_BLOCK_LIMIT = 6_000
_BLOCK_LINES = 80
_LINE_LIMIT = 1_000
_JOINERS = "\u200c\u200d"  # Persian words and some emoji need them; they reorder nothing
_MARKS = regex.compile(r"(\p{M}{4})\p{M}+")
_WIDE = ' class="wide"'
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def chapter_title(chapter: str) -> str:
    """Return a chapter's title as the book has it; an unknown chapter is named after itself."""
    return place_of(chapter).title


def visible(value: str) -> str:
    """Return text in which nothing acts unseen.

    Control characters, and those that turn the direction of writing or are invisible, become
    readable names; floods of combining marks are cut.

    >>> visible("a\\x00b\\u202ec")
    'a⟨U+0000⟩b⟨U+202E⟩c'
    """
    value = value.replace("\r\n", "\n")
    if value.isascii() and value.isprintable():
        return value
    return "".join(map(_visible_character, _MARKS.sub(r"\1", value)))


def _visible_character(character: str) -> str:
    if character in "\n\t" or character in _JOINERS:
        return character
    code = ord(character)
    kind = unicodedata.category(character)
    if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") or (code & 0xFFFE) == 0xFFFE:
        return f"⟨U+{code:04X}⟩"
    return character


def _cut(value: str, limit: int) -> str:
    return value if len(value) <= limit else value[:limit].rstrip() + " …"


def text(value: str, *, limit: int = _INLINE_LIMIT) -> str:
    """Return a text of unknown origin as HTML, in one line."""
    return html.escape(_cut(visible(" ".join(value[: 4 * limit].split())), limit))


def name(value: str) -> str:
    """Return a name as HTML, set apart so that its direction of writing stays its own."""
    return f"<bdi>{text(value, limit=120)}</bdi>"


def code_spans(value: str) -> str:
    """Return a text of unknown origin as HTML; what stands between backticks is code."""
    parts = text(value, limit=2 * _INLINE_LIMIT).split("`")
    if len(parts) % 2 == 0:
        return "`".join(parts)
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def block(value: str, label: str) -> str:
    """Return a text of unknown origin as a block that keeps its lines and scrolls when wide."""
    lines = [_cut(line, _LINE_LIMIT) for line in value[:_BLOCK_LIMIT].split("\n")]
    if len(value) > _BLOCK_LIMIT or len(lines) > _BLOCK_LINES:
        lines = [*lines[:_BLOCK_LINES], "…"]
    return (
        f'<pre tabindex="0" role="group" aria-label="{html.escape(label)}" dir="ltr">'
        f"{html.escape(visible(chr(10).join(lines)))}</pre>"
    )


def points(value: float) -> str:
    """Return points as people write them: ``4``, ``3.5``, ``1234.5``."""
    shown = f"{value:.1f}"
    return shown.removesuffix(".0")


def count(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> count(1, "case"), count(3, "case"), count(2, "entry", "entries")
    ('1 case', '3 cases', '2 entries')
    """
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def moment(value: str) -> str:
    """Return a time in ISO form as people write it; other texts as they are.

    >>> moment("2026-11-20T21:14:03+00:00")
    '2026-11-20 21:14 UTC'
    """
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return text(value, limit=40)
    return text(f"{found:%Y-%m-%d %H:%M} {found.tzname() or ''}".strip(), limit=40)


def share_bar(share: float, tone: str = "") -> str:
    """Return a bar for the eye; the number it draws always stands beside it as text."""
    width = round(100 * min(1.0, max(0.0, share)), 1)
    return (
        f'<span class="bar {tone}" aria-hidden="true"><span style="width:{width:g}%"></span></span>'
    )


def status(value: str) -> str:
    """Return a status as a sign and a word."""
    sign = SIGNS.get(value, "·")
    return (
        f'<span class="status {TONES.get(value, "todo")}">'
        f'<span aria-hidden="true">{sign}</span> {html.escape(value)}</span>'
    )


def table(
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Sequence[int] = (),
    optional: Sequence[int] = (),
    hide_caption: bool = False,
) -> str:
    """Return a table: cells are HTML already, caption and headings plain text.

    The first cell of a row is its heading. On a narrow screen ``optional`` columns are left out,
    and a table that is still too wide scrolls by itself.
    """

    def kind(column: int) -> str:
        names = ["number"] * (column in numeric) + ["optional"] * (column in optional)
        return f' class="{" ".join(names)}"' if names else ""

    head = "".join(
        f'<th scope="col"{kind(i)}>{html.escape(heading)}</th>'
        for i, heading in enumerate(headings)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row"{kind(i)}>{cell}</th>' if i == 0 else f"<td{kind(i)}>{cell}</td>"
            for i, cell in enumerate(row)
        )
        + "</tr>\n"
        for row in rows
    )
    hidden = ' class="unseen"' if hide_caption else ""
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{html.escape(caption)}">'
        f"<table><caption{hidden}>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>\n"
    )


def page(*, title: str, header: str, body: str, footer: str, wide: bool = False) -> str:
    """Return the whole page; ``title`` is plain text, the other parts are HTML already."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        f"<title>{text(title, limit=160)}</title>\n<style>\n{SHEET}</style>\n</head>\n"
        f'<body{_WIDE if wide else ""}>\n<header class="top">\n{header}</header>\n'
        f"<main>\n{body}</main>\n<footer>\n{footer}</footer>\n</body>\n</html>\n"
    )
