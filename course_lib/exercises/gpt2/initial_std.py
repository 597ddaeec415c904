"""Exercise: how widely each parameter is drawn at initialization."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

_LAYERS = ("query_key_value", "output", "widen", "narrow")


def initial_std(names: list[str], n_layers: int) -> list[float]:
    """Return the standard deviation of each parameter at initialization."""
    found = []
    for name in names:
        layer, kind = name.split(".")[-2:]
        if kind in ("gain", "bias"):
            found.append(0.0)
        elif layer in ("output", "narrow"):
            found.append(0.02 / math.sqrt(2 * n_layers))
        else:
            found.append(0.02)
    return found


def _by_factor(names: list[str], factor: float, layers: tuple[str, ...]) -> list[float]:
    plain = [0.0 if name.endswith((".gain", ".bias")) else 0.02 for name in names]
    residual = [name.split(".")[-2] in layers for name in names]
    return [
        std * factor if is_residual else std
        for std, is_residual in zip(plain, residual, strict=True)
    ]


def _no_scaling(names: list[str], n_layers: int) -> list[float]:
    del n_layers
    return _by_factor(names, 1.0, ())


def _blocks_only(names: list[str], n_layers: int) -> list[float]:
    return _by_factor(names, 1 / math.sqrt(n_layers), ("output", "narrow"))


def _no_root(names: list[str], n_layers: int) -> list[float]:
    return _by_factor(names, 1 / (2 * n_layers), ("output", "narrow"))


def _variance(names: list[str], n_layers: int) -> list[float]:
    return [std**2 for std in initial_std(names, n_layers)]


def _every_layer(names: list[str], n_layers: int) -> list[float]:
    return _by_factor(names, 1 / math.sqrt(2 * n_layers), _LAYERS)


def _first_layers(names: list[str], n_layers: int) -> list[float]:
    return _by_factor(names, 1 / math.sqrt(2 * n_layers), ("query_key_value", "widen"))


def _attention_only(names: list[str], n_layers: int) -> list[float]:
    return _by_factor(names, 1 / math.sqrt(2 * n_layers), ("output",))


def _random_biases(names: list[str], n_layers: int) -> list[float]:
    right = initial_std(names, n_layers)
    return [0.02 if name.endswith(".bias") else std for name, std in zip(names, right, strict=True)]


def _no_constants(names: list[str], n_layers: int) -> list[float]:
    residual = 0.02 / math.sqrt(2 * n_layers)
    return [residual if "output" in name or "narrow" in name else 0.02 for name in names]


def _only_weight(names: list[str], n_layers: int) -> list[float]:
    return [
        std if name.endswith(".weight") else 0.0
        for name, std in zip(names, initial_std(names, n_layers), strict=True)
    ]


def _gains_of_one(names: list[str], n_layers: int) -> list[float]:
    return [
        1.0 if name.endswith(".gain") else std
        for name, std in zip(names, initial_std(names, n_layers), strict=True)
    ]


def _grows(names: list[str], n_layers: int) -> list[float]:
    return _by_factor(names, math.sqrt(2 * n_layers), ("output", "narrow"))


def _block_names(index: int) -> list[str]:
    return [
        f"blocks.{index}.attention_norm.gain",
        f"blocks.{index}.attention.query_key_value.weight",
        f"blocks.{index}.attention.query_key_value.bias",
        f"blocks.{index}.attention.output.weight",
        f"blocks.{index}.attention.output.bias",
        f"blocks.{index}.feed_forward.widen.weight",
        f"blocks.{index}.feed_forward.narrow.weight",
        f"blocks.{index}.feed_forward.narrow.bias",
    ]


def _case(n_layers: int, index: int) -> Case:
    names = ["token_embedding.weight", "positions.table", *_block_names(index), "final_norm.bias"]
    return Case({"names": names, "n_layers": n_layers}, f"{n_layers} blocks, names of one of them")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    counts = [draw.randint(3, 90) for _ in range(3)]
    return [_case(12, 0), _case(48, 47), *(_case(count, count - 1) for count in counts)]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    counts = [draw.randint(2, 99) for _ in range(3)]
    return [
        *(_case(count, draw.randrange(count)) for count in (*counts, 36)),
        _case(1, 0),
        Case({"names": [], "n_layers": 3}, "no names"),
    ]


EXERCISE = Exercise(
    id="gpt2.initial_std",
    title="How widely to draw the weights",
    statement="""
Given the names of parameters as `model.named_parameters()` of `course_lib` lists them, return the
standard deviation with which GPT-2 draws each. Embeddings, positions and weights: 0.02. Weights of
the layers that **write to the residual stream**: $0.02/\\sqrt{N}$ with $N$ the number of such
layers in the whole model, two for each block. Gains (all 1) and biases (all 0) are constants:
return 0.
""",
    signature=Signature(
        summary="Return the standard deviation of each parameter at initialization.",
        parameters=(
            Parameter("names", "list of str, such as 'blocks.0.attention.output.weight'"),
            Parameter("n_layers", "int, the number of blocks"),
        ),
        returns="list of float, one for each name",
    ),
    level="core",
    points=4,
    minutes=8,
    example=Case(
        {"names": ["blocks.0.feed_forward.narrow.weight", "final_norm.gain"], "n_layers": 8},
        "example",
    ),
    reference=initial_std,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Which two linear layers of a block end at the ⊕ of the wiring diagram?",
        "They are `attention.output` and `feed_forward.narrow`. Only their weights are scaled; "
        "their biases are 0 like all others.",
        "`name.split('.')[-2:]` gives the layer and the kind. N = 2 · n_layers, so the scaled "
        "value is `0.02 / math.sqrt(2 * n_layers)`.",
    ),
    explanation="Every block adds two terms to the stream, so N = 2 · n_layers independent terms "
    "add up. Their variances add, and 1/√N on each weight makes each variance N times smaller, so "
    "the sum does not depend on depth. The inner layers do not write to the stream and are left.",
    mutants=(
        Mutant("no_scaling", _no_scaling, "No weight is scaled by 1/√N."),
        Mutant(
            "blocks_only",
            _blocks_only,
            "N is the number of blocks here, but each block adds to the stream twice.",
        ),
        Mutant("no_root", _no_root, "The weights are divided by N; divide by its square root."),
        Mutant("variance", _variance, "These are variances; the standard deviation is asked for."),
        Mutant(
            "every_layer",
            _every_layer,
            "All four linear layers of a block are scaled; only those that write to the stream "
            "should be.",
        ),
        Mutant(
            "first_layers",
            _first_layers,
            "The layers that read from the stream are scaled; scale those that write to it.",
        ),
        Mutant(
            "attention_only",
            _attention_only,
            "Only attention's output is scaled; `narrow` writes to the stream too.",
        ),
        Mutant("random_biases", _random_biases, "Biases begin at 0; they are not drawn."),
        Mutant(
            "no_constants",
            _no_constants,
            "Gains and biases are treated like weights; they are constants at the start.",
        ),
        Mutant(
            "only_weight",
            _only_weight,
            "Only names that end in `weight` are drawn; the table of positions, `positions.table`, "
            "is too.",
        ),
        Mutant(
            "gains_of_one",
            _gains_of_one,
            "1 is the value of a gain. All gains have it, so their standard deviation is 0.",
        ),
        Mutant("grows", _grows, "The weights are multiplied by √N; divide by it."),
    ),
)
