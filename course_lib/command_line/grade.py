"""``grade``: mark the notebooks of a class, in isolation."""

import os
import statistics
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from course_lib.command_line.errors import explained
from course_lib.exercises import chapters
from course_lib.grading.classroom.collect import printable
from course_lib.grading.classroom.exports import (
    STUDENTS,
    Pages,
    by_student,
    class_chapters,
    is_assigned,
    write_results,
)
from course_lib.grading.classroom.late import DUE_HELP, LATE_HELP, DueTimes, LateRule
from course_lib.grading.classroom.roster import Roster, read_roster
from course_lib.grading.classroom.session import ClassResult, grade_class
from course_lib.grading.classroom.store import Settings, results_folder
from course_lib.grading.classroom.timing import Timing
from course_lib.grading.isolation import SandboxUnavailableError

_STUDENTS_SHOWN = 40
_PROBLEMS_SHOWN = 15
SOME_NEED_A_LOOK = 3
_KEPT = "What is graded is kept: when this is mended, run the same command again."
_HELP_PATHS = "Folders, zips, notebooks or .py files, as your learning platform gives them out."
_HELP_GRADEBOOK = "Also write the marks into nbgrader's gradebook, as sqlite:///gradebook.db."
_HELP_NO_NAMES = "Leave names out of class.html, so that it can be shown to the class."
_HELP_TRUSTED = "Run the code without isolation. Only for code that you would run yourself."


def grade(
    paths: Annotated[list[str], typer.Argument(help=_HELP_PATHS, metavar="PATH")],
    out: Annotated[Path, typer.Option(help="Folder for the results; made if missing.")],
    jobs: Annotated[int, typer.Option(help="Processes side by side; 0: one per core.")] = 0,
    roster: Annotated[
        Path | None,
        typer.Option(
            help="CSV with the columns id, name and, where known, submitted and extension."
        ),
    ] = None,
    due: Annotated[list[str] | None, typer.Option(help=DUE_HELP)] = None,
    late: Annotated[str | None, typer.Option(help=LATE_HELP)] = None,
    seed: Annotated[int, typer.Option(help="The hidden inputs vary with it.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Grade again what is graded.")] = False,
    trusted: Annotated[bool, typer.Option("--trusted", help=_HELP_TRUSTED)] = False,
    gradebook: Annotated[str | None, typer.Option(help=_HELP_GRADEBOOK)] = None,
    no_names: Annotated[bool, typer.Option("--no-names", help=_HELP_NO_NAMES)] = False,
) -> None:
    """Grade a class: notebooks in, grades and feedback pages out.

    Every submission runs isolated from this computer, from the network and from the others; the
    tests and the answers stay outside. Stop it whenever you like: the same command goes on, and
    what is graded and unchanged is not graded again. Needs bubblewrap (Linux), or --trusted.

    OUT receives grades.csv, grades.json, class.html and students/ID.html.

    Exit status: 0 done; 1 could not begin or go on; 3 done, but the grader failed on some files or
    they are nobody's.
    """
    with explained(ValueError, OSError, SandboxUnavailableError, ModuleNotFoundError):
        names = tuple(chapters())
        timing = Timing(DueTimes.read(due or [], names), LateRule.read(late) if late else None)
        if late and not due:
            raise ValueError("--late needs --due: when was the work due?")
        students = read_roster(roster, chapters=names, zone=timing.due.zone) if roster else Roster()
        settings = Settings(out, seed, jobs or os.cpu_count() or 1, trusted, force)
        try:
            with results_folder(out):
                result = _graded(paths, settings, students, timing)
                troubles = write_results(result, settings, _pages(names=not no_names))
        except OSError as error:
            raise OSError(f"{error}. {_KEPT}") from None
        if gradebook is not None:
            from course_lib.grading.classroom.nbgrader_export import export_to_gradebook

            export_to_gradebook(result.marks, gradebook)
        _report(result, troubles, out)
    if result.failed or troubles or not all(is_assigned(one) for one in result.marks):
        raise typer.Exit(SOME_NEED_A_LOOK)


def _graded(paths: list[str], settings: Settings, roster: Roster, timing: Timing) -> ClassResult:
    tqdm.monitor_interval = 0  # no thread: the grader forks
    with tqdm(unit="file", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:

        def show(stage: str, done: int, total: int) -> None:
            bar.set_description(stage, refresh=False)
            bar.total = total
            bar.update(done - bar.n)

        result = grade_class(paths, settings, roster=roster, timing=timing, progress=show)
    if not any(one.is_submitted for one in result.marks):
        reasons = "".join(f"\n  {note}" for note in result.notes[:_PROBLEMS_SHOWN])
        raise ValueError(
            f"no submissions (.ipynb, .py or .zip) were found in {', '.join(paths)}{reasons}"
        )
    return result


def _pages(*, names: bool) -> Pages:
    from course_lib.grading.classroom.class_page import class_page
    from course_lib.grading.classroom.similarity import similar_pairs
    from course_lib.grading.classroom.student_page import student_page

    whole_class = partial(class_page, page_folder=STUDENTS, names=names)
    return Pages(student_page, whole_class, similar_pairs)


def _report(result: ClassResult, troubles: list[str], out: Path) -> None:
    """Say what was done, in a table that fits a terminal."""
    found = by_student(result.marks)
    handed_in = [one for one in result.marks if one.is_submitted]
    typer.echo(
        f"{len(handed_in)} submissions of {len(found)} students: "
        f"{result.graded} graded now, {result.reused} known already"
    )
    typer.echo(f"\n{'chapter':<16}{'files':>7}{'points':>8}{'mean':>8}{'median':>8}{'full':>6}")
    for chapter, points in class_chapters(result.marks).items():
        # Files that nobody could read say nothing of the class; they are listed below.
        reached = [m.final_points for m in handed_in if m.chapter == chapter and m.marks]
        mean, middle = (f(reached or [0.0]) for f in (statistics.fmean, statistics.median))
        full = sum(value == points for value in reached)
        line = f"{chapter:<16}{len(reached):>7}{points:>8}{mean:>8.1f}{middle:>8.1f}{full:>6}"
        typer.echo(line)
    if len(found) <= _STUDENTS_SHOWN:
        typer.echo("")
        for own in found.values():
            name = printable(own[0].shown_name)
            total = sum(one.final_points for one in own)
            parts = ", ".join(f"{m.chapter} {m.final_points:g}" for m in own if m.chapter)
            what = parts or printable(own[0].problem)
            typer.echo(f"  {name[:40]:<40}{total:>7.1f}  {what}")
    said = [(m.file, text) for m in handed_in for text in (m.problem, *m.notes) if text]
    lines = [f"{file}: {text}" for file, text in said]
    problems = list(dict.fromkeys([*lines, *result.notes, *troubles]))
    if problems:
        typer.echo("\nHave a look at:")
        for text in problems[:_PROBLEMS_SHOWN]:
            typer.echo(f"  {printable(text)}")
        if len(problems) > _PROBLEMS_SHOWN:
            typer.echo(f"  and {len(problems) - _PROBLEMS_SHOWN} more, in grades.json")
    typer.echo(f"\nGrades:   {out / 'grades.csv'}\nClass:    {out / 'class.html'}")
    typer.echo(f"Students: {out / STUDENTS}")
