"""The class at a glance: spread of points, what was hard, common mistakes, what needs a human."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from course_lib.grading.classroom.class_chart import histogram
from course_lib.grading.classroom.class_statistics import (
    ChapterSpread,
    Misconception,
    chapter_spreads,
    exercise_summaries,
    graded,
    is_assigned,
    misconceptions,
)
from course_lib.grading.classroom.page_style import (
    chapter_title,
    code_spans,
    count,
    name,
    page,
    points,
    share_bar,
    table,
    text,
)
from course_lib.grading.classroom.results import SubmissionMarks, page_name
from course_lib.grading.classroom.similarity import SimilarPair

_SHOWN_PAIRS = 30
_SHOWN_ROWS = 60
_FOOTER = """\
<p>Shares and counts are over the submissions that could be read. A mistake is counted when the
answers equal those of a known wrong solution in every case. This page names students: keep it among
the teachers, or make it again with --no-names.</p>
"""
_FOOTER_WITHOUT_NAMES = """\
<p>Shares and counts are over the submissions that could be read. A mistake is counted when the
answers equal those of a known wrong solution in every case. No student is named on this page.</p>
"""

_Namer = Callable[[str], str]


def class_page(
    all_marks: Sequence[SubmissionMarks],
    pairs: Sequence[SimilarPair],
    *,
    names: bool = True,
    page_folder: str | None = None,
) -> str:
    """Return the overview of a class as a self-contained HTML page.

    With ``names=False`` it tells nothing about who: no names, no files, counts only. With
    ``page_folder`` each name links to ``page_folder/page_name(student).html``.
    """
    namer = _namer(all_marks, page_folder)
    body = [_spread_section(chapter_spreads(all_marks)), _exercise_section(all_marks)]
    body += [_mistake_section(all_marks), _violation_section(all_marks, names, namer)]
    body += [_similar_section(pairs, names, namer), _unread_section(all_marks, names, namer)]
    if names:
        body.append(_student_section(all_marks, namer))
    return page(
        title="Class overview",
        header=_header(all_marks),
        body="".join(body),
        footer=_FOOTER if names else _FOOTER_WITHOUT_NAMES,
        wide=True,
    )


def _namer(marks: Sequence[SubmissionMarks], page_folder: str | None) -> _Namer:
    known: Mapping[str, str] = {m.student: m.shown_name for m in marks if is_assigned(m)}

    def shown(student: str) -> str:
        if student not in known:
            return "not known"
        inner = name(known[student])
        if page_folder is None:
            return inner
        return f'<a href="{escape(page_folder)}/{page_name(student)}.html">{inner}</a>'

    return shown


def _header(marks: Sequence[SubmissionMarks]) -> str:
    submitted = [mark for mark in marks if mark.is_submitted]
    read = graded(marks)
    students = {mark.student for mark in marks if is_assigned(mark)}
    figures = [
        ("Students", str(len(students)), ""),
        ("Submissions graded", str(len(read)), f"of {len(submitted)}"),
    ]
    possible = sum(mark.max_points for mark in read)
    if possible:
        share = sum(mark.final_points for mark in read) / possible
        figures.append(("Points reached", f"{100 * share:.0f} %", ""))
    missing = len(students - {mark.student for mark in submitted})
    figures.append(("Nothing handed in", str(missing), ""))
    inner = "".join(
        f"<div><dt>{label}</dt><dd>{value}{f' <small>{rest}</small>' if rest else ''}</dd></div>"
        for label, value, rest in figures
    )
    eyebrow = "GPT Inside Out · graded exercises"
    return (
        f'<p class="eyebrow">{eyebrow}</p>\n<h1>Class overview</h1>\n'
        f'<dl class="figures">{inner}</dl>\n'
    )


def _section(anchor: str, title: str, inner: str) -> str:
    return (
        f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{title}</h2>\n{inner}</section>\n'
    )


def _spread_section(spreads: Sequence[ChapterSpread]) -> str:
    if not spreads:
        return _section("points", "Points", "<p>No submission could be graded.</p>\n")
    charts = "".join(histogram(spread) for spread in spreads)
    rows = [
        (
            text(chapter_title(s.chapter)),
            str(s.submissions),
            points(s.mean),
            points(s.median),
            f"{points(s.lowest)} – {points(s.highest)}",
            str(s.full),
            str(s.max_points),
        )
        for s in spreads
    ]
    headings = ("Chapter", "Submissions", "Mean", "Median", "Lowest – highest", "Full", "Points")
    inner = f'<div class="charts">{charts}</div>\n'
    inner += table("Points by chapter", headings, rows, numeric=range(1, 7))
    return _section("points", "Points", inner)


def _exercise_section(marks: Sequence[SubmissionMarks]) -> str:
    summaries = exercise_summaries(marks)
    if not summaries:
        return ""
    kinds = ("right", "wrong", "not attempted", "missing", "not accepted")
    rows = [
        (
            code_spans(item.title) + _small(chapter_title(item.exercise_id.partition(".")[0])),
            f'<span class="share"><b>{100 * item.share:.0f} %</b>{share_bar(item.share)}</span>',
            *(str(item.outcomes[kind]) if item.outcomes[kind] else _NONE for kind in kinds),
        )
        for item in summaries
    ]
    headings = ("Exercise", "Points reached", *(kind.capitalize() for kind in kinds))
    inner = table("Exercises, the hardest first", headings, rows, numeric=range(2, 7))
    return _section("exercises", "Hardest exercises", inner)


_NONE = '<span aria-label="none">·</span>'


def _small(words: str) -> str:
    return f'<br><span class="small">{text(words)}</span>'


def _mistake_section(marks: Sequence[SubmissionMarks]) -> str:
    found = misconceptions(marks)
    often = [item for item in found if item.number > 1] or found
    seldom = found[len(often) :]
    inner = "<p>No wrong answer equals a known mistake.</p>\n"
    if often:
        inner = _mistake_table("Mistakes by what they do, the most common first", often)
    if seldom:
        inner += (
            f"<details><summary>{count(len(seldom), 'further mistake')}, made once each</summary>"
            f"{_mistake_table('Mistakes that were made once', seldom)}</details>\n"
        )
    unexplained = [item for item in exercise_summaries(marks) if item.unexplained]
    if unexplained:
        total = sum(item.unexplained for item in unexplained)
        where = ", ".join(f"{code_spans(i.title)} ({i.unexplained})" for i in unexplained[:8])
        more = ", …" if len(unexplained) > 8 else ""
        inner += (
            f"<p>{count(total, 'wrong answer equals', 'wrong answers equal')} no known mistake: "
            f"{where}{more}.</p>\n"
        )
    return _section("mistakes", "Common misconceptions", inner)


def _mistake_table(caption: str, found: Sequence[Misconception]) -> str:
    rows = [
        (str(item.number), code_spans(item.cause), code_spans(item.title))
        for item in found[:_SHOWN_ROWS]
    ]
    return table(caption, ("Students", "Likely cause", "Exercise"), rows, numeric=(0,))


def _violation_section(marks: Sequence[SubmissionMarks], names: bool, namer: _Namer) -> str:
    found = [
        (submission, mark)
        for submission in graded(marks)
        for mark in submission.marks
        if mark.violations
    ]
    if not found:
        return ""
    if names:
        rows = [
            (namer(submission.student), code_spans(mark.title), code_spans(mark.violations[0]))
            for submission, mark in found[:_SHOWN_ROWS]
        ]
        inner = table(
            "Calls that an exercise does not allow", ("Student", "Exercise", "What"), rows
        )
    else:
        titles = {mark.title for _, mark in found}
        rows_by_title = [
            (code_spans(title), str(sum(mark.title == title for _, mark in found)))
            for title in sorted(titles)
        ]
        inner = table(
            "Calls that an exercise does not allow",
            ("Exercise", "Submissions"),
            rows_by_title,
            numeric=(1,),
        )
    return _section("violations", "Not accepted", inner + _more(len(found), _SHOWN_ROWS, names))


def _more(number: int, shown: int, listed: bool = True) -> str:
    left = number - shown
    return f'<p class="small">… and {left} more.</p>\n' if listed and left > 0 else ""


def _similar_section(pairs: Sequence[SimilarPair], names: bool, namer: _Namer) -> str:
    intro = (
        "<p><strong>For a human to look at, never a verdict.</strong> What the reference solution, "
        "the stub, known mistakes and much of the class have in common is left out. Working "
        "together, a shared source, or chance can make two solutions alike.</p>\n"
    )
    if not pairs:
        return _section("alike", "Alike submissions", "<p>No two submissions stand out.</p>\n")
    rows = []
    for number, pair in enumerate(pairs[:_SHOWN_PAIRS], start=1):
        who = f"{namer(pair.first)} and {namer(pair.second)}" if names else f"Pair {number}"
        functions = ", ".join(f"<code>{text(function)}</code>" for function in pair.functions)
        share = f"{100 * pair.share:.0f} %"
        rows.append((who, text(chapter_title(pair.chapter)), functions, share, str(pair.evidence)))
    inner = intro + table(
        "Pairs of submissions, the most shared first",
        ("Pair", "Chapter", "Functions", "Shared", "Places"),
        rows,
        numeric=(3, 4),
    )
    return _section("alike", "Alike submissions", inner + _more(len(pairs), _SHOWN_PAIRS))


def _unread_section(marks: Sequence[SubmissionMarks], names: bool, namer: _Namer) -> str:
    unread = [mark for mark in marks if mark.problem and mark.is_submitted]
    missing = sorted({mark.student for mark in marks if not mark.is_submitted})
    inner = ""
    if unread and names:
        rows = [
            (f"<bdi>{text(m.file, limit=200)}</bdi>", namer(m.student), code_spans(m.problem))
            for m in unread[:_SHOWN_ROWS]
        ]
        inner += table("Submissions that could not be graded", ("File", "Student", "Why"), rows)
        inner += _more(len(unread), _SHOWN_ROWS)
    elif unread:
        inner += f"<p>{count(len(unread), 'submission')} could not be graded.</p>\n"
    if missing and names:
        who = ", ".join(namer(student) for student in missing)
        inner += f"<h3>Nothing handed in</h3>\n<p>{who}</p>\n"
    elif missing:
        inner += f"<p>{count(len(missing), 'student')} handed in nothing.</p>\n"
    return _section("unread", "Not graded", inner) if inner else ""


def _student_section(marks: Sequence[SubmissionMarks], namer: _Namer) -> str:
    chapters = [spread.chapter for spread in chapter_spreads(marks)]
    by_student: dict[str, dict[str, SubmissionMarks]] = {}
    for mark in filter(is_assigned, marks):
        by_student.setdefault(mark.student, {})[mark.chapter] = mark
    rows = []
    for student in sorted(by_student):
        own = by_student[student]
        cells = [points(own[c].final_points) if c in own else _NONE for c in chapters]
        late = "late" if any(mark.late for mark in own.values()) else ""
        total = points(sum(mark.final_points for mark in own.values()))
        rows.append((namer(student), *cells, f"<b>{total}</b>", late))
    inner = table(
        "Points of each student",
        ("Student", *(chapter_title(chapter) for chapter in chapters), "In all", ""),
        rows,
        numeric=range(1, len(chapters) + 2),
    )
    return _section("students", "Students", inner)
