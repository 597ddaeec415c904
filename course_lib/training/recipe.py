"""A whole training run from one file: text, tokenizer, model, schedule."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course_lib.config import GPT2Config, check_positive
from course_lib.data import Document, ShuffledBatches, Splits, course_corpus, encode_documents
from course_lib.models.gpt2 import GPT2
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training.distributed import Processes, join_processes
from course_lib.training.loop import Training
from course_lib.training.loss import next_token_loss
from course_lib.training.settings import TrainingConfig

END_OF_TEXT = "<|endoftext|>"


@dataclass(frozen=True)
class Recipe:
    """What a run is made of; the same recipe gives the same weights.

    Attributes:
        name: of the run and its folder.
        corpus: "course" for the course's own texts, or a folder of `.txt` files, each a document.
        vocab_size: V of the tokenizer that is trained on the training text.
        batch_size: rows of context_length tokens per update, over all processes.
        model: sizes of the GPT-2.
        training: length and rates.
        seed: draws weights, batches and dropout.
        threads: processor threads; 0 leaves PyTorch's choice. The sums of another number of
            threads round differently.
        validation_tokens: how many held-out tokens the losses during training are measured on.
        prompt: what the samples during training begin with.
        notes: what was tried and why it is so, for the card of the weights.

    Raises:
        ValueError, TypeError: a setting is missing, unknown or out of its range.
    """

    name: str
    corpus: str
    vocab_size: int
    batch_size: int
    model: GPT2Config
    training: TrainingConfig
    seed: int = 1
    threads: int = 0
    validation_tokens: int = 50_000
    prompt: str = "The"
    notes: str = ""

    def __post_init__(self) -> None:
        for name in ("vocab_size", "batch_size", "validation_tokens"):
            check_positive(name, getattr(self, name))
        if self.model.vocab_size != self.vocab_size:
            raise ValueError(
                f"model.vocab_size is {self.model.vocab_size} and vocab_size {self.vocab_size}; "
                f"leave model.vocab_size out"
            )

    @property
    def tokens_per_step(self) -> int:
        """Targets learned from in one update."""
        return self.batch_size * self.model.context_length


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from a TOML file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not TOML, or a setting is missing, unknown or out of its range.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no recipe {path}")
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        model = GPT2Config.from_dict({"vocab_size": values["vocab_size"]} | values.pop("model"))
        training = _settings(TrainingConfig, values.pop("training"))
        recipe: Recipe = _settings(Recipe, values | {"model": model, "training": training})
        return recipe
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not valid TOML: {error}") from error
    except KeyError as error:
        raise ValueError(f"{path}: the setting {error.args[0]!r} is missing") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _settings(kind: Any, values: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"unknown setting {unknown[0]!r}; known: {', '.join(sorted(known))}")
    # TOML has lists where the settings are tuples.
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def recipe_documents(recipe: Recipe) -> Splits:
    """Read the recipe's texts, divided into training and validation documents.

    Of a folder, every twentieth file in the order of names is held out, the first one included.

    Raises:
        AssetMissingError: a text of the course was not fetched yet.
        FileNotFoundError: the folder does not exist or has fewer than two texts.
    """
    if recipe.corpus == "course":
        return course_corpus()
    files = sorted(Path(recipe.corpus).glob("*.txt"))
    if len(files) < 2:
        raise FileNotFoundError(f"corpus: {recipe.corpus} must be a folder with 2 or more .txt")
    documents = [Document(file.stem, file.read_text(encoding="utf-8")) for file in files]
    return Splits(
        train=[document for i, document in enumerate(documents) if i % 20],
        validation=documents[::20],
    )


@dataclass(frozen=True)
class Run:
    """A recipe made ready: everything `Training` needs, and the tokenizer.

    Attributes:
        recipe: what was asked for.
        tokenizer: trained on the training documents, or read from the run's folder.
        model: what is trained.
        training: the training, at its beginning or where it was stopped.
        n_train_tokens: tokens of one pass over the training documents.
        n_validation_tokens: held-out tokens in all.
    """

    recipe: Recipe
    tokenizer: BytePairTokenizer
    model: GPT2
    training: Training
    n_train_tokens: int
    n_validation_tokens: int


def prepare(recipe: Recipe, folder: str | Path, *, processes: Processes | None = None) -> Run:
    """Train or read the tokenizer, encode the texts, and build or resume the training.

    Args:
        recipe: what to do.
        folder: where the tokenizer and the states of this run are kept.
        processes: see `Training`.

    Raises:
        ValueError: the texts are too short for the recipe, or `folder` holds another run.
    """
    processes = processes or join_processes()
    folder = Path(folder)
    if recipe.threads:
        torch.set_num_threads(recipe.threads)
    splits = recipe_documents(recipe)
    if processes.is_main:
        _make_tokenizer(recipe, splits, folder / "tokenizer")
    processes.wait()
    tokenizer = BytePairTokenizer.load(folder / "tokenizer")
    end = tokenizer.special_tokens[END_OF_TEXT]
    train, held_out = (
        encode_documents(part, tokenizer, end_of_text=end, folder=folder / "tokens")
        for part in (splits.train, splits.validation)
    )
    torch.manual_seed(recipe.seed + processes.rank)
    batches = ShuffledBatches(
        train,
        recipe.batch_size,
        recipe.model.context_length,
        generator=torch.Generator().manual_seed(recipe.seed),
    )
    model = GPT2(recipe.model, generator=torch.Generator().manual_seed(recipe.seed))
    training = Training(
        model,
        batches,
        recipe.training,
        validation=HeldOutLoss(held_out[: recipe.validation_tokens], recipe.model.context_length),
        folder=folder / "states",
        processes=processes,
    )
    return Run(recipe, tokenizer, model, training, len(train), len(held_out))


def _make_tokenizer(recipe: Recipe, splits: Splits, folder: Path) -> None:
    if (folder / "vocab.json").is_file():
        return
    texts = [document.text for document in splits.train]
    tokenizer = BytePairTokenizer.train(texts, recipe.vocab_size, special_tokens=[END_OF_TEXT])
    if tokenizer.vocab_size != recipe.vocab_size:
        raise ValueError(
            f"vocab_size: the texts have pairs for {tokenizer.vocab_size} tokens only, "
            f"not {recipe.vocab_size}; use more text or a smaller vocabulary"
        )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(folder)


class HeldOutLoss:
    """Mean loss of a model over windows of held-out tokens, each read from its own beginning.

    Raises:
        ValueError: there are not enough tokens for one window.
    """

    def __init__(self, tokens: Any, context_length: int, *, batch_size: int = 16) -> None:
        row = torch.as_tensor(tokens.astype("int64"))
        n_windows = (len(row) - 1) // context_length
        if n_windows < 1:
            raise ValueError(
                f"{len(row)} held-out tokens do not fill one window of {context_length}"
            )
        cut = n_windows * context_length
        self.inputs = torch.split(row[:cut].view(n_windows, context_length), batch_size)
        self.targets = torch.split(row[1 : cut + 1].view(n_windows, context_length), batch_size)

    @torch.no_grad()
    def __call__(self, model: nn.Module) -> float:
        """Measure, in nats per token."""
        device = next(model.parameters()).device
        total, count = 0.0, 0
        for inputs, targets in zip(self.inputs, self.targets, strict=True):
            loss = next_token_loss(model(inputs.to(device)), targets.to(device))
            total += float(loss) * targets.numel()
            count += targets.numel()
        return total / count
