"""Errors as a user should see them: one paragraph, no traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def explained(*kinds: type[Exception]) -> Iterator[None]:
    """Turn the given errors into one paragraph and exit status 1, an interruption into 130."""
    try:
        yield
    except kinds as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Interrupted. Nothing is damaged: run the same command again.", err=True)
        raise typer.Exit(130) from None
