"""Rung 5: from token ids to logits, with as many blocks as the names tell."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from course_lib.exercises.build_gpt2.reference import block, blocks_of, model_logits, normalize
from course_lib.exercises.build_gpt2.small_models import (
    Sizes,
    Weights,
    drawing,
    identity_model,
    model_weights,
)
from course_lib.exercises.specification import (
    Case,
    Exercise,
    Mutant,
    Parameter,
    Signature,
    graph_mistakes,
    with_gradients,
)


@dataclass(frozen=True)
class _Slips:
    """What may be different about the way in and the way out."""

    positions: str = "right"
    blocks: str = "all"
    scaled: bool = False
    norm: bool = True
    last: int | None = -1


def _variant(
    tokens: Tensor, weights: Weights, n_heads: int, last_only: bool = False, *, slips: _Slips
) -> Tensor:
    embedding, table = weights["token_embedding.weight"], weights["positions.table"]
    x = embedding[tokens]
    if slips.scaled:
        x = x * embedding.shape[1] ** 0.5
    if slips.positions == "right":
        x = x + table[: tokens.shape[1]]
    elif slips.positions == "from_one":
        x = x + table.roll(-1, dims=0)[: tokens.shape[1]]
    elif slips.positions == "same":
        x = x + table[0]
    parts = blocks_of(weights)
    if slips.blocks == "text":
        parts = [parts[number] for number in sorted(range(len(parts)), key=str)]
    elif slips.blocks == "backwards":
        parts.reverse()
    elif slips.blocks == "first":
        parts = parts[:1] * len(parts)
    elif slips.blocks == "one":
        parts = parts[:1]
    for part in parts:
        x = block(x, part, n_heads)
    if last_only and slips.last is not None:
        x = x[:, slips.last]
    if slips.norm:
        x = normalize(x, weights["final_norm.gain"], weights["final_norm.bias"])
    return x @ embedding.T


def _with(**slips: str | bool | int | None) -> partial[Tensor]:
    return partial(_variant, slips=_Slips(**slips))  # type: ignore[arg-type]


def _probabilities(
    tokens: Tensor, weights: Weights, n_heads: int, last_only: bool = False
) -> Tensor:
    return model_logits(tokens, weights, n_heads, last_only).softmax(dim=-1)


def _one_axis_more(
    tokens: Tensor, weights: Weights, n_heads: int, last_only: bool = False
) -> Tensor:
    logits = model_logits(tokens, weights, n_heads, last_only)
    return logits[:, None] if last_only else logits


def _case(seed: int, shape: tuple[int, int], sizes: Sizes, n_heads: int, last: bool | None) -> Case:
    draw, generator = drawing(seed)
    weights = model_weights(draw, sizes)
    tokens = torch.randint(sizes.vocab_size, shape, generator=generator)
    inputs = {"tokens": tokens, "weights": weights, "n_heads": n_heads}
    label = f"sequences: {shape[0]}, tokens: {shape[1]}, blocks: {sizes.n_layers}"
    if last is None:
        return Case(inputs, label)
    return Case({**inputs, "last_only": last}, label + (", last position only" if last else ""))


def _small(seed: int) -> Case:
    return _case(seed, (1, 3), Sizes(n_layers=2, d_model=4, vocab_size=5), 2, None)


def _public(seed: int) -> list[Case]:
    first = 90 * seed
    return [
        _case(first, (1, 3), Sizes(n_layers=0), 1, None),
        _case(first + 1, (2, 4), Sizes(n_layers=2), 2, False),
        _case(first + 2, (2, 3), Sizes(n_layers=1), 2, True),
        _case(first + 3, (1, 4), Sizes(n_layers=11, d_ff=3), 2, None),
        with_gradients(_small(first + 4), "weights"),
    ]


def _hidden(seed: int) -> list[Case]:
    first = 10_000 + 90 * seed
    return [
        _case(first, (3, 6), Sizes(n_layers=2, d_model=6), 3, None),
        _case(first + 1, (2, 4), Sizes(n_layers=3), 2, True),
        _case(first + 2, (1, 1), Sizes(n_layers=1), 2, True),
        _case(first + 3, (1, 5), Sizes(n_layers=12, d_ff=3), 2, False),
        with_gradients(_small(first + 4), "weights"),
    ]


EXERCISE = Exercise(
    id="build_gpt2.model_logits",
    title="Rung 5 · the way in, all blocks, the way out",
    statement="""
