"""Exercise: which weights learn when only the last layers are fine-tuned."""

import random
import re

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_PARTS = ("attention.query.weight", "feed_forward.narrow.bias")


def trained_names(names: list[str], n_last: int) -> list[str]:
    """Return the names of the weights that learn, in their order."""
    numbers = [int(name.split(".")[2]) for name in names if name.startswith("body.blocks.")]
    first = max(numbers) + 1 - n_last
    return [
        name
        for name in names
        if name.startswith("head.")
        or (name.startswith("body.blocks.") and int(name.split(".")[2]) >= first)
    ]


def _number(name: str) -> int:
    found = re.match(r"body\.blocks\.(\d+)\.", name)
    return int(found[1]) if found else -1


def _n_layers(names: list[str]) -> int:
    return max(map(_number, names)) + 1


def _first_layers(names: list[str], n_last: int) -> list[str]:
    return [n for n in names if n.startswith("head.") or 0 <= _number(n) < n_last]


def _no_head(names: list[str], n_last: int) -> list[str]:
    return [n for n in trained_names(names, n_last) if not n.startswith("head.")]


def _one_more(names: list[str], n_last: int) -> list[str]:
    return trained_names(names, n_last + 1)


def _one_less(names: list[str], n_last: int) -> list[str]:
    return trained_names(names, max(0, n_last - 1))


def _with_embeddings(names: list[str], n_last: int) -> list[str]:
    kept = set(trained_names(names, n_last))
    return [n for n in names if n in kept or "embedding" in n or "positions" in n]


def _frozen(names: list[str], n_last: int) -> list[str]:
    kept = set(trained_names(names, n_last))
    return [n for n in names if n not in kept]


def _as_text(names: list[str], n_last: int) -> list[str]:
    layers = sorted({str(_number(n)) for n in names if _number(n) >= 0})
    kept = set(layers[len(layers) - n_last :])
    return [n for n in names if n.startswith("head.") or str(_number(n)) in kept]


def _last_of_the_list(names: list[str], n_last: int) -> list[str]:
    seen = list(dict.fromkeys(_number(n) for n in names if _number(n) >= 0))
    kept = set(seen[len(seen) - n_last :])
    return [n for n in names if n.startswith("head.") or _number(n) in kept]


def _slice_of_zero(names: list[str], n_last: int) -> list[str]:
    layers = sorted({_number(n) for n in names if _number(n) >= 0})
    kept = set(layers[-n_last:])
    return [n for n in names if n.startswith("head.") or _number(n) in kept]


def _any_number(names: list[str], n_last: int) -> list[str]:
    first = _n_layers(names) - n_last
    return [
        n
        for n in names
        if n.startswith("head.") or any(int(d) >= first for d in re.findall(r"\d+", n))
    ]


def _weights_only(names: list[str], n_last: int) -> list[str]:
    return [n for n in trained_names(names, n_last) if n.endswith("weight")]


def _names(n_layers: int) -> list[str]:
    blocks = [f"body.blocks.{i}.{part}" for i in range(n_layers) for part in _PARTS]
    first = ["body.token_embedding.weight", "body.positions.table"]
    return [*first, *blocks, "head.weight", "head.bias"]


def _case(names: list[str], n_last: int, label: str) -> Case:
    return Case({"names": names, "n_last": n_last}, label)


def _shuffled(draw: random.Random, n_layers: int, n_last: int) -> Case:
    names = [*_names(n_layers), "body.adapter_99.weight"]
    draw.shuffle(names)
    return _case(names, n_last, f"the last {n_last} of {n_layers} layers, in mixed order")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(_names(4), 1, "the last of 4 layers"),
        _case(_names(3), 0, "the head alone"),
        _shuffled(draw, 12, 3),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(_names(2), 2, "all layers"),
        _case(_names(3), 0, "the head alone"),
        _shuffled(draw, 11, 2),
        _shuffled(draw, 5, 4),
    ]


EXERCISE = Exercise(
    id="gpt1_finetuning.trained_names",
    title="Freeze all but the last layers",
    statement="""
One way to fine-tune with few labels is to let only the new head and the last few blocks learn, and
to **freeze** the rest: token embeddings, positions, the lower blocks and whatever else there is.

The weights have names such as `body.token_embedding.weight`, `body.blocks.0.attention.query.weight`
and `head.bias`; the number tells the block, from 0 at the bottom. Return the names of those that
learn when the head and the last `n_last` blocks do, **in the order in which they were given**. The
names may come in any order. With `n_last = 0` the head learns alone.
""",
    signature=Signature(
        summary="Return the names of the weights that learn, in their order.",
        parameters=(
            Parameter("names", "list of str, the names of all weights, in any order"),
            Parameter("n_last", "int from 0 to the number of blocks"),
        ),
        returns="list of str",
    ),
    level="core",
    points=3,
    minutes=7,
    example=_case(_names(2), 1, "example"),
    reference=trained_names,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Two kinds of names learn: those of the head, and those of blocks with a high number.",
        "The number of a block is the third part of its name: `int(name.split('.')[2])`. Read it "
        "only from names that begin with `body.blocks.`.",
        "The number of blocks is the highest number plus 1, so blocks from "
        "`highest + 1 - n_last` on learn.",
    ),
    explanation="Comparing numbers, not texts, matters from the tenth block on: as text, '10' "
    "comes before '9'. In PyTorch the names would then decide "
    "`parameter.requires_grad_(name in chosen)` for `model.named_parameters()`. Frozen token "
    "embeddings also freeze the rows of the new tokens: what start, delimiter and extract mean to "
    "the model then stays what chance made it.",
    mutants=(
        Mutant(
            "first_layers", _first_layers, "The first blocks learn; it should be the last ones."
        ),
        Mutant("no_head", _no_head, "The head is missing: it is new and must always learn."),
        Mutant("one_more", _one_more, "One block too many learns."),
        Mutant("one_less", _one_less, "One block too few learns."),
        Mutant("with_embeddings", _with_embeddings, "The embeddings learn too; they are frozen."),
        Mutant("frozen", _frozen, "These are the names of the frozen weights, not of the others."),
        Mutant(
            "as_text",
            _as_text,
            "Block numbers are compared as texts, and '10' comes before '9'; use `int`.",
        ),
        Mutant(
            "last_of_the_list",
            _last_of_the_list,
            "The last blocks are taken in the order of the list; go by their numbers.",
        ),
        Mutant(
            "slice_of_zero",
            _slice_of_zero,
            "With n_last = 0 every block learns: a slice from −0 is the whole list.",
        ),
        Mutant(
            "any_number",
            _any_number,
            "A name with a number that is not a block's is taken for a block; look at the start "
            "of the name.",
        ),
        Mutant("weights_only", _weights_only, "The biases are missing; they learn as well."),
    ),
)
