"""Weights of tiny GPT-2s for the cases, under the names of the course's own model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Weights = dict[str, Tensor]
Draw = Callable[..., Tensor]

NAMES = """
| name | shape | |
|---|---|---|
| `attention_norm.gain`, `.bias` | [D] | of the first norm |
| `attention.query_key_value.weight`, `.bias` | [3D D], [3D] | rung 2 |
| `attention.output.weight`, `.bias` | [D D], [D] | after the heads are joined |
| `feed_forward_norm.gain`, `.bias` | [D] | of the second norm |
| `feed_forward.widen.weight`, `.bias` | [F D], [F] | before the GELU |
| `feed_forward.narrow.weight`, `.bias` | [D F], [D] | after it |
""".strip()


@dataclass(frozen=True)
class Sizes:
    """Sizes of a tiny GPT-2."""

    n_layers: int = 1
    d_model: int = 4
    d_ff: int = 6
    vocab_size: int = 7
    context_length: int = 6


def drawing(seed: int) -> tuple[Draw, torch.Generator]:
    """Return a function that draws normal numbers with one digit, and its generator."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=1)

    return draw, generator


def block_weights(draw: Draw, sizes: Sizes) -> Weights:
    """Draw the twelve tensors of a block; no bias is 0 and no gain is 1."""
    width, wide = sizes.d_model, sizes.d_ff
    return {name: draw(*shape) for name, shape in _block_shapes(width, wide)}


def model_weights(draw: Draw, sizes: Sizes) -> Weights:
    """Draw a whole model: embeddings first, then the blocks, then the last norm."""
    width = sizes.d_model
    weights = {
        "token_embedding.weight": draw(sizes.vocab_size, width),
        "positions.table": draw(sizes.context_length, width),
    }
    for number in range(sizes.n_layers):
        for name, tensor in block_weights(draw, sizes).items():
            weights[f"blocks.{number}.{name}"] = tensor
    return weights | {"final_norm.gain": draw(width), "final_norm.bias": draw(width)}


def _block_shapes(width: int, wide: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    for norm in ("attention_norm", "feed_forward_norm"):
        yield f"{norm}.gain", (width,)
        yield f"{norm}.bias", (width,)
    for name, n_out, n_in in (
        ("attention.query_key_value", 3 * width, width),
        ("attention.output", width, width),
        ("feed_forward.widen", wide, width),
        ("feed_forward.narrow", width, wide),
    ):
        yield f"{name}.weight", (n_out, n_in)
        yield f"{name}.bias", (n_out,)


def identity_model(vocab_size: int, context_length: int) -> Weights:
    """Return a model without blocks whose norm changes scale only, easy to follow by hand."""
    return {
        "token_embedding.weight": torch.eye(vocab_size),
        "positions.table": torch.zeros(context_length, vocab_size),
        "final_norm.gain": torch.ones(vocab_size),
        "final_norm.bias": torch.zeros(vocab_size),
    }
