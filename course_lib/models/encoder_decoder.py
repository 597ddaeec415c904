"""The Transformer of 2017, whole: an encoder reads the source, a decoder writes the target."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_lib.config import PlainConfig, check_positive, check_probability
from course_lib.layers import (
    DecoderBlock,
    KVCache,
    PostNormBlock,
    SinusoidalPositions,
    padding_mask,
)
from course_lib.models.base import CachedModel


@dataclass(frozen=True)
class EncoderDecoderConfig(PlainConfig):
    """Sizes of an encoder–decoder; the defaults are those of the paper's base model.

    Source: Vaswani et al. 2017, table 3, and section 5.1 for the shared vocabulary of 37,000.

    Attributes:
        vocab_size: V, shared by both languages, special tokens included.
        context_length: the most tokens of a source, and of a target.
        d_model: D.
        n_heads: H; must divide D.
        n_layers: number of blocks in the encoder, and again in the decoder.
        d_ff: F; 0 means 4 · D.
        dropout: probability, on the embeddings, the attention weights and each part's output.
        padding_id: the token that fills up short rows; it is never attended to.

    Raises:
        ValueError, TypeError: a size is not a positive integer, H does not divide D, `dropout` is
            not a probability, or `padding_id` is not in the vocabulary.
    """

    vocab_size: int = 37000
    context_length: int = 512
    d_model: int = 512
    n_heads: int = 8
    n_layers: int = 6
    d_ff: int = 0
    dropout: float = 0.1
    padding_id: int = 0

    def __post_init__(self) -> None:
        if self.d_ff == 0:
            object.__setattr__(self, "d_ff", 4 * self.d_model)
        for name in ("vocab_size", "context_length", "d_model", "n_heads", "n_layers", "d_ff"):
            check_positive(name, getattr(self, name))
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads={self.n_heads} must divide d_model={self.d_model}")
        check_probability("dropout", self.dropout)
        if not 0 <= self.padding_id < self.vocab_size:
            raise ValueError(
                f"padding_id={self.padding_id} must be one of the vocab_size={self.vocab_size} ids"
            )

    @property
    def d_head(self) -> int:
        """K, the width of one head: D / H."""
        return self.d_model // self.n_heads

    @property
    def n_kv_heads(self) -> int:
        """Number of key and value heads: H, for every head has its own."""
        return self.n_heads


class EncoderDecoder(CachedModel):
    """Score the next token of a target, given a source and the target so far.

    Both sides and the output share one table of embeddings, multiplied by √D on the way in;
    positions are sinusoids; the blocks are post-norm with ReLU.

    Source: Vaswani et al. 2017, section 3.

    Args:
        config: the sizes.
        generator: draws the initial weights; the global one where not given.

    >>> sizes = EncoderDecoderConfig(vocab_size=11, d_model=8, n_heads=2, n_layers=1)
    >>> model = EncoderDecoder(sizes)
    >>> model(torch.tensor([[4, 5, 6]]), torch.tensor([[1, 7]])).shape
    torch.Size([1, 2, 11])
    """

    config: EncoderDecoderConfig

    def __init__(
        self, config: EncoderDecoderConfig, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.config = config
        sizes = (config.d_model, config.n_heads, config.d_ff)
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = SinusoidalPositions(config.d_model)
        self.embedding_dropout = nn.Dropout(config.dropout)
        self.encoder = nn.ModuleList(
            PostNormBlock(*sizes, dropout=config.dropout, activation="relu", is_causal=False)
            for _ in range(config.n_layers)
        )
        self.decoder = nn.ModuleList(
            DecoderBlock(*sizes, dropout=config.dropout) for _ in range(config.n_layers)
        )
        self.initialize(generator)

    @torch.no_grad()
    def initialize(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights: embeddings N(0, 1/D), matrices Xavier-uniform, biases 0.

        The matrix that makes queries, keys and values at once is drawn as three.
        """
        for name, parameter in self.named_parameters():
            if name == "token_embedding.weight":
                parameter.normal_(0.0, self.config.d_model**-0.5, generator=generator)
            elif name.endswith("query_key_value.weight"):
                for part in parameter.chunk(3):
                    nn.init.xavier_uniform_(part, generator=generator)
            elif parameter.ndim == 2:
                nn.init.xavier_uniform_(parameter, generator=generator)
            elif name.endswith("bias"):
                parameter.zero_()

    def forward(
        self, source: Int[Tensor, "B S"], target: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T V"]:
        """Score the token after each position of the target, all positions at once.

        Args:
            source: B sources, filled up with `padding_id` on the right.
            target: what is already written: the start token, then target tokens.

        Returns:
            Logits: unnormalized log-probabilities.

        Raises:
            ValueError: a side is empty or longer than the context, or a source is all padding.
        """
        return self.decode(target, self.encode(source), source)

    def encode(self, source: Int[Tensor, "B S"]) -> Float[Tensor, "B S D"]:
        """Read the sources: every position sees every token of its row."""
        is_token = self._is_token(source)
        x = self._embed(source, 0)
        mask = padding_mask(is_token)
        for block in self.encoder:
            x = block(x, mask)
        return x

    def decode(
        self,
        target: Int[Tensor, "B T"],
        memory: Float[Tensor, "B S D"],
        source: Int[Tensor, "B S"],
        *,
        cache: KVCache | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Score the next tokens, given what `encode` made of the sources.

        Args:
            target: the start token and what follows; with a cache, only what is new.
            memory: result of `encode`.
            source: tells which positions of the memory are padding.
            cache: keys and values of earlier target tokens; this call's are added to it.
        """
        x = self._embed(target, 0 if cache is None else cache.length)
        mask = padding_mask(self._is_token(source))
        for index, block in enumerate(self.decoder):
            x = block(x, memory, mask, cache=None if cache is None else cache.layers[index])
        return nn.functional.linear(x, self.token_embedding.weight)

    @torch.no_grad()
    def cross_attention_weights(
        self, source: Int[Tensor, "B S"], target: Int[Tensor, "B T"]
    ) -> Float[Tensor, "L B H T S"]:
        """Tell where each target position looks in the source, for every layer and head."""
        memory = self.encode(source)
        mask = padding_mask(self._is_token(source))
        x = self._embed(target, 0)
        found = []
        for block in cast("list[DecoderBlock]", list(self.decoder)):
            found.append(block.cross_attention.weights(block.read_back(x), memory, mask))
            x = block(x, memory, mask)
        return torch.stack(found)

    def _is_token(self, source: Int[Tensor, "B S"]) -> Bool[Tensor, "B S"]:
        is_token = source != self.config.padding_id
        if not bool(is_token.any(dim=1).all()):
            raise ValueError("source: a row has no token, only padding; there is nothing to read")
        return is_token

    def _embed(self, tokens: Int[Tensor, "B T"], start: int) -> Float[Tensor, "B T D"]:
        end = start + tokens.shape[1]
        if not start < end <= self.config.context_length:
            raise ValueError(
                f"source and target must have 1 to {self.config.context_length} tokens "
                f"(context_length), got {end}"
            )
        place = torch.arange(start, end, device=tokens.device)
        scaled = self.token_embedding(tokens) * math.sqrt(self.config.d_model)
        out: Tensor = self.embedding_dropout(scaled + self.positions(place))
        return out
