"""The completion record as one A4 sheet, drawn with matplotlib (``.png`` or ``.pdf``)."""

import io
import textwrap
import warnings
from typing import TYPE_CHECKING, Any

from course_lib.grading.completion_page import SOLUTIONS

if TYPE_CHECKING:
    from course_lib.grading.completion import ChapterLine, CompletionRecord

_INK, _MUTED, _TEAL, _GREEN, _EMPTY = "#24282b", "#5a6268", "#12606a", "#1a8f5a", "#dcdcd6"
_WIDTH, _HEIGHT = 210.0, 297.0  # mm
_LEFT, _RIGHT = 20.0, 190.0
_TABLE_TOP, _TABLE_BOTTOM = 88.0, 246.0
_PLACES = {"done": 82.0, "bar": 97.0, "points": 142.0, "days": 148.0, "seen": 190.0}
# Families that have the letters of other scripts, where they are installed.
_FAMILIES = (
    "DejaVu Sans",
    *("Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei"),
    *("Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Devanagari", "Arial Unicode MS"),
)


def image_bytes(record: "CompletionRecord", kind: str, course: str, caveat: str) -> bytes:
    """Return the sheet as the bytes of a ``png`` or ``pdf`` file."""
    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.figure import Figure

    known = {font.name for font in font_manager.fontManager.ttflist}
    families = [name for name in _FAMILIES if name in known] or ["sans-serif"]
    buffer = io.BytesIO()
    settings = {"font.family": families, "text.parse_math": False, "text.usetex": False}
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font has is drawn as a box
        figure = Figure(figsize=(_WIDTH / 25.4, _HEIGHT / 25.4), facecolor="white")
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set(xlim=(0, _WIDTH), ylim=(_HEIGHT, 0))
        axes.axis("off")
        _draw(axes, record, course, caveat)
        title = f"{course}: record of exercises"
        metadata: dict[str, Any] = (
            {"Title": title, "CreationDate": None}
            if kind == "pdf"
            else {
                "Title": title,
                "Description": record.summary,
            }
        )
        figure.savefig(buffer, format=kind, dpi=160, metadata=metadata)
    return buffer.getvalue()


def _draw(axes: Any, record: "CompletionRecord", course: str, caveat: str) -> None:
    def say(x: float, y: float, text: str, size: float, **style: Any) -> None:
        axes.text(x, y, text, fontsize=size, va="baseline", **{"color": _INK, **style})

    axes.add_patch(_box(12, 12, _WIDTH - 24, _HEIGHT - 24, facecolor="none", edgecolor="#b9b9b2"))
    axes.add_patch(_box(12, 12, _WIDTH - 24, 3, facecolor=_TEAL, edgecolor="none"))
    say(_LEFT, 32, course, 12, color=_TEAL, fontweight="bold")
    say(_LEFT, 44, "Record of exercises", 24, fontweight="bold")
    if record.name:
        size = 17 if len(record.name) <= 34 else 17 * 34 / len(record.name)
        say(_LEFT, 60, record.name, size)
    else:
        axes.plot([_LEFT, _LEFT + 90], [61, 61], color=_INK, linewidth=0.8)
    say(_LEFT, 69, record.summary, 10.5, color=_MUTED)
    rows = len(record.lines) + len({line.part for line in record.lines}) + 2
    step = min(9.0, (_TABLE_BOTTOM - _TABLE_TOP) / rows)
    size = min(10.0, step * 1.45)
    y = _TABLE_TOP
    for place, text, side in (
        (_LEFT, "Chapter", "left"),
        (_PLACES["done"], "Done", "left"),
        (_PLACES["points"], "Points", "right"),
        (_PLACES["days"], "Checked", "left"),
        (_PLACES["seen"], "Solutions", "right"),
    ):
        say(place, y, text, size, ha=side, fontweight="bold")
    _rule(axes, y + step * 0.35, 1.2)
    part = ""
    for line in record.lines:
        if line.part != part:
            part = line.part
            y += step
            say(_LEFT, y, part, size, fontweight="bold", color=_TEAL)
        y += step
        _draw_line(axes, say, line, y, size)
        _rule(axes, y + step * 0.32, 0.3)
    _draw_line(axes, say, record.total, y + step * 1.1, size, fontweight="bold")
    notes = [*textwrap.wrap(caveat.replace("`", ""), 104), SOLUTIONS]
    for number, text in enumerate(notes):
        say(_LEFT, 258 + 4.6 * number, text, 8.5, color=_MUTED)
    made = f"Made on {record.made} with course_lib {record.version}."
    say(_LEFT, 258 + 4.6 * len(notes), made, 8.5, color=_MUTED)


def _draw_line(
    axes: Any, say: Any, line: "ChapterLine", y: float, size: float, fontweight: str = "normal"
) -> None:
    title = textwrap.shorten(line.title, 36, placeholder="…")
    say(_LEFT, y, title, size, fontweight=fontweight)
    say(_PLACES["done"], y, f"{line.done}/{line.exercises}", size, fontweight=fontweight)
    share = min(line.points / max(line.max_points, 1), 1.0)
    axes.add_patch(_box(_PLACES["bar"], y - 2.2, 24, 2.2, facecolor=_EMPTY, edgecolor="none"))
    axes.add_patch(
        _box(_PLACES["bar"], y - 2.2, 24 * share, 2.2, facecolor=_GREEN, edgecolor="none")
    )
    points = f"{line.points:g} / {line.max_points}"
    say(_PLACES["points"], y, points, size, ha="right", fontweight=fontweight)
    say(_PLACES["days"], y, line.days, min(size, 8.0, 8.0 * 18 / max(len(line.days), 1)))
    say(_PLACES["seen"], y, line.solutions_words, size, ha="right")


def _rule(axes: Any, y: float, width: float) -> None:
    axes.plot([_LEFT, _RIGHT], [y, y], color="#9a9a94", linewidth=width)


def _box(x: float, y: float, width: float, height: float, **style: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, **style)
