"""Skip-gram with negative sampling in blocks of text: the loss of `word2vec`, for real corpora.

Two things make it fast. All center words of a block are compared with all words around in one
matrix product, and a mask picks the pairs that stand within reach. And the noise words are drawn
once per block and shared by its pairs, each with a weight so that the loss is the same on average.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_lib.classical.word2vec import SkipGramText, keep_probability, noise_distribution


@dataclass(frozen=True)
class SkipGramSettings:
    """How word vectors are trained.

    Attributes:
        d_vector: entries of a vector.
        window: most words between a center word and a context word, plus one. Each center draws
            its own reach from 1 to this, so near words count more often.
        n_negative: K, the noise words that each pair counts as having.
        n_shared: noise words drawn per block.
        threshold: t of `keep_probability`; 0 keeps every word.
        noise_power: power of `noise_distribution`.
        epochs: passes over the text.
        learning_rate: of the first step; it falls in a straight line to a hundredth. Each word's
            steps are also divided by the root of the sum of its squared gradients so far (Adagrad,
            Duchi, Hazan and Singer 2011), or a word that stands in a block many times would jump.
        block: center words at once.

    Raises:
        ValueError: a setting is out of its range.
    """

    d_vector: int = 64
    window: int = 5
    n_negative: int = 5
    n_shared: int = 64
    threshold: float = 1e-4
    noise_power: float = 0.75
    epochs: int = 5
    learning_rate: float = 0.1
    block: int = 128

    def __post_init__(self) -> None:
        for name in ("d_vector", "window", "n_negative", "n_shared", "epochs", "block"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate must be positive, got {self.learning_rate}")
        if self.threshold < 0:
            raise ValueError(f"threshold must not be negative, got {self.threshold}")


@dataclass(frozen=True)
class SkipGramVectors:
    """The result of training.

    Attributes:
        words: the V words, the most frequent one first.
        inputs: [V D], the vector of each word as a center: the word vectors.
        outputs: [V D], the vector of each word as a context.
        losses: nats per pair, the mean over each hundredth of the training.
    """

    words: tuple[str, ...]
    inputs: Float[Tensor, "V D"]
    outputs: Float[Tensor, "V D"]
    losses: tuple[float, ...]


def block_gradients(
    centers: Float[Tensor, "P D"], others: Float[Tensor, "S D"], is_pair: Bool[Tensor, "P M"],
    n_negative: int,
) -> tuple[Float[Tensor, "P D"], Float[Tensor, "S D"], Float[Tensor, ""]]:  # fmt: skip
    """Return the gradients of a block's loss for its two matrices, and the loss in nats.

    The first M rows u_s of `others` are the words around, the last N = S − M the noise words. The
    loss is Σ over pairs (−ln σ(u_s · v_p) − K/N Σₙ ln σ(−uₙ · v_p)): each of the N shared noise
    words stands for K/N words drawn for the pair alone.
    """
    n_around = is_pair.shape[1]
    weight = torch.empty(len(centers), len(others))
    weight[:, :n_around] = is_pair
    shared = n_negative / (len(others) - n_around)
    weight[:, n_around:] = weight[:, :n_around].sum(dim=1, keepdim=True) * shared
    scores = centers @ others.T
    wrong = torch.sigmoid(scores)
    wrong[:, :n_around] -= 1
    wrong *= weight
    scores[:, :n_around] *= -1
    loss = (F.softplus(scores) * weight).sum()
    return wrong @ others, wrong.T @ centers, loss


def train_skip_gram(
    text: SkipGramText,
    settings: SkipGramSettings | None = None,
    *,
    generator: torch.Generator | None = None,
    progress: Callable[[float], None] | None = None,
) -> SkipGramVectors:
    """Learn word vectors from a text.

    Args:
        text: numbered words.
        settings: sizes and rates.
        generator: source of all randomness; the same seed gives the same vectors.
        progress: called with the share done, about a hundred times.

    Raises:
        ValueError: the text has fewer than two words.
    """
    settings = settings or SkipGramSettings()
    if len(text.tokens) < 2:
        raise ValueError(f"text has {len(text.tokens)} words; skip-gram needs at least two")
    shape = (len(text.words), settings.d_vector)
    inputs = (torch.rand(shape, generator=generator) - 0.5) / settings.d_vector
    outputs = torch.zeros(shape)
    input_squares, output_squares = torch.zeros(shape[0]), torch.zeros(shape[0])
    noise = torch.from_numpy(noise_distribution(text.counts, power=settings.noise_power)).float()
    report = _Report(progress)
    for epoch in range(settings.epochs):
        tokens, texts = _thinned(text, settings.threshold, generator)
        reach = torch.randint(1, settings.window + 1, tokens.shape, generator=generator)
        starts = range(0, len(tokens), settings.block)
        drawn = torch.multinomial(
            noise, settings.n_shared * len(starts), replacement=True, generator=generator
        ).view(len(starts), -1)
        for number, start in enumerate(starts):
            share = (epoch + number / len(starts)) / settings.epochs
            rate = settings.learning_rate * max(1 - share, 0.01)
            end = min(start + settings.block, len(tokens))
            low, high = max(0, start - settings.window), min(len(tokens), end + settings.window)
            is_pair = _pairs(texts, reach, (start, end), (low, high))
            center, others = tokens[start:end], torch.cat([tokens[low:high], drawn[number]])
            for_center, for_others, loss = block_gradients(
                inputs[center], outputs[others], is_pair, settings.n_negative
            )
            _step(inputs, input_squares, center, for_center, rate)
            _step(outputs, output_squares, others, for_others, rate)
            report.add(share, loss, is_pair)
    return SkipGramVectors(text.words, inputs, outputs, report.losses())


def _step(
    vectors: Float[Tensor, "V D"],
    squares: Float[Tensor, " V"],
    rows: Int[Tensor, " R"],
    gradients: Float[Tensor, "R D"],
    rate: float,
) -> None:
    """Move rows against their gradients, each by its own rate (Adagrad); a row may come twice."""
    squares.index_add_(0, rows, gradients.square().mean(dim=1))
    sizes = rate / (squares[rows].sqrt() + 1e-8)
    vectors.index_add_(0, rows, gradients * sizes[:, None], alpha=-1.0)


def _thinned(
    text: SkipGramText, threshold: float, generator: torch.Generator | None
) -> tuple[Int[Tensor, " N"], Int[Tensor, " N"]]:
    """The tokens that stay in this pass, and the numbers of their texts."""
    tokens, texts = torch.from_numpy(text.tokens), torch.from_numpy(text.texts)
    if threshold == 0:
        return tokens, texts
    chances = torch.from_numpy(keep_probability(text.counts, threshold=threshold))[tokens]
    kept = torch.rand(tokens.shape, generator=generator, dtype=torch.float64) < chances
    return tokens[kept], texts[kept]


def _pairs(
    texts: Int[Tensor, " N"],
    reach: Int[Tensor, " N"],
    centers: tuple[int, int],
    around: tuple[int, int],
) -> Bool[Tensor, "P S"]:
    """Which words around are within the reach of which center, in the same text."""
    here, there = torch.arange(*centers)[:, None], torch.arange(*around)[None, :]
    distance = (here - there).abs()
    near = (distance > 0) & (distance <= reach[slice(*centers), None])
    return near & (texts[slice(*centers), None] == texts[None, slice(*around)])


class _Report:
    """Mean loss over each hundredth of the training."""

    def __init__(self, progress: Callable[[float], None] | None) -> None:
        self.progress = progress
        self.total, self.pairs = torch.zeros(100), torch.zeros(100)
        self.last = -1

    def add(self, share: float, loss: Tensor, is_pair: Tensor) -> None:
        part = int(share * 100)
        self.total[part] += loss
        self.pairs[part] += is_pair.sum()
        if part != self.last and self.progress is not None:
            self.progress(share)
        self.last = part

    def losses(self) -> tuple[float, ...]:
        seen = self.pairs > 0
        return tuple((self.total[seen] / self.pairs[seen]).tolist())
