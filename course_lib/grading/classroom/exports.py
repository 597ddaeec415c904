"""What a teacher takes away: grades.csv, grades.json, a page per student, one of the class."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from course_lib.exercises import chapters
from course_lib.grading.classroom.collect import printable
from course_lib.grading.classroom.results import SubmissionMarks, page_name
from course_lib.grading.classroom.session import ClassResult
from course_lib.grading.classroom.store import Settings, write_whole

STUDENTS = "students"
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class Pages:
    """The functions that make pages, and the one that looks for similar work."""

    student: Callable[[Sequence[SubmissionMarks], str], str]
    whole_class: Callable[[Sequence[SubmissionMarks], Sequence[Any]], str]
    similar: Callable[[Sequence[SubmissionMarks]], Sequence[Any]]


def is_assigned(marks: SubmissionMarks) -> bool:
    """Tell whether it is known whose work this is; a file that is nobody's goes by its path."""
    return marks.student != marks.file


def by_student(marks: Sequence[SubmissionMarks]) -> dict[str, list[SubmissionMarks]]:
    """The marks of each student, in the order of the ids."""
    found: dict[str, list[SubmissionMarks]] = defaultdict(list)
    for one in marks:
        if is_assigned(one):
            found[one.student].append(one)
    return dict(sorted(found.items()))


def class_chapters(marks: Sequence[SubmissionMarks]) -> dict[str, int]:
    """The chapters that were handed in, in the order of the book, with their full points."""
    present = {one.chapter for one in marks if one.chapter}
    return {
        name: sum(exercise.points for exercise in exercises)
        for name, exercises in chapters().items()
        if name in present
    }


def grades_csv(marks: Sequence[SubmissionMarks]) -> str:
    """Return a row for each student: id, name, points by chapter, total, out of, remarks.

    An empty cell says that nothing came for the chapter. Texts that a spreadsheet would run as a
    formula get an apostrophe in front.
    """
    columns = class_chapters(marks)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["id", "name", *columns, "total", "out_of", "remarks"])
    for student, own in by_student(marks).items():
        points = {one.chapter: one.final_points for one in own if one.chapter}
        writer.writerow(
            [
                safe_text(student),
                safe_text(own[0].name),
                *(_number(points[c]) if c in points else "" for c in columns),
                _number(round(sum(points.values()), 1)),
                sum(columns.values()),
                safe_text("; ".join(remark for one in own for remark in _remarks(one))),
            ]
        )
    return buffer.getvalue()


def safe_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    >>> safe_text("=1+1")
    "'=1+1"
    """
    clean = printable(" ".join(text.split()))
    return f"'{clean}" if clean.startswith(_FORMULA) else clean


def _number(points: float) -> float | int:
    return int(points) if points == int(points) else points


def _remarks(marks: SubmissionMarks) -> list[str]:
    prefix = f"{marks.chapter}: " if marks.chapter else ""
    found = [f"{prefix}{text}" for text in (marks.problem, marks.late) if text]
    banned = [mark.exercise_id for mark in marks.marks if mark.status == "not accepted"]
    return found + [f"{exercise_id}: not accepted" for exercise_id in banned]


def grades_json(
    result: ClassResult, settings: Settings, pairs: Sequence[Any], pages: Sequence[str]
) -> str:
    """Return everything as JSON: the same class gives the same text."""
    columns = class_chapters(result.marks)
    students = [
        {
            "id": student,
            "name": own[0].name,
            "points": round(sum(one.final_points for one in own), 1),
            "out_of": sum(columns.values()),
            "submissions": [_without_prints(one) for one in own if one.is_submitted],
        }
        for student, own in by_student(result.marks).items()
    ]
    stored = {
        "seed": settings.seed,
        "isolated": not settings.trusted,
        "version": next((one.version for one in result.marks), ""),
        "chapters": columns,
        "students": students,
        "unassigned": [_without_prints(one) for one in result.marks if not is_assigned(one)],
        "similar": [asdict(p) if is_dataclass(p) and not isinstance(p, type) else p for p in pairs],
        "notes": list(result.notes),
        "pages": list(pages),
    }
    return json.dumps(stored, ensure_ascii=True, indent=1, sort_keys=True) + "\n"


def _without_prints(marks: SubmissionMarks) -> Mapping[str, Any]:
    return {key: value for key, value in marks.to_dict().items() if key != "fingerprints"}


def write_results(result: ClassResult, settings: Settings, pages: Pages | None) -> list[str]:
    """Write grades and pages; returns what went wrong with single pages, in words.

    A page that cannot be made costs no other. Raises ``OSError`` where the disk fails.
    """
    out, troubles = settings.out, list[str]()
    write_whole(out / "grades.csv", grades_csv(result.marks), encoding="utf-8-sig")
    earlier = _earlier_pages(out)
    pairs: Sequence[Any] = ()
    written: list[str] = []
    if pages is not None:
        try:
            pairs = pages.similar(result.marks)
        except Exception as error:
            troubles.append(f"similar work was not looked for ({type(error).__name__}: {error})")
        written = _write_pages(result, out, pages, pairs, troubles)
    write_whole(out / "grades.json", grades_json(result, settings, pairs, written))
    for name in set(earlier) - set(written):
        with suppress(OSError):
            (out / STUDENTS / name).unlink()
    return troubles


def _write_pages(
    result: ClassResult,
    out: Path,
    pages: Pages,
    pairs: Sequence[Any],
    troubles: list[str],
) -> list[str]:
    (out / STUDENTS).mkdir(exist_ok=True)
    written: list[str] = []
    for student, own in by_student(result.marks).items():
        name = f"{page_name(student)}.html"
        try:
            page = pages.student(own, student)
        except Exception as error:
            troubles.append(f"no page for {student} ({type(error).__name__}: {error})")
            continue
        write_whole(out / STUDENTS / name, page)
        written.append(name)
    try:
        page = pages.whole_class(result.marks, pairs)
    except Exception as error:
        troubles.append(f"no page of the class ({type(error).__name__}: {error})")
    else:
        write_whole(out / "class.html", page)
    return written


def _earlier_pages(out: Path) -> list[str]:
    """The pages that the last run wrote, so that those of nobody any more can go."""
    try:
        stored = json.loads((out / "grades.json").read_text(encoding="utf-8"))["pages"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    plain = [name for name in stored if isinstance(name, str)] if isinstance(stored, list) else []
    return [name for name in plain if name.endswith(".html") and Path(name).name == name]
