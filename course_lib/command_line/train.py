"""``train``: run a recipe, and go on where it was stopped."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from course_lib.assets import AssetError, checkpoint_path
from course_lib.command_line.errors import explained
from course_lib.command_line.model_card import model_card
from course_lib.command_line.training_report import (
    add_sample,
    sample,
    score_run,
    write_curve,
    write_log,
    write_text,
)
from course_lib.models import save_gpt2
from course_lib.training import Run, join_processes, keep_freed_memory, prepare, read_recipe


def train(
    recipe: Annotated[
        str, typer.Argument(help="A TOML file, or the name of a model that comes with the course.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run; by default runs/ and its name.")
    ] = None,
    samples: Annotated[
        bool, typer.Option("--samples", help="Print a text at every measurement.")
    ] = False,
) -> None:
    """Train a model from a recipe, with held-out losses, a curve, and states to resume from.

    Run the same command again to go on after an interruption. The folder of the run receives
    log.jsonl, samples.jsonl, curve.png and, at the end, score.json and model/, which `load_gpt2`
    and transformers read.
    """
    with explained(AssetError, OSError, ValueError, FloatingPointError):
        settings = read_recipe(_recipe_file(recipe))
        folder = out or Path("runs") / settings.name
        keep_freed_memory()
        processes = join_processes()
        run = prepare(settings, folder, processes=processes)
        if processes.is_main:
            _report_start(run)
        _follow(run, folder, samples=samples and processes.is_main)
        if processes.is_main:
            _finish(run, folder)
        processes.leave()


def _recipe_file(recipe: str) -> Path:
    path = Path(recipe)
    if path.suffix == ".toml" or path.exists():
        return path
    return checkpoint_path(recipe) / "recipe.toml"


def _report_start(run: Run) -> None:
    recipe, training = run.recipe, run.training
    n_parameters = run.model.n_parameters()
    total = recipe.training.n_steps * recipe.tokens_per_step
    typer.echo(
        f"{recipe.name}: {n_parameters:,} parameters; {run.n_train_tokens:,} training and "
        f"{run.n_validation_tokens:,} held-out tokens; {recipe.training.n_steps:,} steps of "
        f"{recipe.tokens_per_step:,} tokens = {total / run.n_train_tokens:.2f} passes"
    )
    if training.step:
        typer.echo(f"goes on after step {training.step:,}")


def _follow(run: Run, folder: Path, *, samples: bool) -> None:
    main = run.training.processes.is_main
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} {task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not main) as bar:
        task = bar.add_task(
            run.recipe.name,
            total=run.recipe.training.n_steps,
            completed=run.training.step,
            note="",
        )
        for update in run.training.steps():
            speed = update.tokens / max(update.seconds, 1e-9)
            note = f"loss {update.loss:.3f}, {speed:,.0f} tokens/s"
            bar.update(task, completed=update.step, note=note)
            if update.validation_loss is not None and main:
                console.print(f"step {update.step:,}: held-out loss {update.validation_loss:.4f}")
                write_log(run.training.history, folder / "log.jsonl")
                write_curve(run.training.history, folder / "curve.png")
                text = sample(run.model, run.tokenizer, run.recipe)
                add_sample(folder / "samples.jsonl", update.step, text)
                if samples:
                    console.print(text, markup=False, highlight=False)


def _finish(run: Run, folder: Path) -> None:
    save_gpt2(run.model, folder / "model", dtype=torch.float16)
    run.tokenizer.save(folder / "model")
    typer.echo("scores the held-out text, against a trigram model and a compressor")
    score = score_run(run.model, run.tokenizer, run.recipe)
    write_text(folder / "score.json", json.dumps(score, indent=2) + "\n")
    for name, values in score["held_out"].items():
        typer.echo(f"{name}: {values['bits_per_byte']:.3f} bits per byte")
    card = model_card(run, run.training.history, score, made=date.today())
    write_text(folder / "model" / "card.md", card)
    for name in ("log.jsonl", "samples.jsonl", "score.json", "curve.png"):
        if (folder / name).exists():
            shutil.copyfile(folder / name, folder / "model" / name)
    typer.echo(f"{folder / 'model'}: done")
