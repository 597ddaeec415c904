"""The command line: a table of commands, of which only the one called is imported.

To add a command, write its function (with typer's annotations) in a module of this folder and add
a line to ``COMMANDS``.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer


@dataclass(frozen=True)
class Command:
    """Where a command's function lies, and one line on what it does."""

    module: str
    function: str
    summary: str

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.function)
        return function


COMMANDS = {
    "fetch": Command("course_lib.command_line.assets", "fetch", "Fetch data and models."),
    "list": Command("course_lib.command_line.assets", "list_assets", "List data and models."),
    "verify": Command("course_lib.command_line.assets", "verify", "Check what was fetched."),
    "where": Command(
        "course_lib.command_line.assets", "where", "Say where things lie on the disk."
    ),
    "progress": Command(
        "course_lib.command_line.progress", "progress", "Show points and what is next."
    ),
    "check": Command(
        "course_lib.command_line.check", "check", "Run your own notebook as the grader would."
    ),
    "grade": Command("course_lib.command_line.grade", "grade", "Grade the notebooks of a class."),
    "train": Command("course_lib.command_line.train", "train", "Train a model from a config."),
    "evaluate": Command(
        "course_lib.command_line.evaluate", "evaluate", "Score a language model on held-out text."
    ),
}


def build_app(wanted: str | None = None) -> typer.Typer:
    """The typer application, with the function of ``wanted`` and only the names of the others."""
    app = typer.Typer(
        name="python -m course_lib",
        help="Commands of the course GPT Inside Out.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    app.callback()(_no_command)  # with a callback, a lone command keeps its name
    for name, command in COMMANDS.items():
        function = command.load() if name == wanted else _not_loaded
        app.command(name, help=None if name == wanted else command.summary)(function)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with the command's status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    wanted = next((word for word in words if not word.startswith("-")), None)
    build_app(wanted)(words)


def _no_command() -> None:
    pass


def _not_loaded() -> None:
    raise RuntimeError("this command was listed, not loaded; call main with its name first")
