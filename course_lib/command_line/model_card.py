"""The card that goes with trained weights: what they are, how they were made, how good they are."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import torch

from course_lib.training import Progress, Run

_TEMPLATE = """# {name}

A GPT-2 of {n_parameters:,} parameters, trained from scratch by the course *GPT Inside Out*.
The files are those of `transformers` (`GPT2LMHeadModel`) and of `course_lib.models.load_gpt2`;
weights are stored as float16.

| | |
|---|---|
| made | {made}, in {hours:.1f} hours of training on {processor} |
| by | `python -m course_lib train {name}` (the settings are in `recipe.toml`), torch {torch} |
| architecture | {n_layers} layers, width {d_model}, {n_heads} heads, context {context_length} |
| tokenizer | byte-level byte-pair encoding, {vocab_size:,} tokens, trained on the training text |
| seed | {seed} |
| updates | {n_steps:,} of {tokens_per_step:,} tokens: {tokens:,} tokens, {passes:.2f} passes |
| rate | {peak:g} after {warmup} steps of warm-up, cosine to {final:g}; AdamW, decay {decay} |

## Data

{data}

{n_train:,} tokens ({train_megabytes:.1f} MB) to train on, {n_held_out:,}
({held_out_megabytes:.2f} MB) held out as whole documents.

## Held-out results

Every held-out token is scored once; all but the first ones have at least half a context before
them.

| model, text | nats per token | perplexity per token | bits per byte |
|---|---|---|---|
{results}

The last loss on a training batch was {last_loss:.3f} nats per token. `log.jsonl` has every update,
`samples.jsonl` texts written along the way, `score.json` the figures above, `curve.png` the losses.

{notes}## What it is for, and what not

For studying how such a model is built and behaves. It knows no facts, repeats the attitudes of its
sources, and writes text that sounds right and means little. Not for use on anybody.

License of the weights: MIT.
"""

_COURSE_DATA = """State of the Union speeches 1790–2026, the Bible in Basic English and the World
English Bible (assets `sotu`, `bbe` and `web`, all in the public domain). Held out are whole
speeches and whole biblical books, the same in both translations, as listed in
`course_lib/data/splits.py`."""


def _result_rows(score: Mapping[str, Any]) -> str:
    rows = []
    for name, values in score["held_out"].items():
        nats, perplexity = values.get("nats_per_token"), values.get("perplexity")
        first = "–" if nats is None else f"{nats:.3f}"
        second = "–" if perplexity is None else f"{perplexity:.1f}"
        rows.append(f"| {name} | {first} | {second} | {values['bits_per_byte']:.3f} |")
    return "\n".join(rows)


def model_card(
    run: Run, history: Sequence[Progress], score: Mapping[str, Any], *, made: date
) -> str:
    """Write the card of a finished run in Markdown."""
    recipe, last = run.recipe, history[-1]
    n_threads = recipe.threads or torch.get_num_threads()
    threads = "1 processor thread" if n_threads == 1 else f"{n_threads} processor threads"
    course = recipe.corpus == "course"
    return _TEMPLATE.format(
        name=recipe.name,
        n_parameters=run.model.n_parameters(),
        made=made.isoformat(),
        hours=last.seconds / 3600,
        processor="a GPU" if run.training.processes.device.type == "cuda" else threads,
        torch=torch.__version__.split("+")[0],
        n_layers=recipe.model.n_layers,
        d_model=recipe.model.d_model,
        n_heads=recipe.model.n_heads,
        context_length=recipe.model.context_length,
        vocab_size=recipe.vocab_size,
        seed=recipe.seed,
        n_steps=recipe.training.n_steps,
        tokens_per_step=recipe.tokens_per_step,
        tokens=last.tokens,
        passes=last.tokens / run.n_train_tokens,
        peak=recipe.training.peak_learning_rate,
        warmup=recipe.training.warmup_steps,
        final=recipe.training.final_learning_rate,
        decay=recipe.training.weight_decay,
        data=_COURSE_DATA if course else f"The texts in the folder `{recipe.corpus}`.",
        n_train=run.n_train_tokens,
        n_held_out=run.n_validation_tokens,
        train_megabytes=score["n_train_bytes"] / 1e6,
        held_out_megabytes=score["n_held_out_bytes"] / 1e6,
        results=_result_rows(score),
        last_loss=last.loss,
        notes=f"## What was tried\n\n{recipe.notes.strip()}\n\n" if recipe.notes else "",
    )
