"""Configurations of well-known models, and a count of their parameters piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from course_lib.config import check_positive

Family = Literal["encoder-only", "decoder-only", "encoder-decoder"]
Head = Literal["next token", "masked token", "replaced token"]


@dataclass(frozen=True)
class KnownModel:
    """The sizes that decide how many parameters a Transformer has, and what each piece is.

    Attributes:
        name: as people write it.
        year: of the paper.
        family: which half of the 2017 Transformer it is built from.
        vocab_size: V, rows of the token embedding.
        context_length: the longest input in training, in tokens.
        d_model: D, width of the residual stream.
        n_heads: H, attention heads.
        d_ff: F, width inside the feed-forward layer.
        n_layers: blocks of one stack; an encoder-decoder has two stacks of so many each.
        d_head: K, width of a head; 0 means d_model / n_heads.
        n_positions: rows of the learned position table; 0 means that there is none.
        n_relative_positions: learned biases per head for distances (T5); one set per stack.
        n_segments: rows of the table that marks the first and the second sentence.
        has_bias: whether linear layers and normalizations have biases.
        normalizes_embeddings: a normalization right after the embeddings.
        normalizes_output: a normalization after the last block, in each stack.
        head: what it was pretrained to predict; decides the layers above the last block.
        predicts_sentence: also pretrained to tell whether two sentences belong together.

    Raises:
        ValueError, TypeError: a size is not a positive integer, a name is not one of those known,
            or `d_head` is left out where `n_heads` does not divide `d_model`.

    >>> KNOWN_MODELS["GPT-2 small"].n_parameters
    124439808
    """

    name: str
    year: int
    family: str
    vocab_size: int
    context_length: int
    d_model: int
    n_heads: int
    d_ff: int
    n_layers: int
    d_head: int = 0
    n_positions: int = 0
    n_relative_positions: int = 0
    n_segments: int = 0
    has_bias: bool = True
    normalizes_embeddings: bool = False
    normalizes_output: bool = False
    head: str = "next token"
    predicts_sentence: bool = False

    def __post_init__(self) -> None:
        for size in ("vocab_size", "context_length", "d_model", "n_heads", "d_ff", "n_layers"):
            check_positive(size, getattr(self, size))
        for size in ("d_head", "n_positions", "n_relative_positions", "n_segments"):
            if getattr(self, size) < 0:
                raise ValueError(f"{size} must be at least 0, got {getattr(self, size)}")
        if self.family not in get_args(Family):
            raise ValueError(f"family must be one of {get_args(Family)}, got {self.family!r}")
        if self.head not in get_args(Head):
            raise ValueError(f"head must be one of {get_args(Head)}, got {self.head!r}")
        if self.d_head == 0:
            if self.d_model % self.n_heads:
                raise ValueError(
                    f"n_heads must divide d_model, got {self.n_heads} and {self.d_model}; "
                    "or give d_head"
                )
            object.__setattr__(self, "d_head", self.d_model // self.n_heads)

    @property
    def n_stacks(self) -> int:
        """Two for an encoder with a decoder, else one."""
        return 2 if self.family == "encoder-decoder" else 1

    @property
    def n_parameters(self) -> int:
        """All parameters, as `parameter_pieces` counts them."""
        return sum(parameter_pieces(self).values())


def parameter_pieces(model: KnownModel) -> dict[str, int]:
    """Count the parameters of a model, piece by piece, as it stood while it was pretrained.

    Per block: attention 4 · D · (H · K), feed-forward 2 · D · F, and small vectors. A decoder that
    reads an encoder has a second attention. An output matrix that is the token embedding used
    again counts once.

    Sources: Vaswani et al. 2017, section 3; and the paper of each model.

    >>> pieces = parameter_pieces(KNOWN_MODELS["GPT-2 small"])
    >>> pieces["feed-forward"] == 12 * (2 * 768 * 3072 + 3072 + 768)
    True
    """
    d, width, bias = model.d_model, model.n_heads * model.d_head, model.has_bias
    n_blocks = model.n_stacks * model.n_layers
    n_cross = model.n_layers if model.n_stacks == 2 else 0
    norm = 2 * d if bias else d
    attention = 4 * d * width + (3 * width + d if bias else 0)
    feed_forward = 2 * d * model.d_ff + (model.d_ff + d if bias else 0)
    n_norms = 2 * n_blocks + n_cross + model.normalizes_embeddings
    n_norms += model.n_stacks * model.normalizes_output
    pieces = {
        "token embedding": model.vocab_size * d,
        "positions, segments": (model.n_positions + model.n_segments) * d
        + model.n_stacks * model.n_relative_positions * model.n_heads,
        "attention": (n_blocks + n_cross) * attention,
        "feed-forward": n_blocks * feed_forward,
        "normalization": n_norms * norm,
        "pretraining head": _head(model),
    }
    return {name: count for name, count in pieces.items() if count > 0}


def _head(model: KnownModel) -> int:
    """Count the layers above the last block; a tied output matrix brings nothing new."""
    d = model.d_model
    head = {
        "next token": 0,
        "masked token": (d * d + d) + 2 * d + model.vocab_size,  # linear, norm, bias per token
        "replaced token": (d * d + d) + (d + 1),  # linear, then one score
    }[model.head]
    return head + ((d * d + d) + (2 * d + 2) if model.predicts_sentence else 0)


def gpt_model(
    name: str, year: int, *, d_model: int, n_heads: int, n_layers: int, context_length: int
) -> KnownModel:
    """Describe a model of GPT-2's shape: learned positions, feed-forward 4 · D, GPT-2's tokens.

    >>> gpt_model("XL", 2019, d_model=1600, n_heads=25, n_layers=48, context_length=1024).d_head
    64
    """
    return KnownModel(
        name,
        year,
        "decoder-only",
        vocab_size=50_257,
        context_length=context_length,
        d_model=d_model,
        n_heads=n_heads,
        d_ff=4 * d_model,
        n_layers=n_layers,
        n_positions=context_length,
        normalizes_output=True,
    )


def _large_encoder(
    name: str, year: int, *, vocab_size: int, n_positions: int, n_segments: int, head: Head
) -> KnownModel:
    """Describe a model of BERT-Large's shape: 24 layers of width 1,024."""
    return KnownModel(
        name,
        year,
        "encoder-only",
        vocab_size=vocab_size,
        context_length=512,
        d_model=1024,
        n_heads=16,
        d_ff=4096,
        n_layers=24,
        n_positions=n_positions,
        n_segments=n_segments,
        normalizes_embeddings=True,
        head=head,
        predicts_sentence=name == "BERT-Large",
    )


