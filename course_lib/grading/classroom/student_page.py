"""One student's feedback as one file: points, what went wrong first, and where to read again."""

from collections.abc import Sequence

from course_lib.grading.classroom.page_style import (
    TONES,
    block,
    chapter_title,
    code_spans,
    count,
    moment,
    name,
    page,
    points,
    share_bar,
    status,
    table,
    text,
    visible,
)
from course_lib.grading.classroom.results import ExerciseMark, SubmissionMarks

_PLAIN_ROWS = ("Case", "Difference", "Error")
_SHOWN_NOTES = 20
_FOOTER = """\
<p>An exercise earns its points times the share of cases that are right, cut to one decimal. Some
cases stand in the chapter; others are kept for grading, and their inputs are not shown. A likely
cause is named when your answers equal those of a known mistake in every case.</p>
"""


def student_page(marks: Sequence[SubmissionMarks], student: str) -> str:
    """Return the feedback of one student as a self-contained HTML page.

    ``marks`` may be those of the whole class; only the student's own are read. The page holds no
    input, answer or message of a hidden case. Raises ``ValueError`` for a student without marks.
    """
    own = [mark for mark in marks if mark.student == student]
    if not own:
        raise ValueError(
            f"student {student!r} has no marks here; known are "
            f"{', '.join(sorted({mark.student for mark in marks})[:5]) or 'none'}"
        )
    chapters = [mark for mark in own if mark.is_submitted]
    body = "".join(_chapter(mark, number) for number, mark in enumerate(chapters))
    shown = own[0].name or own[0].student
    return page(
        title=f"Feedback for {visible(shown)}",
        header=_header(own[0], chapters),
        body=body or "<p>When it has been handed in and graded, the feedback is here.</p>\n",
        footer=_FOOTER,
    )


def _header(first: SubmissionMarks, chapters: Sequence[SubmissionMarks]) -> str:
    eyebrow = "GPT Inside Out · graded exercises"
    who = name(first.name or first.student)
    if first.name:
        eyebrow += f" · {first.student}"
    head = f'<p class="eyebrow">{text(eyebrow)}</p>\n<h1>Feedback for {who}</h1>\n'
    if not chapters:
        return head + (
            "<p>No file of yours is among the submissions. If you handed one in, please tell your "
            "teacher its name and when.</p>\n"
        )
    marks = [mark for chapter in chapters for mark in chapter.marks]
    reached = sum(chapter.final_points for chapter in chapters)
    total = sum(chapter.max_points for chapter in chapters)
    if not marks:
        return head + "<p>Your file could not be read; what happened is told below.</p>\n"
    right = sum(mark.status == "right" for mark in marks)
    figures = (
        f"<div><dt>Points</dt><dd>{points(reached)} <small>of {total}</small></dd></div>"
        f"<div><dt>Exercises right</dt><dd>{right} <small>of {len(marks)}</small></dd></div>"
    )
    if len(chapters) > 1:
        figures += f"<div><dt>Chapters</dt><dd>{len(chapters)}</dd></div>"
    bar = share_bar(reached / total if total else 0.0, "right")
    return f'{head}<dl class="figures">{figures}</dl>\n{bar}\n<p>{_opening(marks, right)}</p>\n'


def _opening(marks: Sequence[ExerciseMark], right: int) -> str:
    if right == len(marks):
        return "Everything is right. Well done."
    tried = [mark for mark in marks if mark.status in ("wrong", "not accepted")]
    if not tried:
        kept = "What you wrote is right; the rest" if right else "The exercises"
        return f"{kept} waits for a first try. Every exercise can be done on its own."
    close = sum(2 * mark.points >= mark.max_points for mark in tried)
    start = "For each exercise that is not right yet, the first place where it goes another way "
    near = ""
    if close:
        near = f" {count(close, 'of them is', 'of them are')} more than half way there."
    return start + "is shown below, often with the likely cause." + near


