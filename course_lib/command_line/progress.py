"""``progress``: show what is done, make a record of it, forget some of it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from course_lib.command_line.errors import explained


def progress(
    reset: Annotated[
        str | None,
        typer.Option(
            help="Forget an exercise (attention.softmax), a chapter (attention), or all.",
            metavar="NAME",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --reset all.")] = False,
    save: Annotated[
        Path | None,
        typer.Option(help="Write a record to print: .html, .png or .pdf.", metavar="FILE"),
    ] = None,
    name: Annotated[str, typer.Option(help="Your name, for the record only.")] = "",
) -> None:
    """Show points, attempts and hints by part and chapter, and what comes next.

    Everything lies in one file on this computer, and nothing is sent anywhere.
    """
    from course_lib.grading.learner import completion_record
    from course_lib.grading.learner import progress as current
    from course_lib.grading.learner import reset as forget

    for stream in (sys.stdout, sys.stderr):  # signs that a terminal cannot show become "?"
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if reset is not None and save is not None:
        raise typer.BadParameter("give --reset or --save, not both")
    with explained(ValueError, OSError):
        if reset is not None:
            _ask(reset, yes=yes)
            typer.echo(forget(None if reset == "all" else reset))
            typer.echo(f"Forgotten: {reset}")
            return
        if save is not None:
            record = completion_record(name)
            typer.echo(f"{record.save(save)}: {record.summary}")
            return
        typer.echo(current())


def _ask(what: str, *, yes: bool) -> None:
    if what != "all" or yes:
        return
    from course_lib.grading.record import read_entries

    entries, _ = read_entries()
    question = f"Forget all points, attempts and hints ({len(entries)} exercises)?"
    if not typer.confirm(question, default=False):
        typer.echo("Nothing was changed.")
        raise typer.Exit(1)
