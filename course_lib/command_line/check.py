"""``check``: run one's own notebook the way the grader would."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from course_lib.command_line.errors import explained
from course_lib.exercises import chapters
from course_lib.grading.classroom.archives import UnreadableError
from course_lib.grading.classroom.chapter_names import chapters_held, chapters_in
from course_lib.grading.classroom.collect import printable
from course_lib.grading.classroom.marking import Runner, mark_exercise
from course_lib.grading.classroom.notebook import Notebook, read_notebook
from course_lib.grading.classroom.reading import Found, Reader
from course_lib.grading.classroom.results import ExerciseMark
from course_lib.grading.isolation import Sandbox, SandboxUnavailableError
from course_lib.grading.result import CheckResult


def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook or .py file.")],
    seed: Annotated[int, typer.Option(help="The hidden inputs vary with it.")] = 0,
    trusted: Annotated[
        bool, typer.Option("--trusted", help="Without isolation, also where there could be one.")
    ] = False,
) -> None:
    """Check your own notebook as the grader would: only what the exercises need is run, afresh.

    Besides the cases of the chapter others are tried, whose inputs are not shown. Nothing is kept
    of it. Where bubblewrap is missing, your code runs without isolation: it is your own.
    """
    with explained(ValueError, OSError, UnreadableError):
        read, chosen = _read(notebook)
        for note in read.notes:
            typer.echo(f"Note: {note}")
        with ExitStack() as stack:
            sandbox, words = _enter(stack, trusted=trusted)
            typer.echo(f"{notebook.name}: {', '.join(chosen)}; {words}\n")
            marks = []
            for chapter in chosen:
                for exercise in chapters()[chapter]:
                    mark = mark_exercise(sandbox, exercise, read.cells, seed)
                    typer.echo(f"{printable_lines(card(mark))}\n")
                    marks.append(mark)
        points = round(sum(mark.points for mark in marks), 1)
        typer.echo(f"In all: {points:g}/{sum(mark.max_points for mark in marks)} points.")


def _read(path: Path) -> tuple[Notebook, list[str]]:
    """The notebook, and the chapters it has exercises of."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; name the notebook, or use the command grade")
    if not path.exists():
        raise ValueError(f"there is no {path}")
    if path.suffix.lower() == ".zip":
        raise ValueError(f"{path} is a zip; name the notebook, or use the command grade")
    path = path.resolve()
    with Reader() as reader:
        content = reader.read(Found((path.name,), str(path)))
    read = read_notebook(content, path.name)
    if read.problem:
        raise ValueError(f"{path.name}: {read.problem}")
    held = chapters_held(read)
    named = chapters_in(path.stem)[0]
    wanted = (held & named) or held or named
    if not wanted:
        raise ValueError(f"{path.name} holds no exercise of the course")
    return read, [name for name in chapters() if name in wanted]


def _enter(stack: ExitStack, *, trusted: bool) -> tuple[Runner, str]:
    """A sandbox that has started, or a process without isolation, and words on which it is."""
    if trusted:
        return stack.enter_context(Sandbox(trusted=True)), "run without isolation, as you asked"
    try:
        return stack.enter_context(Sandbox()), "run in isolation, as a class is graded"
    except SandboxUnavailableError as error:
        words = f"run without isolation, which is not to be had here: {error}"
        return stack.enter_context(Sandbox(trusted=True)), words


def card(mark: ExerciseMark) -> str:
    """Return the mark as the text that ``check`` shows in a notebook, with the hidden cases."""
    notices = list(mark.notes)
    if mark.hidden_problem:
        right = f"{mark.hidden_right} of {mark.hidden_cases} hidden cases right"
        notices.insert(0, f"{right}; the first that is not: {mark.hidden_problem}")
    if mark.status == "missing":
        name = mark.exercise_id.partition(".")[2]
        head = f"○ {mark.title}: {name} is not in the notebook, 0/{mark.max_points} points"
        return "\n".join([head, *(f"  Note: {notice}" for notice in notices)])
    return repr(
        CheckResult(
            exercise_id=mark.exercise_id,
            title=mark.title,
            status=mark.status,
            points=mark.points,
            max_points=mark.max_points,
            right=mark.public_right + mark.hidden_right,
            cases=mark.public_cases + mark.hidden_cases,
            failure=mark.failure,
            cause=mark.cause,
            cause_name=mark.cause_name,
            notices=tuple(notices),
            violations=mark.violations,
        )
    )


def printable_lines(text: str) -> str:
    """Return a text whose lines hold nothing that steers a terminal."""
    return "\n".join(printable(line) for line in text.split("\n"))