def _chapter(submission: SubmissionMarks, number: int) -> str:
    title, anchor = chapter_title(submission.chapter or "your file"), f"chapter-{number}"
    parts = [f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{text(title)}</h2>\n']
    parts.append(_notice(submission))
    if submission.marks:
        parts.append(_points_table(submission, title))
    parts += [_card(mark, title) for mark in submission.marks if mark.status != "right"]
    parts += [_card(mark, title) for mark in submission.marks if _is_right_with_notes(mark)]
    parts.append(f'<p class="small">{_which_file(submission)}</p>\n</section>\n')
    return "".join(parts)


def _is_right_with_notes(mark: ExerciseMark) -> bool:
    return mark.status == "right" and bool(mark.notes)


def _notice(submission: SubmissionMarks) -> str:
    """Return what concerns the whole file: why it could not be read, lateness, notes."""
    parts = []
    if submission.problem:
        parts.append(f"<p><strong>Not graded:</strong> {code_spans(submission.problem)}</p>")
    if submission.late:
        taken = ""
        if submission.deduction > 0:
            taken = (
                f" {points(submission.deduction)} of {points(submission.points)} points are taken "
                f"off; {points(submission.final_points)} count."
            )
        parts.append(f"<p><strong>Handed in late:</strong> {_sentence(submission.late)}{taken}</p>")
    parts.append(_notes(submission.notes))
    inner = "".join(parts)
    return f'<div class="notice">{inner}</div>\n' if inner else ""


def _sentence(words: str) -> str:
    shown = code_spans(words).rstrip()
    return shown if shown.endswith((".", "!", "?")) else shown + "."


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    shown = [code_spans(note) for note in notes[:_SHOWN_NOTES]]
    if len(notes) > _SHOWN_NOTES:
        shown.append(f"and {count(len(notes) - _SHOWN_NOTES, 'more note')}")
    return "<ul>" + "".join(f"<li>{note}</li>" for note in shown) + "</ul>"


def _points_table(submission: SubmissionMarks, title: str) -> str:
    rows = [
        (code_spans(mark.title), status(mark.status), _cases(mark), _score(mark))
        for mark in submission.marks
    ]
    total = f"<b>{points(submission.points)} of {submission.max_points}</b>"
    rows.append(("In all", "", "", total))
    if submission.deduction > 0:
        rows.append(("After the deduction", "", "", f"<b>{points(submission.final_points)}</b>"))
    return table(
        f"Points in the chapter {title}",
        ("Exercise", "Result", "Cases right", "Points"),
        rows,
        numeric=(2, 3),
        optional=(2,),
    )


def _score(mark: ExerciseMark) -> str:
    return f"{points(mark.points)} of {mark.max_points}"


def _cases(mark: ExerciseMark) -> str:
    if mark.status not in ("right", "wrong"):
        return '<span aria-hidden="true">–</span>'
    right = mark.public_right + mark.hidden_right
    return f"{right} of {mark.public_cases + mark.hidden_cases}"


def _card(mark: ExerciseMark, chapter: str) -> str:
    return (
        f'<article class="card {TONES[mark.status]}">\n<h3>{code_spans(mark.title)}</h3>\n'
        f"<p>{status(mark.status)}{_share_right(mark)} · {_score(mark)} points</p>\n"
        f"{_inside(mark)}{_notes(mark.notes)}{_again(mark, chapter)}</article>\n"
    )


def _inside(mark: ExerciseMark) -> str:
    if mark.status == "wrong":
        return _wrong(mark)
    if mark.status == "not accepted":
        return _not_accepted(mark)
    if mark.status == "not attempted":
        return "<p>The stub is as it was given. A first try costs nothing.</p>"
    if mark.status == "missing":
        function = text(mark.exercise_id.partition(".")[2] or mark.exercise_id)
        return (
            f"<p>Nothing called <code>{function}</code> was found in the file. Was its cell "
            "deleted, or was it given another name?</p>"
        )
    return ""


def _share_right(mark: ExerciseMark) -> str:
    if mark.status != "wrong":
        return ""
    right = mark.public_right + mark.hidden_right
    return f" · {right} of {count(mark.public_cases + mark.hidden_cases, 'case')} right"


def _wrong(mark: ExerciseMark) -> str:
    known = [] if mark.failure is None else mark.failure.rows()
    rows = "".join(_row(label, words) for label, words in known)
    cause = ""
    if mark.cause:
        cause = f'<dt>Likely cause</dt><dd class="cause">{code_spans(mark.cause)}</dd>'
    hidden = ""
    if mark.hidden_problem:
        if mark.failure is None:
            opening = "Every case of the chapter is right; one kept for grading is not"
        else:
            opening = "A case kept for grading goes wrong too"
        hidden = f"<dt>Hidden case</dt><dd>{opening}: {_sentence(mark.hidden_problem)}</dd>"
    return f"<dl>{rows}{cause}{hidden}</dl>"


def _row(label: str, words: str) -> str:
    shown = code_spans(words) if label in _PLAIN_ROWS else block(words, label)
    return f"<dt>{label}</dt><dd>{shown}</dd>"


def _not_accepted(mark: ExerciseMark) -> str:
    found = "".join(f"<li>{code_spans(violation)}</li>" for violation in mark.violations[:8])
    return (
        "<p>This exercise asks you to write a step that the code takes ready-made:</p>"
        f"<ul>{found}</ul><p>Write that step yourself; the rest of your code can stay.</p>"
    )


def _again(mark: ExerciseMark, chapter: str) -> str:
    if mark.status == "right":
        return ""
    return (
        f'<p class="again">Read again: chapter <b>{text(chapter)}</b>, exercise '
        f"“{code_spans(mark.title)}”. <code>hint(&quot;{text(mark.exercise_id)}&quot;)</code> in "
        "its notebook gives one hint at a time.</p>\n"
    )


def _which_file(submission: SubmissionMarks) -> str:
    parts = [f"Graded: <bdi>{text(submission.file, limit=200)}</bdi>"] if submission.file else []
    if submission.submitted:
        parts.append(f"handed in {moment(submission.submitted)}")
    if submission.digest:
        parts.append(f"content <code>{text(submission.digest[:12])}</code>")
    if submission.version:
        parts.append(f"course version {text(submission.version, limit=40)}")
    return " · ".join(parts)