_MODELS = (
    KnownModel(  # Radford et al. 2018, section 4.1
        "GPT-1",
        2018,
        "decoder-only",
        vocab_size=40_478,
        context_length=512,
        d_model=768,
        n_heads=12,
        d_ff=3072,
        n_layers=12,
        n_positions=512,
    ),
    _large_encoder(  # Devlin et al. 2019, section 3
        "BERT-Large", 2018, vocab_size=30_522, n_positions=512, n_segments=2, head="masked token"
    ),
    gpt_model(  # Radford et al. 2019, table 2
        "GPT-2 small", 2019, d_model=768, n_heads=12, n_layers=12, context_length=1024
    ),
    gpt_model("GPT-2 XL", 2019, d_model=1600, n_heads=25, n_layers=48, context_length=1024),
    _large_encoder(  # Liu et al. 2019, section 5; two rows of its 514 positions are never used
        "RoBERTa-Large", 2019, vocab_size=50_265, n_positions=514, n_segments=1, head="masked token"
    ),
    KnownModel(  # Raffel et al. 2020, section 3.7; heads wider than d_model / n_heads
        "T5-11B",
        2019,
        "encoder-decoder",
        vocab_size=32_128,
        context_length=512,
        d_model=1024,
        n_heads=128,
        d_ff=65_536,
        n_layers=24,
        d_head=128,
        n_relative_positions=32,
        has_bias=False,
        normalizes_output=True,
    ),
    _large_encoder(  # Clark et al. 2020b, table 3; the generator is thrown away after pretraining
        "ELECTRA-Large",
        2020,
        vocab_size=30_522,
        n_positions=512,
        n_segments=2,
        head="replaced token",
    ),
    gpt_model(  # Brown et al. 2020, table 2.1; never released, so its details are GPT-2's
        "GPT-3 175B", 2020, d_model=12_288, n_heads=96, n_layers=96, context_length=2048
    ),
)

KNOWN_MODELS: Mapping[str, KnownModel] = {model.name: model for model in _MODELS}
"""Models that the book speaks of, by name, in the order in which they appeared."""
