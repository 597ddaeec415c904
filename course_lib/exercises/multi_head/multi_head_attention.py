"""Exercise: multi-head attention whole."""

import math

import torch
from torch import Tensor

from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


def multi_head_attention(
    x: Tensor, w_qkv: Tensor, w_out: Tensor, n_heads: int, mask: Tensor | None = None
) -> Tensor:
    """Return the output of multi-head self-attention."""
    batch, time, width = x.shape
    d_head = width // n_heads
    query, key, value = (
        part.view(batch, time, n_heads, d_head).transpose(1, 2)
        for part in (x @ w_qkv).chunk(3, dim=-1)
    )
    scores = query @ key.transpose(-2, -1) / math.sqrt(d_head)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    mixed = torch.softmax(scores, dim=-1) @ value
    joined = mixed.transpose(1, 2).reshape(batch, time, width)
    return joined @ w_out


def _parts(x: Tensor, w_qkv: Tensor, n_heads: int) -> list[Tensor]:
    batch, time, _ = x.shape
    parts = (x @ w_qkv).chunk(3, dim=-1)
    return [part.view(batch, time, n_heads, -1).transpose(1, 2) for part in parts]


def _mix(parts: list[Tensor], mask: Tensor | None, scale: float) -> Tensor:
    query, key, value = parts
    scores = query @ key.transpose(-2, -1) / scale
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return torch.softmax(scores, dim=-1) @ value


def _join(mixed: Tensor) -> Tensor:
    return mixed.transpose(1, 2).flatten(2)