Put the model together from one flat dictionary:

- `token_embedding.weight` [V D] and `positions.table` [C D]: row $s$ of the first and row $t$ of
  the second are added for token $s$ at place $t = 0, 1, \\dots$;
- `blocks.0.attention_norm.gain`, and so on: the twelve names of rung 4 behind the number of the
  block. There are as many blocks as the names tell, and they run in the order of their **numbers**;
- `final_norm.gain` and `.bias` [D];
- the logits compare the result with every row of the token embedding, $xE^\\top$.

Text needs only the logits after the last token. With `last_only` give just these, [B V], and do not
compute the others: in the smallest GPT-2 the product with $E^\\top$ is nearly a third of all
multiply-adds. The example has no block at all. Some cases compare gradients of the weights.
""",
    signature=Signature(
        summary="Return the scores of all tokens as the next one.",
        parameters=(
            Parameter("tokens", "int tensor [B T], T from 1 to C"),
            Parameter("weights", "dict of float tensors, as described above"),
            Parameter("n_heads", "int H, divides D"),
            Parameter("last_only", "bool, whether only the last position is asked for", "False"),
        ),
        returns="float tensor [B T V]; [B V] with last_only",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=6,
    minutes=15,
    example=Case(
        {"tokens": torch.tensor([[0, 1]]), "weights": identity_model(2, 2), "n_heads": 1}, "example"
    ),
    reference=model_logits,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Way in: one line of indexing for the tokens, one slice for the positions. Way out: the "
        "last norm, then a matrix product. In between a loop over blocks.",
        "The part of the dictionary that belongs to block i: `{name.removeprefix(f'blocks.{i}.'): "
        "w for name, w in weights.items() if name.startswith(f'blocks.{i}.')}`. The dot at the end "
        "keeps block 1 and block 10 apart.",
        "`n_layers = len({name.split('.')[1] for name in weights if name.startswith('blocks.')})` "
        "and `for i in range(n_layers)`. With `last_only`, `x = x[:, -1]` before the last norm.",
    ),
    explanation="Sorting names as texts puts block 10 before block 2: GPT-2 small has twelve, so "
    "the slip waits for a real model. Cutting to the last position before the last norm changes "
    "nothing, since norm and output look at each position alone.",
    mutants=(
        Mutant("no_positions", _with(positions="no"), "The positions are not added."),
        Mutant("from_one", _with(positions="from_one"), "Positions count from 1; they begin at 0."),
        Mutant(
            "same_position", _with(positions="same"), "Every token gets the vector of position 0."
        ),
        Mutant("scaled", _with(scaled=True), "Embeddings are multiplied by √D, as in 2017."),
        Mutant(
            "order_of_text",
            _with(blocks="text"),
            "The blocks run in the order of their names as texts, with 10 before 2; go by number.",
        ),
        Mutant("backwards", _with(blocks="backwards"), "The blocks run in reverse order."),
        Mutant("first_block", _with(blocks="first"), "Every block has the weights of block 0."),
        Mutant("one_block", _with(blocks="one"), "Only block 0 is applied."),
        Mutant("no_last_norm", _with(norm=False), "The final norm is missing."),
        Mutant("all_positions", _with(last=None), "`last_only` is not looked at."),
        Mutant("first_position", _with(last=0), "`last_only` gives the first position."),
        Mutant(
            "one_axis_more",
            _one_axis_more,
            "With `last_only` there is an axis of length 1 for the position; give [B V].",
        ),
        Mutant("probabilities", _probabilities, "These are probabilities; logits are asked for."),
        *graph_mistakes(model_logits),
    ),
)
