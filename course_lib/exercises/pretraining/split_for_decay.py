"""Exercise: which parameters decay."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Shapes = dict[str, list[int]]
Groups = dict[str, list[str]]


def split_for_decay(shapes: Shapes) -> Groups:
    """Sort parameters into those that decay and those that do not."""
    groups: Groups = {"decay": [], "no_decay": []}
    for name, shape in shapes.items():
        groups["decay" if len(shape) >= 2 else "no_decay"].append(name)
    return groups


def _where(shapes: Shapes, decays: dict[str, bool]) -> Groups:
    return {
        "decay": [name for name in shapes if decays[name]],
        "no_decay": [name for name in shapes if not decays[name]],
    }


def _only_biases(shapes: Shapes) -> Groups:
    return _where(shapes, {name: not name.endswith("bias") for name in shapes})


def _named_weight(shapes: Shapes) -> Groups:
    return _where(shapes, {name: name.endswith("weight") for name in shapes})


def _exactly_two(shapes: Shapes) -> Groups:
    return _where(shapes, {name: len(shape) == 2 for name, shape in shapes.items()})


def _more_than_two(shapes: Shapes) -> Groups:
    return _where(shapes, {name: len(shape) > 2 for name, shape in shapes.items()})


def _no_embeddings(shapes: Shapes) -> Groups:
    return _where(
        shapes,
        {
            name: len(shape) >= 2 and "embedding" not in name and "positions" not in name
            for name, shape in shapes.items()
        },
    )


def _everything(shapes: Shapes) -> Groups:
    return _where(shapes, dict.fromkeys(shapes, True))


def _swapped(shapes: Shapes) -> Groups:
    groups = split_for_decay(shapes)
    return {"decay": groups["no_decay"], "no_decay": groups["decay"]}


def _by_size(shapes: Shapes) -> Groups:
    return _where(shapes, {name: max(shape, default=1) >= 64 for name, shape in shapes.items()})


def _sorted(shapes: Shapes) -> Groups:
    return {key: sorted(names) for key, names in split_for_decay(shapes).items()}


def _with_shapes(shapes: Shapes) -> dict[str, list[list[int]]]:
    return {key: [shapes[name] for name in names] for key, names in split_for_decay(shapes).items()}


def _shapes(draw: random.Random) -> Shapes:
    width = draw.choice([16, 32, 48])
    index = draw.randrange(12)
    block = f"blocks.{index}"
    return {
        "token_embedding.weight": [draw.randint(50, 900), width],
        "positions.table": [draw.randint(8, 40), width],
        f"{block}.attention_norm.gain": [width],
        f"{block}.attention_norm.bias": [width],
        f"{block}.attention.query_key_value.weight": [3 * width, width],
        f"{block}.attention.query_key_value.bias": [3 * width],
        f"{block}.feed_forward.widen.weight": [4 * width, width],
        f"{block}.feed_forward.widen.bias": [4 * width],
        "final_norm.weight": [width],
        f"head_mix.{draw.randrange(9)}": [2, width // 2, width],
    }


def _case(shapes: Shapes) -> Case:
    return Case({"shapes": shapes}, f"{len(shapes)} parameters")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case({"final_norm.gain": [8], "final_norm.bias": [8]}),
        _case({"widen.weight": [32, 8], "widen.bias": [32], "norm.weight": [8]}),
        _case(_shapes(draw)),
        _case(_shapes(draw)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        *(_case(_shapes(draw)) for _ in range(4)),
        _case({"scale": [], "mix.weight": [1, 1], "shift": [1]}),
        _case({}),
    ]


EXERCISE = Exercise(
    id="pretraining.split_for_decay",
    title="Who decays",
    statement="""
AdamW shrinks weights toward zero, but not all of them. Given the shape of each parameter by its
name, sort the names into two groups: matrices and larger tensors (two axes or more) decay; gains,
biases and all other vectors do not, nor do single numbers (no axis). Keep the order in which the
names come.

A warning from practice: names mislead. One library calls the gain of its LayerNorm `weight`,
another calls a matrix `table`. The number of axes does not.
""",
    signature=Signature(
        summary="Sort parameters into those that decay and those that do not.",
        parameters=(
            Parameter("shapes", "dict from the parameter's name to its shape, a list of int"),
        ),
        returns='{"decay": list of names, "no_decay": list of names}',
    ),
    level="core",
    points=2,
    minutes=5,
    example=_case({"widen.weight": [12, 3], "widen.bias": [12]}),
    reference=split_for_decay,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "What do a bias and the gain of a normalization have in common, that no matrix has?",
        "The length of a shape is the number of axes: `len([12, 3])` is 2 and `len([12])` is 1.",
        "Begin with two empty lists and go through `shapes.items()`; append the name to the one "
        "list if `len(shape) >= 2`, else to the other.",
    ),
    explanation="A matrix multiplies features, and large entries make the output sharp, so pulling "
    "them toward zero regularizes. A gain's natural place is 1 and a bias only moves its output; "
    "pulling them to zero has no such sense. The number of axes tells them apart in every library.",
    mutants=(
        Mutant(
            "only_biases",
            _only_biases,
            "Only biases are spared; the gains of the normalizations decay here and should not.",
        ),
        Mutant(
            "named_weight",
            _named_weight,
            "This sorts by the name `weight`: a gain of that name decays, a matrix called `table` "
            "does not. Look at the shape.",
        ),
        Mutant(
            "exactly_two",
            _exactly_two,
            "A tensor with three axes is left out; two axes or more decay.",
        ),
        Mutant(
            "no_embeddings",
            _no_embeddings,
            "Embedding and position tables are matrices and decay too, by this rule.",
        ),
        Mutant("everything", _everything, "Everything decays, vectors too."),
        Mutant(
            "more_than_two",
            _more_than_two,
            "Off by one: matrices are left out; two axes are enough to decay.",
        ),
        Mutant("with_shapes", _with_shapes, "The groups hold shapes; they should hold names."),
        Mutant("swapped", _swapped, "The two groups are swapped."),
        Mutant(
            "by_size",
            _by_size,
            "This goes by the size of an axis; the number of axes decides.",
        ),
        Mutant("sorted", _sorted, "The names are sorted; keep the order in which they come."),
    ),
)
