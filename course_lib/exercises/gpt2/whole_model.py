"""Exercise: the forward pass of GPT-2, from ids to logits."""

import math
from functools import partial
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

Weights = dict[str, Any]


def whole_model(tokens: Tensor, weights: dict[str, Any], n_heads: int) -> Tensor:
    """Return the logits of a GPT-2 with the given weights."""
    n_tokens, d_model = len(tokens), weights["token_embedding"].shape[1]
    x = weights["token_embedding"][tokens] + weights["positions"][:n_tokens]
    future = torch.ones(n_tokens, n_tokens, dtype=torch.bool).triu(1)
    for block in weights["blocks"]:
        projected = F.layer_norm(x, (d_model,)) @ block["query_key_value"]
        query, key, value = (
            part.view(n_tokens, n_heads, -1).transpose(0, 1) for part in projected.chunk(3, dim=-1)
        )
        scores = query @ key.transpose(-2, -1) / math.sqrt(d_model // n_heads)
        mixed = scores.masked_fill(future, float("-inf")).softmax(dim=-1) @ value
        x = x + mixed.transpose(0, 1).reshape(n_tokens, d_model) @ block["output"]
        wide = F.gelu(F.layer_norm(x, (d_model,)) @ block["widen"], approximate="tanh")
        x = x + wide @ block["narrow"]
    logits: Tensor = F.layer_norm(x, (d_model,)) @ weights["token_embedding"].T
    return logits


def _heads(part: Tensor, n_heads: int) -> Tensor:
    return part.view(len(part), n_heads, -1).transpose(0, 1)


def _attend(projected: Tensor, n_heads: int, *, causal: bool, scale: float, join: str) -> Tensor:
    n_tokens, d_model = len(projected), projected.shape[1] // 3
    query, key, value = (_heads(part, n_heads) for part in projected.chunk(3, dim=-1))
    scores = query @ key.transpose(-2, -1) / scale
    if causal:
        future = torch.ones(n_tokens, n_tokens, dtype=torch.bool).triu(1)
        scores = scores.masked_fill(future, float("-inf"))
    mixed = scores.softmax(dim=-1) @ value
    return (mixed if join == "wrong" else mixed.transpose(0, 1)).reshape(n_tokens, d_model)


def _normalized(x: Tensor, really: bool) -> Tensor:
    return F.layer_norm(x, x.shape[-1:]) if really else x


def _variant(
    tokens: Tensor,
    weights: Weights,
    n_heads: int,
    *,
    causal: bool = True,
    scale_by: str = "head",
    join: str = "right",
    norm: str = "pre",
    residual: float = 1.0,
    last_norm: bool = True,
    positions: bool = True,
    relu: bool = False,
) -> Tensor:
    width = weights["token_embedding"].shape[1]
    scale = math.sqrt({"head": width // n_heads, "width": width, "nothing": 1}[scale_by])

    x = weights["token_embedding"][tokens]
    if positions:
        x = x + weights["positions"][: len(tokens)]
    for block in weights["blocks"]:
        projected = _normalized(x, norm == "pre") @ block["query_key_value"]
        mixed = _attend(projected, n_heads, causal=causal, scale=scale, join=join)
        x = _normalized(residual * x + mixed @ block["output"], norm == "post")
        wide = _normalized(x, norm == "pre") @ block["widen"]
        bent = torch.relu(wide) if relu else F.gelu(wide, approximate="tanh")
        x = _normalized(residual * x + bent @ block["narrow"], norm == "post")
    logits: Tensor = _normalized(x, last_norm) @ weights["token_embedding"].T
    return logits


def _one_head(tokens: Tensor, weights: Weights, n_heads: int) -> Tensor:
    del n_heads
    return _variant(tokens, weights, 1)


def _heads_before_parts(tokens: Tensor, weights: Weights, n_heads: int) -> Tensor:
    width = weights["token_embedding"].shape[1]
    columns = torch.arange(3 * width).view(n_heads, 3, -1).transpose(0, 1).flatten()
    blocks = [
        {**block, "query_key_value": block["query_key_value"][:, columns]}
        for block in weights["blocks"]
    ]
    return whole_model(tokens, {**weights, "blocks": blocks}, n_heads)


def _one_block(tokens: Tensor, weights: Weights, n_heads: int) -> Tensor:
    return _variant(tokens, {**weights, "blocks": weights["blocks"][:1]}, n_heads)


def _probabilities(tokens: Tensor, weights: Weights, n_heads: int) -> Tensor:
    return whole_model(tokens, weights, n_heads).softmax(dim=-1)


def _last_only(tokens: Tensor, weights: Weights, n_heads: int) -> Tensor:
    return whole_model(tokens, weights, n_heads)[-1]


def _case(
    generator: torch.Generator, n_tokens: int, d_model: int, n_heads: int, n_layers: int
) -> Case:
    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).round(decimals=1)

    blocks = [
        {
            "query_key_value": normal(d_model, 3 * d_model),
            "output": normal(d_model, d_model),
            "widen": normal(d_model, 4 * d_model),
            "narrow": normal(4 * d_model, d_model),
        }
        for _ in range(n_layers)
    ]
    weights = {
        "token_embedding": normal(7, d_model),
        "positions": normal(n_tokens + 2, d_model),
        "blocks": blocks,
    }
    tokens = torch.randint(7, (n_tokens,), generator=generator)
    label = f"{n_tokens} tokens, {n_layers} blocks, {n_heads} heads"
    return Case({"tokens": tokens, "weights": weights, "n_heads": n_heads}, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    sizes = ((3, 4, 1, 1), (1, 4, 2, 1), (4, 6, 2, 2), (6, 8, 4, 3))
    return [
        *(_case(generator, *size) for size in sizes),
        with_gradients(_case(generator, 3, 4, 2, 1), "weights"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    sizes = ((5, 6, 3, 2), (8, 8, 2, 2), (2, 12, 4, 3))
    return [
        *(_case(generator, *size) for size in sizes),
        _case(generator, 1, 6, 3, 2),
        with_gradients(_case(generator, 4, 6, 2, 2), "weights"),
    ]


def _example() -> Case:
    zeros = {"query_key_value": (2, 6), "output": (2, 2), "widen": (2, 8), "narrow": (8, 2)}
    weights = {
        "token_embedding": torch.tensor([[3.0, 0.0], [0.0, 3.0]]),
        "positions": torch.zeros(2, 2),
        "blocks": [{name: torch.zeros(shape) for name, shape in zeros.items()}],
    }
    return Case({"tokens": torch.tensor([0, 1]), "weights": weights, "n_heads": 1}, "example")


EXERCISE = Exercise(
    id="gpt2.whole_model",
    title="GPT-2 as one function",
    statement="""
Write the whole forward pass as a function of plain tensors: one sequence, no biases, all gains 1.

`weights` is a dictionary with `token_embedding` [V D], `positions` [C D] and `blocks`, a list with
one dictionary for each block: `query_key_value` [D 3D] (the queries' columns first, then the
keys', then the values'), `output` [D D], `widen` [D 4D] and `narrow` [4D D]. Matrices multiply
from the right, `x @ matrix`. Norms are layer normalizations with $\\varepsilon = 10^{-5}$, the
GELU is the form with tanh, and the output matrix is the token embedding, transposed.

In the example the block adds nothing, so only embedding, final norm and output are at work. Some
cases compare gradients of the weights. PyTorch's own functions may be used, attention included;
layers and models of the course or of `transformers` may not.
""",
    signature=Signature(
        summary="Return the logits of a GPT-2 with the given weights.",
        parameters=(
            Parameter("tokens", "int tensor [T], T from 1 to C"),
            Parameter("weights", "dict of float tensors, as described above"),
            Parameter("n_heads", "int H, divides D"),
        ),
        returns="float tensor [T V]",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="stretch",
    points=8,
    minutes=25,
    example=_example(),
    reference=whole_model,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Follow the wiring diagram from top to bottom: embeddings, then for each block an "
        "attention half and a feed-forward half, then the last norm and the output. "
        "`F.layer_norm(x, (D,))` has the right ε already.",
        "Attention half: `projected = F.layer_norm(x, (D,)) @ block['query_key_value']`, cut it "
        "with `.chunk(3, dim=-1)`, give each part the shape [H T K] by `.view(T, H, K)"
        ".transpose(0, 1)`, and let the heads attend under a causal mask with the scale √K.",
        "Join the heads by `.transpose(0, 1).reshape(T, D)`, multiply by `block['output']`, add "
        "to x. Feed-forward half: "
        "`x + F.gelu(norm(x) @ widen, approximate='tanh') @ narrow`. Last line: "
        "`return F.layer_norm(x, (D,)) @ weights['token_embedding'].T`.",
    ),
    explanation="Twenty lines are the whole model. Everything else in a real implementation is "
    "biases and gains, batches, dropout, a cache and speed. The two transpositions are a pair: "
    "one brings the heads in front so that each attends alone, the other puts their results side "
    "by side again.",
    mutants=(
        Mutant(
            "sees_the_future",
            partial(_variant, causal=False),
            "There is no causal mask: earlier positions change with later tokens.",
        ),
        Mutant(
            "scaled_by_width",
            partial(_variant, scale_by="width"),
            "The scores are divided by √D; each head has K = D/H entries, so divide by √K.",
        ),
        Mutant(
            "not_scaled",
            partial(_variant, scale_by="nothing"),
            "The scores are not divided by √K, with K = D/H.",
        ),
        Mutant(
            "no_residual",
            partial(_variant, residual=0.0),
            "What a half of a block computes replaces the stream; it should be added to it.",
        ),
        *graph_mistakes(whole_model),
        Mutant(
            "not_transposed_back",
            partial(_variant, join="wrong"),
            "The heads are joined without moving them back behind the positions, so that the "
            "reshape mixes positions.",
        ),
        Mutant(
            "post_norm",
            partial(_variant, norm="post", last_norm=False),
            "The norms stand after the additions, as in GPT-1.",
        ),
        Mutant(
            "no_last_norm",
            partial(_variant, last_norm=False),
            "The final normalization is missing.",
        ),
        Mutant(
            "no_positions",
            partial(_variant, positions=False),
            "The position vectors are not added.",
        ),
        Mutant("relu", partial(_variant, relu=True), "The nonlinearity is ReLU; GPT-2 has GELU."),
        Mutant("one_head", _one_head, "All features attend as one head; cut them into `n_heads`."),
        Mutant(
            "heads_before_parts",
            _heads_before_parts,
            "The 3D columns are cut into heads first and then into q, k and v. All queries come "
            "first, then all keys, then all values: cut into three parts, then into heads.",
        ),
        Mutant("one_block", _one_block, "Only the first block is applied."),
        Mutant(
            "probabilities",
            _probabilities,
            "These are probabilities; logits are asked for, before any softmax.",
        ),
        Mutant("last_only", _last_only, "Logits of every position are asked for, not of the last."),
    ),
)
