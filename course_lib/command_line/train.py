"""``train``: run a recipe, and go on where it was stopped."""

import json
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from course_lib.assets import AssetError, checkpoint_path
from course_lib.command_line.errors import explained
from course_lib.generation import SamplingConfig, generate
from course_lib.models import save_gpt2
from course_lib.training import Progress as Update
from course_lib.training import Run, join_processes, prepare, read_recipe


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
    log.jsonl, curve.png and, at the end, model/, which `load_gpt2` and transformers read.
    """
    with explained(AssetError, OSError, ValueError, FloatingPointError):
        settings = read_recipe(_recipe_file(recipe))
        folder = out or Path("runs") / settings.name
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
                _write_log(run.training.history, folder)
                if samples:
                    console.print(_sample(run), markup=False, highlight=False)


def _sample(run: Run) -> str:
    """Write 40 tokens without touching the random state of the training."""
    model = run.model
    training_mode = model.training
    model.eval()
    (ids,) = generate(
        model,
        [run.tokenizer.encode(run.recipe.prompt)],
        max_new_tokens=40,
        sampling=SamplingConfig(temperature=0.8, top_k=50),
        generator=torch.Generator().manual_seed(run.recipe.seed),
    )
    model.train(training_mode)
    return run.tokenizer.decode(ids)


def _write_log(history: list[Update], folder: Path) -> None:
    from course_lib.plots import loss_curve, png_bytes

    lines = [
        {
            "step": update.step,
            "tokens": update.tokens,
            "loss": round(update.loss, 4),
            "learning_rate": float(f"{update.learning_rate:.4g}"),
            "gradient_norm": round(update.gradient_norm, 4),
            "seconds": round(update.seconds, 1),
            "validation_loss": None
            if update.validation_loss is None
            else round(update.validation_loss, 4),
        }
        for update in history
    ]
    partial = folder / "log.jsonl.partial"
    partial.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    partial.replace(folder / "log.jsonl")
    held_out = [update for update in history if update.validation_loss is not None]
    curves: dict[str, tuple[object, object]] = {
        "training": ([u.tokens for u in history], [u.loss for u in history]),
        "held out": ([u.tokens for u in held_out], [u.validation_loss for u in held_out]),
    }
    (folder / "curve.png").write_bytes(png_bytes(loss_curve(curves, smooth=["training"])))


def _finish(run: Run, folder: Path) -> None:
    model = run.model
    save_gpt2(model, folder / "model", dtype=torch.float16)
    run.tokenizer.save(folder / "model")
    last = run.training.history[-1]
    typer.echo(f"{folder / 'model'}: done; held-out loss {last.validation_loss:.4f} nats per token")
