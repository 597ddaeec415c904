"""Marks into nbgrader's gradebook, through nbgrader's own interface.

A chapter becomes an assignment with one notebook of the same name, an exercise a grade cell and a
solution cell (which carries the comment), a student's file a submission. nbgrader is an optional
extra and imported only here, when it is used.
"""

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from course_lib.grading.classroom.class_statistics import is_assigned
from course_lib.grading.classroom.results import ExerciseMark, SubmissionMarks

_COMMENT_LIMIT = 4_000

# The ids of the grade cell and of the solution cell, by exercise.
Cells = dict[str, tuple[str, str]]


def export_to_gradebook(
    all_marks: Sequence[SubmissionMarks], gradebook_url: str, *, course_id: str = "default_course"
) -> None:
    """Write the marks of a class into the gradebook at a URL such as ``sqlite:///gradebook.db``.

    Points go to the automatic score and comment, the deduction for late work to nbgrader's penalty.
    What a teacher entered by hand in nbgrader (scores, comments, extra credit, names) is left as it
    is. Doing it twice changes nothing, and doing it with new marks updates them; nothing is ever
    removed. A file that could not be graded counts 0 and says why; one of an unknown student is
    left out. Raises ``ModuleNotFoundError`` where nbgrader is not installed, and ``ValueError`` for
    two files of one student and chapter.
    """
    _ensure_one_each(all_marks)
    api = _nbgrader()
    chapters = _exercises_by_chapter(all_marks)
    by_student: dict[str, list[SubmissionMarks]] = {}
    for mark in filter(is_assigned, all_marks):
        by_student.setdefault(mark.student, []).append(mark)
    with _own_programs(), api.Gradebook(gradebook_url, course_id=course_id) as gradebook:
        cells = {
            chapter: _write_assignment(gradebook, chapter, exercises)
            for chapter, exercises in chapters.items()
        }
        for student, own in sorted(by_student.items()):
            _write_student(gradebook, student, own[0].name)
            for mark in own:
                if mark.is_submitted and mark.chapter:
                    _write_submission(gradebook, mark, cells[mark.chapter])


def _nbgrader() -> Any:
    try:
        return importlib.import_module("nbgrader.api")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the export needs nbgrader, which is not installed here; install it with "
            "pip install 'course-lib[nbgrader]'"
        ) from error


@contextlib.contextmanager
def _own_programs() -> Iterator[None]:
    """Let nbgrader find `alembic`, which it calls by name, beside this Python."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def cell_name(exercise_id: str) -> str:
    """Return the name of an exercise's cells: what follows the chapter.

    >>> cell_name("attention.softmax")
    'softmax'
    """
    return exercise_id.partition(".")[2] or exercise_id


def comment(mark: ExerciseMark) -> str:
    """Return what a student reads beside the points, as plain text; empty where all is right."""
    lines = [f"{mark.status}: {mark.points:g} of {mark.max_points} points"]
    lines += [f"Not allowed: {violation}" for violation in mark.violations]
    if mark.failure is not None:
        rows = [row for row in mark.failure.rows() if row[0] not in ("Input", "Printed")]
        lines += [f"{name}: {' '.join(words.split())}" for name, words in rows]
    if mark.cause:
        lines.append(f"Likely cause: {mark.cause}")
    if mark.hidden_problem:
        lines.append(f"Hidden case: {mark.hidden_problem}")
    lines += [f"Note: {note}" for note in mark.notes]
    if mark.status == "right" and len(lines) == 1:
        return ""
    return _storable("\n".join(lines))


def _storable(words: str) -> str:
    """Return the text without what a database refuses: NUL, and halves of surrogate pairs."""
    clean = words.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= _COMMENT_LIMIT else clean[:_COMMENT_LIMIT] + " …"


def _ensure_one_each(all_marks: Sequence[SubmissionMarks]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for mark in all_marks:
        key = mark.student, mark.chapter
        if all(key) and key in seen:
            raise ValueError(
                f"student {mark.student!r} has two files for {mark.chapter!r}: {seen[key]!r} and "
                f"{mark.file!r}; a gradebook holds one, so keep one"
            )
        seen[key] = mark.file


def _exercises_by_chapter(all_marks: Sequence[SubmissionMarks]) -> dict[str, dict[str, int]]:
    """Return, for each chapter, its exercises and their points, in their order."""
    found: dict[str, dict[str, int]] = {}
    for submission in all_marks:
        if not submission.chapter:
            continue
        exercises = found.setdefault(submission.chapter, {})
        for mark in submission.marks:
            exercises.setdefault(mark.exercise_id, mark.max_points)
    return found


def _write_assignment(gradebook: Any, chapter: str, exercises: Mapping[str, int]) -> Cells:
    gradebook.update_or_create_assignment(chapter)
    gradebook.update_or_create_notebook(chapter, chapter)
    cells: Cells = {}
    for exercise_id, max_points in exercises.items():
        name = cell_name(exercise_id)
        grade = gradebook.update_or_create_grade_cell(
            name, chapter, chapter, max_score=float(max_points), cell_type="code"
        )
        solution = gradebook.update_or_create_solution_cell(name, chapter, chapter)
        cells[exercise_id] = (str(grade.id), str(solution.id))
    return cells


def _write_student(gradebook: Any, student: str, name: str) -> None:
    try:
        gradebook.find_student(student)
    except _nbgrader().MissingEntry:
        details = {"last_name": _storable(name)} if name else {}
        gradebook.add_student(student, **details)


def _write_submission(gradebook: Any, submission: SubmissionMarks, cells: Cells) -> None:
    """Write one submission: a row for each cell, also where the file could not be graded."""
    chapter, student = submission.chapter, submission.student
    when = {"timestamp": submission.submitted} if submission.submitted else {}
    stored = gradebook.update_or_create_submission(chapter, student, **when)
    notebook = _submitted_notebook(gradebook, stored, chapter)
    notebook.late_submission_penalty = submission.deduction or None
    grades = {grade.cell_id: grade for grade in notebook.grades}
    comments = {comment.cell_id: comment for comment in notebook.comments}
    marks = {mark.exercise_id: mark for mark in submission.marks}
    for exercise_id, (grade_cell, solution_cell) in cells.items():
        mark = marks.get(exercise_id)
        grade = grades.get(grade_cell) or _new_row(gradebook, "Grade", grade_cell, notebook)
        grade.auto_score = 0.0 if mark is None else float(mark.points)
        grade.needs_manual_grade = False
        said = _storable(_why(submission)) if mark is None else comment(mark)
        row = comments.get(solution_cell)
        row = row or _new_row(gradebook, "Comment", solution_cell, notebook)
        row.auto_comment = said or None
    gradebook.db.commit()


def _why(submission: SubmissionMarks) -> str:
    return f"Not graded: {submission.problem or 'this exercise was not part of the grading'}"


def _submitted_notebook(gradebook: Any, submission: Any, chapter: str) -> Any:
    """Return the submission's copy of our notebook, made if the submission is older than it."""
    for notebook in submission.notebooks:
        if notebook.name == chapter:
            return notebook
    source = gradebook.find_notebook(chapter, chapter)
    made = _nbgrader().SubmittedNotebook(notebook=source, assignment=submission)
    gradebook.db.add(made)
    return made


def _new_row(gradebook: Any, kind: str, cell_id: str, notebook: Any) -> Any:
    """Return a grade or a comment for a cell that is newer than the submission."""
    row = getattr(_nbgrader(), kind)(cell_id=cell_id, notebook=notebook)
    gradebook.db.add(row)
    return row
