"""The histogram of a chapter's points as inline SVG, with its words and its table."""

from html import escape

from course_lib.grading.classroom.class_statistics import BINS, ChapterSpread
from course_lib.grading.classroom.page_style import chapter_title, count, table

_COLUMN, _TALLEST, _BASE, _MARGIN = 28, 92, 112, 10
_WIDTH = 2 * _MARGIN + BINS * _COLUMN


def histogram(spread: ChapterSpread) -> str:
    """Return a figure: one column for each tenth of the points, its count above it.

    The same numbers are in the image's label for those who listen, and in a table that unfolds.
    """
    title = chapter_title(spread.chapter)
    filled = [(f"{10 * i} – {10 * i + 10} %", n) for i, n in enumerate(spread.bins) if n]
    words = ", ".join(f"{share}: {number}" for share, number in filled)
    label = escape(f"Histogram of {title}, submissions by share of points. {words}")
    numbers = table(
        f"Submissions by share of points, {title}",
        ("Share of points", "Submissions"),
        [(share, str(number)) for share, number in filled],
        numeric=(1,),
        hide_caption=True,
    )
    return (
        f"<figure><figcaption><b>{escape(title)}</b>, {count(spread.submissions, 'submission')}"
        f'</figcaption><svg viewBox="0 0 {_WIDTH} {_BASE + 36}" role="img" aria-label="{label}">'
        f"{_columns(spread)}{_axis()}</svg>"
        f'<details><summary>The numbers<span class="unseen"> of {escape(title)}</span></summary>'
        f"{numbers}</details></figure>\n"
    )


def _columns(spread: ChapterSpread) -> str:
    highest = max(spread.bins)
    parts = []
    for place, number in enumerate(spread.bins):
        if not number:
            continue
        left, tall = _MARGIN + place * _COLUMN, max(2, round(_TALLEST * number / highest))
        parts.append(
            f'<rect class="column" x="{left + 2}" y="{_BASE - tall}" width="{_COLUMN - 4}" '
            f'height="{tall}"/><text class="count" x="{left + _COLUMN // 2}" '
            f'y="{_BASE - tall - 5}" text-anchor="middle">{number}</text>'
        )
    return "".join(parts)


def _axis() -> str:
    ticks = "".join(
        f'<text x="{_MARGIN + place * _COLUMN}" y="{_BASE + 15}" text-anchor="middle">'
        f"{100 * place // BINS}</text>"
        for place in range(0, BINS + 1, 2)
    )
    return (
        f'<line class="axis" x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{_BASE}" y2="{_BASE}"/>'
        f'{ticks}<text x="{_WIDTH // 2}" y="{_BASE + 32}" text-anchor="middle">'
        "share of the points (%)</text>"
    )
