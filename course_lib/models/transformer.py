"""One stack with every choice the course compares, from 2017 to Llama."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_lib.config import TransformerConfig
from course_lib.layers import (
    FeedForward,
    GatedFeedForward,
    GroupedQueryAttention,
    KVCache,
    LayerNorm,
    LearnedPositions,
    PostNormBlock,
    PreNormBlock,
    RMSNorm,
    RotaryPositions,
    SinusoidalPositions,
    alibi_bias,
    decoder_padding,
)
from course_lib.models.base import CachedModel

INITIAL_STD = 0.02
"""Of fresh weights. Sinusoids are scaled by it too: fresh tokens and sinusoids then have the sizes
1 to √½ of Vaswani et al. 2017 (who scale tokens by √D), in a stream that layers can still move."""


class Transformer(CachedModel):
    """A stack of blocks between an embedding and an output matrix, made as `config` says.

    With a causal mask (the default) it is a decoder, with `full_mask` an encoder, with
    `prefix_mask` a prefix language model.

    Args:
        config: sizes and choices.
        generator: draws the initial weights; the global one where not given.

    >>> config = TransformerConfig(11, 8, d_model=12, n_heads=3, n_layers=2, positions="rotary")
    >>> Transformer(config)(torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 11])
    """

    config: TransformerConfig

    def __init__(
        self, config: TransformerConfig, *, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.token_embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.positions: nn.Module | None = None
        if config.positions == "learned":
            self.positions = LearnedPositions(config.context_length, config.d_model)
        elif config.positions == "sinusoidal":
            self.positions = SinusoidalPositions(config.d_model)
        self.embedding_dropout = nn.Dropout(config.dropout)
        self.blocks = nn.ModuleList(_make_block(config) for _ in range(config.n_layers))
        self.final_norm = _make_norm(config) if config.norm_place == "pre" else nn.Identity()
        self.output: nn.Linear | None = None
        if not config.tied:
            self.output = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.initialize(generator)

    @torch.no_grad()
    def initialize(self, generator: torch.Generator | None = None) -> None:
        """Draw new weights as `GPT2.initialize` does.

        With norm_place "post" the outputs are not scaled down: the stream is normalized after
        each addition.
        """
        depth = 2 * self.config.n_layers if self.config.norm_place == "pre" else 1
        for name, parameter in self.named_parameters():
            if name.endswith("norm.gain"):
                parameter.fill_(1.0)
            elif name.endswith("bias"):
                parameter.zero_()
            elif name.endswith(("attention.output.weight", "feed_forward.narrow.weight")):
                parameter.normal_(0.0, INITIAL_STD / math.sqrt(depth), generator=generator)
            else:
                parameter.normal_(0.0, INITIAL_STD, generator=generator)

    def forward(
        self,
        tokens: Int[Tensor, "B T"],
        *,
        mask: Bool[Tensor, "..."] | None = None,
        cache: KVCache | None = None,
        positions: Int[Tensor, "*rows T"] | None = None,
        attention_mask: Bool[Tensor, "B S"] | None = None,
    ) -> Float[Tensor, "B T V"]:
        """Score every token of the vocabulary at each position.

        Args:
            tokens: B sequences of T token ids.
            mask: True where attention is allowed, in place of the causal mask; broadcasts to
                (B, H, T, S). To hide padding too, join it: `causal_mask(T) & padding_mask(…)`.
            cache: keys and values of earlier tokens; this call's are added to it.
            positions: where the T tokens stand, if not one after the other: several streams over
                the same text, told apart by the mask, have the same positions. Not for "alibi" and
                "none".
            attention_mask: in place of `mask` and `positions`, for a decoder: True at tokens,
                False at padding, over the S = cached + T positions. Positions are then counted
                over tokens only, so padding may stand on either side.

        Returns:
            Logits: unnormalized log-probabilities.

        Raises:
            ValueError: the sequence is empty, or longer than the learned positions reach, or
                `attention_mask` has another shape or is given together with `mask` or `positions`.
        """
        hidden = self.hidden_states(
            tokens, mask=mask, cache=cache, positions=positions, attention_mask=attention_mask
        )
        return self.unembed(hidden)

    def hidden_states(
        self,
        tokens: Int[Tensor, "B T"],
        *,
        mask: Bool[Tensor, "..."] | None = None,
        cache: KVCache | None = None,
        positions: Int[Tensor, "*rows T"] | None = None,
        attention_mask: Bool[Tensor, "B S"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Return the residual stream after the last block and norm; arguments as in `forward`."""
        start, new = 0 if cache is None else cache.length, tokens.shape[1]
        if attention_mask is not None:
            if mask is not None or positions is not None:
                raise ValueError("give attention_mask, or mask and positions, not both")
            if attention_mask.shape != (tokens.shape[0], start + new):
                raise ValueError(
                    f"attention_mask must have shape {(tokens.shape[0], start + new)} (cached and "
                    f"new positions), got {tuple(attention_mask.shape)}"
                )
            mask, counted = decoder_padding(attention_mask, new)
            # The other schemes look at distances only, which padding does not change.
            positions = counted if self.positions is not None else None
        x = self.embed(tokens, start, positions)
        bias = None
        if self.config.positions == "alibi":
            bias = alibi_bias(self.config.n_heads, new, start + new, device=tokens.device)
        for index, block in enumerate(self.blocks):
            x = block(
                x,
                mask,
                cache=None if cache is None else cache.layers[index],
                score_bias=bias,
                is_causal=mask is None,
                positions=positions if self.config.positions == "rotary" else None,
            )
        out: Tensor = self.final_norm(x)
        return out

    def embed(
        self,
        tokens: Int[Tensor, "B T"],
        start: int = 0,
        positions: Int[Tensor, "*rows T"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Make the stream that the first block reads: token vectors, plus position vectors if any.

        Args:
            tokens: B sequences of T token ids.
            start: the position of the first of them.
            positions: see `forward`.
        """
        if tokens.shape[1] == 0:
            raise ValueError("the input must have at least 1 token, got 0")
        x: Tensor = self.token_embedding(tokens)
        if self.positions is not None:
            if positions is None:
                positions = torch.arange(start, start + tokens.shape[1], device=tokens.device)
            end = int(positions.max()) + 1
            if self.config.positions == "learned" and end > self.config.context_length:
                raise ValueError(
                    f"there are learned positions for {self.config.context_length} tokens "
                    f"(context_length), got {end}"
                )
            place = self.positions(positions).to(x.dtype)
            x = x + (place if self.config.positions == "learned" else INITIAL_STD * place)
        elif positions is not None and self.config.positions != "rotary":
            raise ValueError(
                f'positions may be given for "learned", "sinusoidal" and "rotary" positions only; '
                f'this model has "{self.config.positions}"'
            )
        out: Tensor = self.embedding_dropout(x)
        return out

    def unembed(self, x: Float[Tensor, "*batch D"]) -> Float[Tensor, "*batch V"]:
        """Compare each vector with every token's output vector (its embedding where tied)."""
        matrix = self.token_embedding if self.output is None else self.output
        return nn.functional.linear(x, matrix.weight)


def _make_norm(config: TransformerConfig) -> LayerNorm | RMSNorm:
    kind = LayerNorm if config.norm == "layer" else RMSNorm
    if config.norm_eps is None:
        return kind(config.d_model)
    return kind(config.d_model, eps=config.norm_eps)


def _make_block(config: TransformerConfig) -> PreNormBlock | PostNormBlock:
    width, inner, dropout = config.d_model, config.d_ff, config.dropout
    feed_forward: FeedForward | GatedFeedForward
    if config.feed_forward == "swiglu":
        feed_forward = GatedFeedForward(width, inner, dropout=dropout, bias=config.bias)
    else:
        feed_forward = FeedForward(
            width,
            inner,
            dropout=dropout,
            activation="gelu_tanh" if config.feed_forward == "gelu" else "relu",
            bias=config.bias,
        )
    rotary = None
    if config.positions == "rotary":
        rotary = RotaryPositions(config.d_head, base=config.rotary_base)
    attention = GroupedQueryAttention(
        width,
        config.n_heads,
        config.n_kv_heads,
        dropout=dropout,
        bias=config.bias,
        rotary=rotary,
    )
    block = PreNormBlock if config.norm_place == "pre" else PostNormBlock
    return block.from_parts(
        attention_norm=_make_norm(config),
        attention=attention,
        feed_forward_norm=_make_norm(config),
        feed_forward=feed_forward,
    )
