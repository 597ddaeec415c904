"""The failure lab's workshop: stacks of pre-norm blocks in which one block has one planted bug."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HEALTHY = "none"
BUGS = (
    "residual",  # attention's result replaces the stream
    "norm_axis",  # normalized over the positions, not over the features
    "scaling",  # scores are not divided by the root of the head size
    "mask",  # each position sees itself and what comes after it
    "dropout",  # drops when it evaluates too
    "shared",  # has the weights of the block before it
    "projection",  # the joined heads skip the output matrix
    "activation",  # nothing between widen and narrow
)
MATRICES = ("query_key_value", "output", "widen", "narrow")


@dataclass(frozen=True)
class StackSizes:
    """Sizes of a stack: blocks, D, H, F, and the probability of dropout."""

    n_blocks: int = 4
    d_model: int = 64
    n_heads: int = 4
    d_ff: int = 256
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads={self.n_heads} must divide d_model={self.d_model}")


PATIENTS = {
    "healthy": (HEALTHY, 1),
    "A": ("shared", 3),
    "B": ("norm_axis", 1),
    "C": ("activation", 2),
    "D": ("dropout", 0),
    "E": ("mask", 2),
    "F": ("scaling", 0),
    "G": ("projection", 3),
    "H": ("residual", 1),
}
"""Which bug, in which block, each patient of the chapter has."""


class PlantedBlock(nn.Module):
    """A pre-norm block without biases, with one bug of `BUGS` or none.

    Its parts are kept apart (`normalize`, `scores`, `attend`, `think`), so that instruments can
    measure each.
    """

    def __init__(self, sizes: StackSizes, bug: str = HEALTHY) -> None:
        super().__init__()
        if bug not in (HEALTHY, *BUGS):
            raise ValueError(f"bug must be {HEALTHY!r} or one of {BUGS}, got {bug!r}")
        self.bug = bug
        self.dropout = sizes.dropout
        self.n_heads = sizes.n_heads
        width, wide = sizes.d_model, sizes.d_ff
        self.attention_gain = nn.Parameter(torch.ones(width))
        self.feed_forward_gain = nn.Parameter(torch.ones(width))
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, wide, bias=False)
        self.narrow = nn.Linear(wide, width, bias=False)

    def normalize(self, x: Tensor, gain: Tensor) -> Tensor:
        """Normalize the features of each position, or with the bug each feature's positions."""
        axis = -2 if self.bug == "norm_axis" else -1
        centered = x - x.mean(dim=axis, keepdim=True)
        variance = (centered**2).mean(dim=axis, keepdim=True)
        return centered / torch.sqrt(variance + 1e-5) * gain

    def scores(self, h: Tensor) -> tuple[Tensor, Tensor]:
        """Return attention scores [B H T T] before the mask, and values [B H T K]."""
        batch, time, width = h.shape
        joined = self.query_key_value(h).view(batch, time, 3, self.n_heads, width // self.n_heads)
        query, key, value = joined.permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-2, -1)
        if self.bug != "scaling":
            scores = scores / math.sqrt(query.shape[-1])
        return scores, value

    def attend(self, h: Tensor) -> Tensor:
        """Mix positions."""
        scores, value = self.scores(h)
        seen = torch.ones(h.shape[1], h.shape[1], dtype=torch.bool)
        seen = seen.triu() if self.bug == "mask" else seen.tril()
        weights = scores.masked_fill(~seen, -math.inf).softmax(dim=-1)
        joined = (weights @ value).transpose(1, 2).flatten(2)
        mixed: Tensor = joined if self.bug == "projection" else self.output(joined)
        return mixed

    def think(self, h: Tensor) -> Tensor:
        """Treat each position alone."""
        wide = self.widen(h)
        bent = wide if self.bug == "activation" else F.gelu(wide, approximate="tanh")
        result: Tensor = self.narrow(bent)
        return result

    def drop(self, x: Tensor) -> Tensor:
        """Drop entries in training, or with the bug always."""
        return F.dropout(x, self.dropout, training=self.training or self.bug == "dropout")

    def forward(self, x: Tensor) -> Tensor:
        """Update the stream [B T D]."""
        attended = self.drop(self.attend(self.normalize(x, self.attention_gain)))
        x = attended if self.bug == "residual" else x + attended
        return x + self.drop(self.think(self.normalize(x, self.feed_forward_gain)))


class PlantedStack(nn.Module):
    """A small language model whose block number `place` has the bug.

    Args:
        sizes: of the blocks.
        vocab_size: V.
        context_length: number of positions.
        bug: one of `BUGS`, or "none".
        place: index of the block with the bug; "shared" needs at least 1.
    """

    def __init__(
        self,
        sizes: StackSizes,
        vocab_size: int,
        context_length: int,
        *,
        bug: str = HEALTHY,
        place: int = 1,
    ) -> None:
        super().__init__()
        if not (bug == "shared") <= place < sizes.n_blocks:
            raise ValueError(f"place={place} is no block that can have the bug {bug!r}")
        self.embedding = nn.Embedding(vocab_size, sizes.d_model)
        self.positions = nn.Parameter(torch.zeros(context_length, sizes.d_model))
        self.blocks = nn.ModuleList(
            PlantedBlock(sizes, bug if index == place else HEALTHY)
            for index in range(sizes.n_blocks)
        )
        if bug == "shared":
            self.blocks[place] = self.blocks[place - 1]
        self.final_norm = nn.LayerNorm(sizes.d_model)

    def planted_blocks(self) -> list[PlantedBlock]:
        """Return the blocks in order."""
        return [block for block in self.blocks if isinstance(block, PlantedBlock)]

    @torch.no_grad()
    def draw(self, std: float, generator: torch.Generator) -> PlantedStack:
        """Draw all matrices with this deviation, residual ones divided by √(2 · n_blocks)."""
        residual_std = std / math.sqrt(2 * len(self.blocks))
        for name, parameter in self.named_parameters():
            if "norm" in name or "gain" in name:
                continue
            is_residual = name.endswith(("output.weight", "narrow.weight"))
            parameter.normal_(0.0, residual_std if is_residual else std, generator=generator)
        return self

    def forward(self, tokens: Tensor) -> Tensor:
        """Return logits [B T V]."""
        x = self.embedding(tokens) + self.positions[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return F.linear(self.final_norm(x), self.embedding.weight)


def make_patient(
    letter: str, sizes: StackSizes, vocab_size: int, context_length: int, seed: int
) -> PlantedStack:
    """Return a patient of the chapter as it is before its first step.

    Raises:
        ValueError: the letter is no patient's.
    """
    if letter not in PATIENTS:
        raise ValueError(f"letter must be one of {', '.join(PATIENTS)}, got {letter!r}")
    bug, place = PATIENTS[letter]
    model = PlantedStack(sizes, vocab_size, context_length, bug=bug, place=place)
    return model.draw(0.07, torch.Generator().manual_seed(seed))