def _one_head(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    del n
    return multi_head_attention(x, q, o, 1, mask)


def _scaled_by_width(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    return _join(_mix(_parts(x, q, n), mask, math.sqrt(x.shape[-1]))) @ o


def _no_scale(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    return _join(_mix(_parts(x, q, n), mask, 1.0)) @ o


def _joined_by_view(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    mixed = _mix(_parts(x, q, n), mask, math.sqrt(x.shape[-1] // n))
    return mixed.reshape(x.shape) @ o


def _split_by_view(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    batch, time, width = x.shape
    parts = (x @ q).chunk(3, dim=-1)
    cut = [part.reshape(batch, n, time, width // n) for part in parts]
    return _join(_mix(cut, mask, math.sqrt(width // n))) @ o


def _no_output(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    return _join(_mix(_parts(x, q, n), mask, math.sqrt(x.shape[-1] // n))) + 0.0 * o.sum()


def _transposed_output(
    x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None
) -> Tensor:
    return multi_head_attention(x, q, o.T, n, mask)


def _wrong_order(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    query, key, value = _parts(x, q, n)
    return _join(_mix([key, query, value], mask, math.sqrt(x.shape[-1] // n))) @ o


def _value_second(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    query, key, value = _parts(x, q, n)
    return _join(_mix([query, value, key], mask, math.sqrt(x.shape[-1] // n))) @ o


def _cut_before(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    batch, time, width = x.shape
    parts = (x @ q).view(batch, time, n, 3, width // n).permute(3, 0, 2, 1, 4)
    return _join(_mix(list(parts), mask, math.sqrt(width // n))) @ o


def _mask_ignored(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    del mask
    return multi_head_attention(x, q, o, n)


def _mask_inverted(x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None) -> Tensor:
    return multi_head_attention(x, q, o, n, None if mask is None else ~mask)


def _averaged_weights(
    x: Tensor, q: Tensor, o: Tensor, n: int, mask: Tensor | None = None
) -> Tensor:
    query, key, value = _parts(x, q, n)
    scores = query @ key.transpose(-2, -1) / math.sqrt(x.shape[-1] // n)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1).mean(1, keepdim=True)
    return _join(weights @ value) @ o


def _case(
    generator: torch.Generator,
    shape: tuple[int, int, int],
    n_heads: int,
    label: str,
    *,
    causal: bool = False,
) -> Case:
    def normal(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator).round(decimals=1)

    batch, time, width = shape
    inputs = {
        "x": normal(batch, time, width),
        "w_qkv": normal(width, 3 * width),
        "w_out": normal(width, width),
        "n_heads": n_heads,
    }
    if causal:
        inputs["mask"] = torch.ones(time, time, dtype=torch.bool).tril()
    return Case(inputs, label)


_LEARNING = ("x", "w_qkv", "w_out")


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, (1, 2, 4), 2, "two positions, two heads of two"),
        _case(generator, (1, 3, 4), 1, "one head"),
        _case(generator, (1, 4, 6), 3, "three heads, causal mask", causal=True),
        _case(generator, (2, 3, 8), 2, "two sequences"),
        _case(generator, (2, 5, 6), 2, "two sequences, causal mask", causal=True),
        with_gradients(_case(generator, (1, 3, 4), 2, "three positions", causal=True), *_LEARNING),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _case(generator, (1, 1, 4), 2, "one position"),
        _case(generator, (3, 4, 12), 4, "four heads"),
        _case(generator, (2, 6, 6), 6, "heads of one entry", causal=True),
        _case(generator, (2, 3, 10), 5, "five heads", causal=True),
        with_gradients(_case(generator, (2, 3, 6), 3, "two sequences"), *_LEARNING),
        with_gradients(_case(generator, (1, 4, 6), 2, "four positions", causal=True), *_LEARNING),
    ]


EXERCISE = Exercise(
    id="multi_head.multi_head_attention",
    title="Multi-head attention",
    statement="""
Write the whole layer. One matrix makes queries, keys and values for all heads, in this order:
the first $D$ columns of `w_qkv` are $W_Q$, the next $W_K$, the last $W_V$. Cut each into heads of
$K = D / H$ entries, let every head attend with scores divided by $\\sqrt{K}$, join the heads in
their order, and multiply by `w_out`. There are no biases.

PyTorch must be able to differentiate it: some cases compare gradients. `torch.softmax` may be
used, ready-made attention may not.
""",
    signature=Signature(
        summary="Return the output of multi-head self-attention.",
        parameters=(
            Parameter("x", "float tensor [B T D]"),
            Parameter("w_qkv", "float tensor [D 3D]; queries, keys and values are x @ w_qkv"),
            Parameter("w_out", "float tensor [D D]; applied as joined @ w_out"),
            Parameter("n_heads", "int H, divides D"),
            Parameter("mask", "bool tensor [T T], True = may attend; every row allows one", "None"),
        ),
        returns="float tensor [B T D]",
    ),
    forbidden=(
        "scaled_dot_product_attention",
        "course_lib.layers",
        "course_lib.models",
        "transformers",
    ),
    level="core",
    points=6,
    minutes=15,
    example=_case(torch.Generator().manual_seed(7), (1, 2, 2), 2, "example"),
    reference=multi_head_attention,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Write the shape behind every line: [B T D] → [B T 3D] → three of [B T D] → three of "
        "[B H T K] → weights [B H T T] → mixed [B H T K] → joined [B T D] → [B T D].",
        "`query, key, value = (x @ w_qkv).chunk(3, dim=-1)`, and each is cut with "
        "`.view(B, T, n_heads, K).transpose(1, 2)`. Attention is that of the chapter before, on "
        "the last two axes.",
        "Joining undoes the cut, in reverse order: `mixed.transpose(1, 2).reshape(B, T, D)`, then "
        "`@ w_out`. Divide scores by the root of K, the width of one head.",
    ),
    explanation="Everything except the cut and the join is a matrix product with two axes in "
    "front. The cut hands each head its own K columns of the three matrices. The join is the "
    "cut run backward, so the transpose comes first. The scale is √K because a score is a sum of K "
    "products.",
    mutants=(
        Mutant("one_head", _one_head, "The vectors are not cut into heads: this is one head of D."),
        Mutant(
            "scaled_by_width",
            _scaled_by_width,
            "The scores are divided by √D; a score is a sum of K = D / H products: divide by √K.",
        ),
        Mutant("no_scale", _no_scale, "The scores are not divided by √K."),
        Mutant(
            "joined_by_view",
            _joined_by_view,
            "The heads are joined without moving their axis back: `transpose(1, 2)` first, then "
            "`reshape(B, T, D)`.",
        ),
        Mutant(
            "split_by_view",
            _split_by_view,
            "The cut deals entries of one position to others: `view(B, T, H, K)` and then "
            "`transpose(1, 2)`, not `view(B, H, T, K)`.",
        ),
        Mutant("no_output", _no_output, "The joined heads are not multiplied by `w_out`."),
        Mutant(
            "transposed_output",
            _transposed_output,
            "`w_out` is transposed; here it is applied as `joined @ w_out`.",
        ),
        Mutant(
            "wrong_order",
            _wrong_order,
            "Queries and keys are exchanged: the first D columns are the queries.",
        ),
        Mutant(
            "value_second",
            _value_second,
            "Keys and values are exchanged: the order is queries, keys, values.",
        ),
        Mutant(
            "cut_before",
            _cut_before,
            "The 3D columns are cut into heads before queries, keys and values are parted; here "
            "all queries come first, then all keys, then all values.",
        ),
        Mutant("mask_ignored", _mask_ignored, "The mask is not used."),
        Mutant(
            "mask_inverted",
            _mask_inverted,
            "The mask is used the wrong way round: True means that the key may be seen.",
        ),
        Mutant(
            "averaged_weights",
            _averaged_weights,
            "The weights of the heads are averaged; each head mixes its values with its own.",
        ),
        *graph_mistakes(multi_head_attention),
    ),
)
