"""What a training run leaves behind to be read: log, curve, samples and the final score."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from course_lib.data import Document
from course_lib.evaluation import LanguageModelScore, TrigramModel, lzma_bits_per_byte, perplexity
from course_lib.generation import SamplingConfig, generate
from course_lib.models import GPT2
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import Progress, Recipe
from course_lib.training.recipe import END_OF_TEXT, recipe_documents


def write_text(path: Path, text: str) -> None:
    """Write a file in one step."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_log(history: Sequence[Progress], path: Path) -> None:
    """Write one line of JSON for each update."""
    lines = [
        {
            "step": update.step,
            "tokens": update.tokens,
            "loss": round(update.loss, 4),
            "learning_rate": float(f"{update.learning_rate:.4g}"),
            "gradient_norm": round(update.gradient_norm, 4),
            "seconds": round(update.seconds, 1),
        }
        | (
            {}
            if update.validation_loss is None
            else {"validation_loss": round(update.validation_loss, 4)}
        )
        for update in history
    ]
    write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


def write_curve(history: Sequence[Progress], path: Path) -> None:
    """Draw the losses of the run."""
    from course_lib.plots import loss_curve, png_bytes

    held_out = [update for update in history if update.validation_loss is not None]
    curves: dict[str, tuple[object, object]] = {
        "training": ([u.tokens for u in history], [u.loss for u in history]),
        "held out": ([u.tokens for u in held_out], [u.validation_loss for u in held_out]),
    }
    path.write_bytes(png_bytes(loss_curve(curves, smooth=["training"])))


def sample(model: GPT2, tokenizer: BytePairTokenizer, recipe: Recipe, n_tokens: int = 60) -> str:
    """Continue the recipe's prompt; the training's own random state is not touched."""
    (ids,) = generate(
        model,
        [[tokenizer.special_tokens[END_OF_TEXT], *tokenizer.encode(recipe.prompt)]],
        max_new_tokens=min(n_tokens, recipe.model.context_length // 2),
        sampling=SamplingConfig(temperature=0.8, top_k=50),
        generator=torch.Generator().manual_seed(recipe.seed),
    )
    return recipe.prompt + tokenizer.decode(ids)


def add_sample(path: Path, step: int, text: str) -> None:
    """Append a sample; one of the same step, from before an interruption, is replaced."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if json.loads(line)["step"] < step]
    new = json.dumps({"step": step, "text": text}, ensure_ascii=False)
    write_text(path, "\n".join([*kept, new]) + "\n")


def _row(documents: Sequence[Document], tokenizer: BytePairTokenizer) -> tuple[torch.Tensor, int]:
    """All tokens of some documents, an end-of-text token first and after each, and their bytes."""
    end = tokenizer.special_tokens[END_OF_TEXT]
    ids = [end]
    for document in documents:
        ids += [*tokenizer.encode(document.text), end]
    return torch.tensor(ids), sum(len(document.text.encode()) for document in documents)


def _values(score: LanguageModelScore) -> dict[str, Any]:
    return {
        "n_tokens": score.n_tokens,
        "nats_per_token": round(score.nats_per_token, 4),
        "perplexity": round(score.perplexity, 2),
        "bits_per_byte": round(score.bits_per_byte, 4),
    }


def score_run(model: GPT2, tokenizer: BytePairTokenizer, recipe: Recipe) -> dict[str, Any]:
    """Score all held-out text, whole and by source, and the baselines on the same text.

    Returns:
        `held_out`: for the model on each source ("sotu", …) and on all, and for the baselines on
        all: tokens scored, nats per token, perplexity per token and bits per byte. The source of a
        document is the first part of its id.
    """
    splits = recipe_documents(recipe)
    sources: dict[str, list[Document]] = {"all": splits.validation}
    for document in splits.validation:
        sources.setdefault(document.id.split("/")[0], []).append(document)
    held_out: dict[str, Any] = {}
    for name, documents in sources.items():
        row, n_bytes = _row(documents, tokenizer)
        score = perplexity(model, row, n_bytes=n_bytes, context_length=recipe.model.context_length)
        held_out[f"model, {name}"] = _values(score)
    train, _ = _row(splits.train, tokenizer)
    row, n_bytes = _row(splits.validation, tokenizer)
    trigram = TrigramModel.fit(train.numpy(), tokenizer.vocab_size)
    held_out["trigram, all"] = _values(trigram.score(row.numpy(), n_bytes=n_bytes))
    text, test = (
        "\n".join(document.text for document in part).encode()
        for part in (splits.train, splits.validation)
    )
    held_out["lzma, all"] = {"bits_per_byte": round(lzma_bits_per_byte(text, test), 4)}
    return {"held_out": held_out, "n_train_bytes": len(text), "n_held_out_bytes": len(test)}
