"""The card of a check as HTML: inline styles only, so that it looks the same in any notebook.

It takes the text color of its page and marks nothing by color alone, so that it can be read on
light and dark pages and with any eyes; the parts that scroll can be reached by keyboard.
"""

import html
import math
import re
from collections.abc import Sequence

_CLASSES = {
    "right": "right",
    "wrong": "wrong",
    "not attempted": "todo",
    "not accepted": "wrong",
}
# Mid-tones with a contrast of at least 3:1 on white and on #121212; text keeps the page's color.
_EDGES = {"right": "#1a8f5a", "wrong": "#c9511f", "todo": "#6f7785"}
_PROSE = ("Case", "Likely cause", "In words", "Difference", "Error", "Not allowed", "Right")
_LISTS = ("Also wrong",)
_BOLD = ("Likely cause", "Not allowed")
_TOKEN = re.compile(
    r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|(?<![\w.])-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf|nan)"""
    r"(?![\w])|\b(?:True|False|None)\b"
)
_CODE = '<code style="color:inherit;background:transparent;padding:0;font-size:.94em;">'
_MARK = (
    '<mark style="background:transparent;color:inherit;font-weight:700;'
    'text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:2px;">'
)


def card_html(
    status: str,
    headline: str,
    rows: Sequence[tuple[str, str]],
    advice: str,
    notices: Sequence[str] = (),
) -> str:
    """Return the card: headline, rows of a name and a text, advice, notices."""
    kind = _CLASSES[status]
    marked = _marked(dict(rows))
    body = "".join(_row(name, text, marked.get(name)) for name, text in rows)
    table = f'<dl style="margin:.6em 0 0;padding:0;">{body}</dl>' if rows else ""
    notes = "".join(f"<div><em>{html.escape(notice)}</em></div>" for notice in notices)
    return (
        f'<div class="course-check course-check-{kind}" role="group" '
        f'aria-label="{html.escape(headline, quote=True)}" style="'
        f"border:1px solid {_EDGES[kind]};border-left-width:6px;border-radius:6px;"
        "padding:.7em 1em;margin:.5em 0;max-width:52em;background:transparent;color:inherit;"
        'line-height:1.45;">'
        f'<div class="course-check-headline"><strong>{html.escape(headline)}</strong>'
        f'</div>{table}<div class="course-check-advice" style="margin-top:.7em;">'
        f"{_with_code(advice)}</div>{notes}</div>"
    )


def _row(name: str, text: str, marked: str | None) -> str:
    weight = "font-weight:600;" if name in _BOLD else ""
    if name in _LISTS:
        items = "".join(
            f'<li style="margin:0;">{_backticks(line)}</li>' for line in text.split("\n")
        )
        body = (
            '<ul style="margin:0;padding-left:1.2em;overflow-wrap:anywhere;'
            f'font-size:.94em;">{items}</ul>'
        )
    elif name in _PROSE:
        lines = "<br>".join(_backticks(line) for line in text.split("\n"))
        body = f'<div style="{weight}overflow-wrap:anywhere;">{lines}</div>'
    else:
        body = (
            f'<pre tabindex="0" role="group" aria-label="{html.escape(name)}" style="margin:.1em 0;'
            "padding:.3em .5em;overflow-x:auto;max-height:18em;background:transparent;"
            "color:inherit;font-size:.9em;line-height:1.4;"
            'border:1px solid rgba(128,128,128,.45);border-radius:4px;">'
            f"{html.escape(text) if marked is None else marked}</pre>"
        )
    # Side by side where there is room, one under the other on a small screen.
    return (
        '<div style="display:flex;flex-wrap:wrap;align-items:baseline;margin-top:.4em;">'
        f'<dt style="font-weight:600;flex:0 0 7.8em;margin:0;">{html.escape(name)}</dt>'
        f'<dd style="flex:1 1 20em;min-width:0;margin:0;">{body}</dd></div>'
    )


def _marked(rows: dict[str, str]) -> dict[str, str]:
    """Return "Got" and "Expected" with the entries that visibly differ marked.

    Only where the two texts are the same but for their numbers and quoted texts.
    """
    got, expected = rows.get("Got", ""), rows.get("Expected", "")
    left, right = _TOKEN.findall(got), _TOKEN.findall(expected)
    if not left or len(left) != len(right):
        return {}
    if _skeleton(got) != _skeleton(expected):
        return {}
    differ = [_differs(a, b) for a, b in zip(left, right, strict=True)]
    if all(differ) and len(differ) > 1:  # to mark everything would say nothing
        return {}
    return {"Got": _with_marks(got, differ), "Expected": _with_marks(expected, differ)}


def _skeleton(text: str) -> str:
    return re.sub(r"\s+", " ", _TOKEN.sub("#", text)).replace("[ ", "[")


def _differs(left: str, right: str) -> bool:
    if left == right:
        return False
    try:
        a, b = float(left), float(right)
    except ValueError:
        return True
    largest = max(abs(a), abs(b))
    if not math.isfinite(largest):
        return True
    unit = 10.0 ** (math.floor(math.log10(largest)) - 3)  # of the last digit shown of four
    return abs(a - b) > 1.01 * unit + 1e-5


def _with_marks(text: str, differ: Sequence[bool]) -> str:
    pieces, end = [], 0
    for match, marked in zip(_TOKEN.finditer(text), differ, strict=True):
        token = html.escape(match.group())
        pieces.append(html.escape(text[end : match.start()]))
        pieces.append(f"{_MARK}{token}</mark>" if marked else token)
        end = match.end()
    return "".join([*pieces, html.escape(text[end:])])


def _backticks(text: str) -> str:
    parts = html.escape(text).split("`")
    if len(parts) % 2 == 0:
        return html.escape(text)
    return "".join(f"{_CODE}{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def _with_code(advice: str) -> str:
    call, closing, rest = advice.partition(")")
    return _backticks(f"`{call})`{rest}") if closing and "(" in call else html.escape(advice)
