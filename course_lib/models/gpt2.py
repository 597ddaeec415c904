"""GPT-2, whole: embeddings, a stack of blocks, a last normalization, tied output."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_lib.config import GPT2Config
from course_lib.layers import KVCache, LayerNorm, LearnedPositions, PreNormBlock, decoder_padding
from course_lib.models.base import CachedModel


class GPT2(CachedModel):
    """A decoder-only Transformer with pre-norm blocks and tied embeddings.

    Source: Radford et al. 2019, section 2.3; Radford et al. 2018, section 4.1.

    Args:
        config: the sizes.
        fused: compute attention with PyTorch's fused kernel; False takes the clear version.
        generator: draws the initial weights; the global one where not given.

    >>> model = GPT2(GPT2Config(vocab_size=11, context_length=8, d_model=12, n_heads=3, n_layers=2))
    >>> model(torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 11])
    """

    config: GPT2Config

    def __init__(
        self,
        config: GPT2Config,
        *,
        fused: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions = LearnedPositions(config.context_length, config.d_model)
        self.embedding_dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(
            PreNormBlock(
                config.d_model,
                config.n_heads,
                config.d_ff,
                dropout=config.dropout,
                layer_norm_eps=config.layer_norm_eps,
                fused=fused,
            )
            for _ in range(config.n_layers)
        )
        self.final_norm = LayerNorm(config.d_model, eps=config.layer_norm_eps)
        self.initialize(generator)

    @torch.no_grad()
    def initialize(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights: N(0, 0.02²), biases 0, and residual outputs scaled by 1/√N.

        N = 2 · n_layers counts the layers that add to the residual stream, so that the stream's
        variance does not grow with depth. Source: Radford et al. 2019, section 2.3.
        """
        residual_std = 0.02 / math.sqrt(2 * self.config.n_layers)
        for name, parameter in self.named_parameters():
            if name.endswith("norm.gain"):
                parameter.fill_(1.0)
            elif name.endswith("bias"):
                parameter.zero_()
            elif name.endswith(("attention.output.weight", "feed_forward.narrow.weight")):
                parameter.normal_(0.0, residual_std, generator=generator)
            else:
                parameter.normal_(0.0, 0.02, generator=generator)

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        *,
        attention_mask: Bool[Tensor, "B S"] | None = None,
        cache: KVCache | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Score every token of the vocabulary as the next one, at each position.

        Args:
            tokens: B sequences of T token ids.
            attention_mask: True at tokens, False at padding, over the S = cached + T positions;
                positions are then counted over tokens only, so padding may stand on either side.
            cache: keys and values of earlier tokens; this call's are added to it.

        Returns:
            Logits: unnormalized log-probabilities.

        Raises:
            ValueError: the sequence is empty or longer than the context.
        """
        return self.unembed(self.hidden_states(tokens, attention_mask=attention_mask, cache=cache))

    def hidden_states(
        self,
        tokens: Int[Tensor, "B T"],
        *,
        attention_mask: Bool[Tensor, "B S"] | None = None,
        cache: KVCache | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Return the residual stream after the last normalization; arguments as in `forward`."""
        start = 0 if cache is None else cache.length
        end = start + tokens.shape[1]
        if not start < end <= self.config.context_length:
            raise ValueError(
                f"the input must have 1 to {self.config.context_length} tokens "
                f"(context_length), got {end}"
            )
        mask = None
        positions = torch.arange(start, end, device=tokens.device)
        if attention_mask is not None:
            if attention_mask.shape != (tokens.shape[0], end):
                raise ValueError(
                    f"attention_mask must have shape {(tokens.shape[0], end)} (cached and new "
                    f"positions), got {tuple(attention_mask.shape)}"
                )
            mask, positions = decoder_padding(attention_mask, tokens.shape[1])
        x = self.embedding_dropout(self.token_embedding(tokens) + self.positions(positions))
        for index, block in enumerate(self.blocks):
            x = block(x, mask, cache=None if cache is None else cache.layers[index])
        out: Tensor = self.final_norm(x)
        return out

    def unembed(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch V"]:
        """Compare each vector with every token's embedding: logits = x Eᵀ (weights are tied)."""
        return nn.functional.linear(x, self.token_embedding.weight)
