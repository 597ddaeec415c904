"""One of many small runs on the course's texts: a model, how much it reads, and what it reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from course_lib.assets import checkpoint_path
from course_lib.config import TransformerConfig
from course_lib.data import ShuffledBatches, course_corpus, encode_documents
from course_lib.models.transformer import Transformer
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training.loop import Training
from course_lib.training.memory import keep_freed_memory
from course_lib.training.recipe import END_OF_TEXT, HeldOutLoss
from course_lib.training.settings import TrainingConfig

BATCH_SIZE = 4
HELD_OUT_CHARACTERS = 6_000
"""Of each held-out document, its beginning."""
CURVE_POINTS = 40


@cache
def small_tokenizer(vocab_size: int) -> BytePairTokenizer:
    """Return the tokenizer of the course's GPT, cut to its first merges.

    Merges are learned one by one, so these are the merges that training with this size gives.

    Raises:
        ValueError: vocab_size is below 257, or larger than the tokenizer.
    """
    whole = BytePairTokenizer.load(checkpoint_path("course-gpt"))
    if not 257 <= vocab_size <= whole.vocab_size:
        raise ValueError(f"vocab_size is {vocab_size}; it must be from 257 to {whole.vocab_size}")
    return BytePairTokenizer(whole.merges[: vocab_size - 257], special_tokens=[END_OF_TEXT])


def matrix_parameters(config: TransformerConfig) -> int:
    """Count the parameters that take part in matrix products: all but learned positions."""
    with torch.device("meta"):
        total = Transformer(config).n_parameters()
    learned = config.positions == "learned"
    return total - config.context_length * config.d_model * learned


def held_out_score(
    model: nn.Module, tokenizer: BytePairTokenizer, context_length: int
) -> dict[str, float]:
    """Return nats per token and bits per byte on the beginnings of the held-out documents."""
    texts = [document.text[:HELD_OUT_CHARACTERS] for document in course_corpus().validation]
    end = tokenizer.special_tokens[END_OF_TEXT]
    ids = np.concatenate([np.array([end, *tokenizer.encode(text)]) for text in texts])
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    nats = HeldOutLoss(ids, context_length)(model.eval())
    bits = nats * len(ids) / n_bytes / math.log(2)
    return {"nats": round(nats, 4), "bits_per_byte": round(bits, 4)}


@dataclass(frozen=True)
class ShortRun:
    """A model that is to be trained on the course's texts, and how.

    Attributes:
        config: of the model; its vocabulary is that of `small_tokenizer`.
        tokens: how many it reads, in batches of four windows of the context's length.
        rate: peak learning rate, after a warm-up of a tenth of the updates, at most 200; it falls
            along a cosine to a twentieth.
        seed: of the weights and of the order of the windows.
    """

    config: TransformerConfig
    tokens: int
    rate: float
    seed: int = 0

    @property
    def n_steps(self) -> int:
        """Updates, from the tokens."""
        return round(self.tokens / BATCH_SIZE / self.config.context_length)

    def training(self) -> Training:
        """Return the training at its beginning."""
        tokenizer = small_tokenizer(self.config.vocab_size)
        end = tokenizer.special_tokens[END_OF_TEXT]
        text = encode_documents(course_corpus().train, tokenizer, end_of_text=end)
        draws = torch.Generator().manual_seed(self.seed)
        settings = TrainingConfig(
            n_steps=self.n_steps,
            peak_learning_rate=self.rate,
            final_learning_rate=self.rate / 20,
            warmup_steps=min(200, self.n_steps // 10),
            betas=(0.9, 0.99),
        )
        model = Transformer(self.config, generator=torch.Generator().manual_seed(self.seed))
        batches = ShuffledBatches(text, BATCH_SIZE, self.config.context_length, generator=draws)
        return Training(model, batches, settings)

    def make(self) -> dict[str, Any]:
        """Train on one thread; return sizes, settings, curve and held-out score as plain data.

        The curve has up to 40 points: tokens read, and the mean training loss since the last one.
        """
        keep_freed_memory()
        torch.set_num_threads(1)
        training = self.training()
        history = list(training.steps())
        ends = np.linspace(0, self.n_steps, CURVE_POINTS + 1).astype(int).tolist()
        pieces = [history[a:b] for a, b in pairwise(ends) if b > a]
        size = matrix_parameters(self.config)
        tokenizer = small_tokenizer(self.config.vocab_size)
        return {
            "width": self.config.d_model,
            "layers": self.config.n_layers,
            "parameters": size,
            "tokens": history[-1].tokens,
            "operations": 6 * size * history[-1].tokens,
            "updates": self.n_steps,
            "rate": self.rate,
            "seed": self.seed,
            "seconds": round(history[-1].seconds),
            "curve": [
                [piece[-1].tokens, round(sum(p.loss for p in piece) / len(piece), 3)]
                for piece in pieces
            ],
            **held_out_score(training.model, tokenizer, self.config.context_length),
        }
