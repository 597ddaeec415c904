"""The completion record as HTML: one self-contained sheet, for the screen and for paper."""

import html
from typing import TYPE_CHECKING

from course_lib.grading.progress_report import bar_html

if TYPE_CHECKING:
    from course_lib.grading.completion import ChapterLine, CompletionRecord

_COLUMNS = ("Chapter", "Done", "", "Points", "Checked", "Solutions")
SOLUTIONS = "Solutions: how many were looked at (in brackets: before solving)."
_STYLE = """
.course-record { color: inherit; background: transparent; line-height: 1.45; max-width: 52rem;
  border: 1px solid rgba(128,128,128,.5); border-top: 6px solid #12707c; border-radius: 6px;
  padding: 1.6rem 2rem; margin: .5rem 0; box-sizing: border-box; }
.course-record .over { letter-spacing: .04em; margin: 0; opacity: .85; }
.course-record .title { font-size: 1.7rem; line-height: 1.2; font-weight: 650;
  margin: .1rem 0 1rem; }
.course-record .name { font-size: 1.25rem; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
.course-record .line { display: inline-block; width: 18rem; max-width: 100%; height: 1.6rem;
  border-bottom: 1px solid currentColor; }
.course-record .summary { margin: .2rem 0 1.1rem; }
.course-record .scroll { overflow-x: auto; }
.course-record table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: 0;
  font-variant-numeric: tabular-nums; color: inherit; background: transparent; }
.course-record :is(th, td) { text-align: left; padding: .28em .8em .28em 0; border: 0;
  border-bottom: 1px solid rgba(128,128,128,.35); white-space: nowrap; background: transparent;
  color: inherit; font-weight: 400; vertical-align: baseline; }
.course-record :is(th, td):last-child { padding-right: 0; }
.course-record thead :is(th, td) { font-weight: 600;
  border-bottom: 2px solid rgba(128,128,128,.7); }
.course-record .part th { font-weight: 600; padding-top: .9em; white-space: normal; }
.course-record tfoot :is(th, td) { font-weight: 600; border-bottom: 0; }
.course-record .caveat { margin: 1.2rem 0 0; font-size: .9rem; }
@media (max-width: 40rem) {
  .course-record { padding: 1.1rem 1rem; }
  .course-record :is(.bar, .days) { display: none; }
  .course-record :is(th, td) { white-space: normal; padding-right: .5em; }
}
.course-record .made { margin: .5rem 0 0; font-size: .9rem; }
"""
_PAGE_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0 auto; padding: 1.5rem 1rem; max-width: 54rem; background: #fdfcf9; color: #24282b;
  font-family: system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", sans-serif; }
@media (prefers-color-scheme: dark) { body { background: #14181a; color: #d9dcdc; } }
@page { margin: 14mm; }
@media print {
  :root { color-scheme: light; }
  html { font-size: SIZEpt; }
  body { padding: 0; max-width: none; background: #fff; color: #000; }
  .course-record { max-width: none; border-color: #888; border-top-color: #12707c;
    break-inside: avoid; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .course-record .scroll { overflow: visible; }
}
"""


def page_html(record: "CompletionRecord", course: str, caveat: str) -> str:
    """Return the whole page, which needs no other file."""
    rows = len(record.lines) + len({line.part for line in record.lines})
    size = 11.0 if rows <= 24 else max(6.0, 11.0 * 24 / rows)
    of_whom = f" of {html.escape(record.name)}" if record.name else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(course)}: record of exercises{of_whom}</title>\n"
        f"<style>{_STYLE}{_PAGE_STYLE.replace('SIZE', f'{size:.2g}')}</style>\n</head>\n"
        f"<body>\n<main>\n{_sheet(record, course, caveat, 'h1')}\n</main>\n</body>\n</html>\n"
    )


def sheet_html(record: "CompletionRecord", course: str, caveat: str) -> str:
    """Return the sheet for a notebook, with its style."""
    return f"<style>{_STYLE}</style>{_sheet(record, course, caveat, 'div')}"


def _sheet(record: "CompletionRecord", course: str, caveat: str, heading: str) -> str:
    name = html.escape(record.name) or '<span class="line" aria-label="name"></span>'
    parts, body = "", ""
    for line in record.lines:
        if line.part != parts:
            parts = line.part
            body += f'<tr class="part"><th colspan="6" scope="colgroup">{html.escape(parts)}</th>'
            body += "</tr>\n"
        body += _row(line) + "\n"
    classes = {"Checked": ' class="days"'}
    head = "".join(
        f'<th scope="col"{classes.get(name, "")}>{name}</th>' if name else '<td class="bar"></td>'
        for name in _COLUMNS
    )
    return (
        '<section class="course-record" aria-label="Record of exercises">'
        f'<p class="over">{html.escape(course)}</p>'
        f'<{heading} class="title">Record of exercises</{heading}>'
        f'<p class="name">{name}</p>'
        f'<p class="summary">{html.escape(record.summary)}</p>'
        '<div class="scroll" tabindex="0" role="group" aria-label="Chapters">'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n"
        f"<tfoot>{_row(record.total)}</tfoot>\n</table></div>"
        f'<p class="caveat">{_with_code(caveat)} {SOLUTIONS}</p>'
        f'<p class="made">Made on {html.escape(record.made)} with course_lib '
        f"{html.escape(record.version)}.</p></section>"
    )


def _row(line: "ChapterLine") -> str:
    cells = (
        f"{line.done} of {line.exercises}",
        f"{line.points:g} / {line.max_points}",
        html.escape(line.days),
        html.escape(line.solutions_words),
    )
    done, points, days, seen = (f"<td>{cell}</td>" for cell in cells)
    days = days.replace("<td>", '<td class="days">')
    bar = f'<td class="bar">{bar_html(line.points / max(line.max_points, 1))}</td>'
    title = f'<th scope="row">{html.escape(line.title)}</th>'
    return f"<tr>{title}{done}{bar}{points}{days}{seen}</tr>"


def _with_code(text: str) -> str:
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
