"""Exercise: repair a stack that has all the bugs of the failure lab."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)

Blocks = list[dict[str, Any]]

BROKEN = """
def normalize(x):
    centered = x - x.mean(dim=0, keepdim=True)
    variance = (centered**2).mean(dim=0, keepdim=True)
    return centered / torch.sqrt(variance + 1e-5)


def drop(x, keep, p, training):
    return x * keep / (1 - p)


def repaired_stack(x, blocks, n_heads, p, training):
    n_tokens, d_model = x.shape
    hidden = torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril(-1)
    for _ in blocks:
        block = blocks[0]
        parts = (normalize(x) @ block["query_key_value"]).chunk(3, dim=-1)
        query, key, value = (part.view(n_tokens, n_heads, -1).transpose(0, 1) for part in parts)
        scores = query @ key.transpose(-2, -1)
        weights = scores.masked_fill(hidden, -math.inf).softmax(dim=-1)
        joined = (weights @ value).transpose(0, 1).reshape(n_tokens, d_model)
        x = drop(joined, block["attention_keep"], p, training)
        wide = normalize(x) @ block["widen"]
        x = x + drop(wide @ block["narrow"], block["feed_forward_keep"], p, training)
    return x
"""


def repaired_stack(
    x: Tensor, blocks: list[dict[str, Any]], n_heads: int, p: float, training: bool
) -> Tensor:
    """Return the stream after all blocks."""
    n_tokens, d_model = x.shape
    hidden = torch.ones(n_tokens, n_tokens, dtype=torch.bool).triu(1)
    for block in blocks:
        parts = (normalize(x) @ block["query_key_value"]).chunk(3, dim=-1)
        query, key, value = (part.view(n_tokens, n_heads, -1).transpose(0, 1) for part in parts)
        scores = query @ key.transpose(-2, -1) / math.sqrt(d_model // n_heads)
        weights = scores.masked_fill(hidden, -math.inf).softmax(dim=-1)
        joined = (weights @ value).transpose(0, 1).reshape(n_tokens, d_model)
        x = x + drop(joined @ block["output"], block["attention_keep"], p, training)
        wide = F.gelu(normalize(x) @ block["widen"], approximate="tanh")
        x = x + drop(wide @ block["narrow"], block["feed_forward_keep"], p, training)
    return x


def normalize(x: Tensor) -> Tensor:
    """Give each position mean 0 and variance 1."""
    centered = x - x.mean(dim=-1, keepdim=True)
    variance = (centered**2).mean(dim=-1, keepdim=True)
    return centered / torch.sqrt(variance + 1e-5)


def drop(x: Tensor, keep: Tensor, p: float, training: bool) -> Tensor:
    """Drop the entries that are not to be kept, in training only."""
    return x * keep / (1 - p) if training else x


def _normalized(x: Tensor, axis: int) -> Tensor:
    return normalize(x.transpose(0, 1)).transpose(0, 1) if axis == 0 else normalize(x)


def _still(*left: str, exact: bool = False) -> Callable[..., Tensor]:
    """Return the stack in which these bugs are left."""

    def stack(x: Tensor, blocks: Blocks, n_heads: int, p: float, training: bool) -> Tensor:
        n_tokens, d_model = x.shape
        ones = torch.ones(n_tokens, n_tokens, dtype=torch.bool)
        hidden = ones.tril(-1) if "mask" in left else ones.triu(1)
        axis = 0 if "norm_axis" in left else 1
        dropping = training or "dropout" in left
        for index in range(len(blocks)):
            block = blocks[0 if "shared" in left else index]
            parts = (_normalized(x, axis) @ block["query_key_value"]).chunk(3, dim=-1)
            query, key, value = (part.view(n_tokens, n_heads, -1).transpose(0, 1) for part in parts)
            scale = 1.0 if "scaling" in left else math.sqrt(d_model // n_heads)
            scores = (query @ key.transpose(-2, -1) / scale).masked_fill(hidden, -math.inf)
            mixed = (scores.softmax(dim=-1) @ value).transpose(0, 1).reshape(n_tokens, d_model)
            mixed = mixed if "projection" in left else mixed @ block["output"]
            written = drop(mixed, block["attention_keep"], p, dropping)
            x = written if "residual" in left else x + written
            wide = _normalized(x, axis) @ block["widen"]
            if "activation" not in left:
                wide = F.gelu(wide, approximate="none" if exact else "tanh")
            x = x + drop(wide @ block["narrow"], block["feed_forward_keep"], p, dropping)
        return x

    return stack


def _by_width(x: Tensor, blocks: Blocks, n_heads: int, p: float, training: bool) -> Tensor:
    factor = math.sqrt(n_heads)  # divided by √D where √K is right
    scaled = []
    for block in blocks:
        query, rest = block["query_key_value"].tensor_split([len(x[0])], dim=1)
        scaled.append({**block, "query_key_value": torch.cat([query / factor, rest], dim=1)})
    return repaired_stack(x, scaled, n_heads, p, training)


_ALL = ("mask", "norm_axis", "dropout", "shared", "scaling", "projection", "residual", "activation")


def _case(
    generator: torch.Generator, sizes: tuple[int, int, int, int], *, p: float, training: bool
) -> Case:
    n_blocks, time, n_heads, d_head = sizes
    width, wide = n_heads * d_head, 2 * n_heads * d_head

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=1)

    def block() -> dict[str, Tensor]:
        return {
            "query_key_value": normal(width, 3 * width) * 0.7,
            "output": normal(width, width) * 0.5,
            "widen": normal(width, wide) * 0.5,
            "narrow": normal(wide, width) * 0.5,
            "attention_keep": torch.rand(time, width, generator=generator) >= p,
            "feed_forward_keep": torch.rand(time, width, generator=generator) >= p,
        }

    inputs = {
        "x": normal(time, width) * 2,
        "blocks": [block() for _ in range(n_blocks)],
        "n_heads": n_heads,
        "p": p,
        "training": training,
    }
    mode = "training" if training else "evaluation"
    return Case(inputs, f"blocks: {n_blocks}, tokens: {time}, heads: {n_heads}, {mode}")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, (1, 1, 1, 4), p=0.0, training=False),
        _case(generator, (1, 3, 2, 4), p=0.4, training=True),
        _case(generator, (1, 3, 2, 4), p=0.4, training=False),
        _case(generator, (2, 4, 2, 3), p=0.3, training=False),
        _case(generator, (3, 5, 3, 4), p=0.3, training=True),
        with_gradients(_case(generator, (2, 3, 2, 3), p=0.2, training=True), "x", "blocks"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, (1, 2, 1, 5), p=0.0, training=True),
        _case(generator, (1, 4, 2, 4), p=0.5, training=False),
        _case(generator, (2, 3, 3, 4), p=0.5, training=True),
        _case(generator, (4, 6, 2, 4), p=0.25, training=False),
        with_gradients(_case(generator, (2, 4, 2, 4), p=0.3, training=False), "x", "blocks"),
    ]


EXERCISE = Exercise(
    id="block.repaired_stack",
    title="Failure lab, the repair",
    statement=f"""
