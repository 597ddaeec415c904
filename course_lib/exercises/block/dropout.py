"""Exercise: dropout, in training and in evaluation."""

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


def dropout(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    """Return x with entries dropped in training, and untouched in evaluation."""
    if not training:
        return x
    return x * (noise >= p) / (1 - p)


def _never_scaled(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    return x * (noise >= p) if training else x


def _divided_by_p(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    return x * (noise >= p) / p if training else x


def _multiplied(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    return x * (noise >= p) * (1 - p) if training else x


def _scaled_later(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    return x * (noise >= p) if training else x * (1 - p)


def _always(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    del training
    return dropout(x, noise, p, True)


def _never(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    del noise, p, training
    return x * 1


def _the_other_way(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    return dropout(x, noise, p, not training)


def _keeps_the_dropped(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    return x * (noise < p) / (1 - p) if training else x


def _mean_restored(x: Tensor, noise: Tensor, p: float, training: bool) -> Tensor:
    if not training:
        return x
    kept = noise >= p
    return x * kept * kept.numel() / kept.sum().clamp(min=1)


def _case(
    generator: torch.Generator, shape: tuple[int, ...], p: float, training: bool, label: str = ""
) -> Case:
    x = torch.randn(*shape, generator=generator).round(decimals=1) + 3
    noise = torch.rand(*shape, generator=generator).mul(100).floor() / 100 + 0.005
    name = label or f"{'training' if training else 'evaluation'}, p = {p}"
    return Case({"x": x, "noise": noise, "p": p, "training": training}, name)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case(generator, (3, 4), 0.5, True),
        _case(generator, (4, 6), 0.2, True),
        _case(generator, (2, 3), 0.25, False),
        _case(generator, (2, 3), 0.0, True, "nothing to drop"),
        with_gradients(_case(generator, (3, 4), 0.4, True), "x"),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    double = _case(generator, (3, 5), 0.3, True)
    inputs = {**double.inputs, "x": double.inputs["x"].double()}
    return [
        _case(generator, (2, 4, 6), 0.1, True),
        _case(generator, (5, 4), 0.8, True),
        _case(generator, (2, 2, 3), 0.9, False),
        Case(inputs, "float64"),
        with_gradients(_case(generator, (2, 3, 4), 0.6, True), "x"),
        with_gradients(_case(generator, (3, 4), 0.6, False), "x"),
    ]


def _example() -> Case:
    inputs = {
        "x": torch.tensor([[3.0, 6.0, 9.0]]),
        "noise": torch.tensor([[0.1, 0.8, 0.3]]),
        "p": 0.25,
        "training": True,
    }
    return Case(inputs, "example")


EXERCISE = Exercise(
    id="block.dropout",
    title="Dropout that costs nothing later",
    statement="""
In training, dropout sets each entry of $x$ to 0 with probability `p` and makes the others larger,
so that the expected value of every entry stays what it was. In evaluation $x$ passes untouched.

The randomness is given: `noise` holds one number between 0 and 1, evenly drawn, for each entry of
$x$. An entry is dropped where its noise is **below** `p`. A model learns through dropout, so
PyTorch must be able to differentiate the result: some cases compare gradients.
""",
    signature=Signature(
        summary="Return x with entries dropped in training, and untouched in evaluation.",
        parameters=(
            Parameter("x", "float tensor of any shape, 32 or 64 bits"),
            Parameter("noise", "float tensor of the same shape, numbers between 0 and 1"),
            Parameter("p", "float, 0 <= p < 1, the probability of being dropped"),
            Parameter("training", "bool, False in evaluation"),
        ),
        returns="float tensor of the shape of x",
    ),
    level="core",
    points=3,
    minutes=6,
    example=_example(),
    reference=dropout,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "`noise >= p` is a tensor of `True` and `False`; multiplied with $x$ it counts as 1 and 0.",
        "An entry survives with probability 1 − p. By what must the survivors be multiplied, so "
        "that the mean over many draws is the entry itself?",
        "`x * (noise >= p) / (1 - p)` in training; `x` otherwise.",
    ),
    explanation="An entry is kept with probability 1 − p and is then x / (1 − p), so its mean over "
    "many draws is x. With the division done in training, evaluation needs no change: the model "
    "is simply run. (The first papers multiplied by 1 − p in evaluation instead.)",
    mutants=(
        Mutant(
            "never_scaled",
            _never_scaled,
            "The survivors are not scaled up, so the mean of what passes is too small.",
        ),
        Mutant("divided_by_p", _divided_by_p, "The survivors are divided by p; divide by 1 − p."),
        Mutant("multiplied", _multiplied, "The survivors are multiplied by 1 − p; divide by it."),
        Mutant(
            "scaled_later",
            _scaled_later,
            "Evaluation is scaled down instead of training up. That keeps the means too, but here "
            "evaluation must leave x untouched.",
        ),
        Mutant("always", _always, "Entries are dropped in evaluation too."),
        Mutant("never", _never, "Nothing is ever dropped."),
        Mutant("the_other_way", _the_other_way, "Training and evaluation are exchanged."),
        Mutant(
            "keeps_the_dropped",
            _keeps_the_dropped,
            "Entries with noise below p are kept; they are the ones to drop.",
        ),
        Mutant(
            "mean_restored",
            _mean_restored,
            "The scale is taken from the number of survivors in this draw; use 1 − p, which does "
            "not depend on the draw.",
        ),
        *graph_mistakes(dropout),
    ),
)