This is the code the eight patients came from, with **all eight bugs** of the diagnosis in it. It
runs, and every shape is right. Copy it into the cell below and repair it.

```python
import math

import torch

{BROKEN.strip()}
```

It should be a stack of pre-norm blocks as in this chapter: causal, with the tanh form of GELU
(`torch.nn.functional.gelu(…, approximate="tanh")`), no biases and gains of 1. The `keep` tensors
say which entries dropout keeps in training. A stack learns, so PyTorch must be able to
differentiate it: some cases compare gradients.
""",
    signature=Signature(
        summary="Return the stream after all blocks.",
        parameters=(
            Parameter("x", "float tensor [T D], the stream at the start"),
            Parameter(
                "blocks",
                "list of dict: query_key_value [D 3D], output [D D], widen [D F],\n"
                "    narrow [F D], attention_keep and feed_forward_keep: bool [T D]",
            ),
            Parameter("n_heads", "int H, divides D"),
            Parameter("p", "float, the probability of dropout"),
            Parameter("training", "bool, False in evaluation"),
        ),
        returns="float tensor [T D]",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="stretch",
    points=8,
    minutes=20,
    example=_case(torch.Generator().manual_seed(5), (1, 1, 1, 2), p=0.5, training=True),
    reference=repaired_stack,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Go through the table of bugs of the diagnosis, one by one, and find the line of each. The "
        "helpers have one each.",
        "Wiring: two writes must be **added** to the stream, each block has its own weights, and "
        "the joined heads pass the output matrix before they are written.",
        "`hidden` is True where a key may *not* be seen: the later ones, `.triu(1)`. Statistics "
        "run over the last axis. The root is that of one head's size, `d_model // n_heads`.",
        "`drop` needs an `if training`, and between `widen` and `narrow` a GELU is missing.",
    ),
    explanation="Eight lines, eight symptoms: axis −1 in both statistics; no dropping outside "
    "training; `.triu(1)` to hide the future; the loop's own block; the root of the head size; the "
    "output matrix; the residual; the GELU. None of the bugs changes a shape, which is why none of "
    "them ever raised an error.",
    mutants=(
        Mutant("as_it_came", _still(*_ALL), "None of the eight bugs is repaired yet."),
        Mutant("mask", _still("mask"), "One bug is left: positions see what comes after them."),
        Mutant(
            "norm_axis",
            _still("norm_axis"),
            "One bug is left: the statistics run over the positions.",
        ),
        Mutant("dropout", _still("dropout"), "One bug is left: evaluation drops too."),
        Mutant("shared", _still("shared"), "One bug is left: all blocks use the first's weights."),
        Mutant("scaling", _still("scaling"), "One bug is left: the scores are not divided."),
        Mutant("projection", _still("projection"), "One bug is left: `output` is never used."),
        Mutant(
            "residual",
            _still("residual"),
            "One bug is left: attention's write replaces the stream.",
        ),
        Mutant(
            "activation", _still("activation"), "One bug is left: feed-forward is still linear."
        ),
        Mutant("exact", _still(exact=True), "This is the exact GELU; the tanh form is asked for."),
        Mutant(
            "by_width",
            _by_width,
            "The scores are divided by the root of D; divide by that of one head's size.",
        ),
        *graph_mistakes(repaired_stack),
    ),
)
