"""Exercise: how the gradient shrinks or grows on its way back through a recurrent network."""

import random

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def gradient_by_distance(states: Tensor, from_state: Tensor, gradient: Tensor) -> list[float]:
    """Return the norm of the gradient at every state, from the last back to the first."""
    norms = [float(gradient.norm())]
    for state in reversed(states[1:]):
        gradient = (gradient * (1 - state**2)) @ from_state.T
        norms.append(float(gradient.norm()))
    return norms


def _walk(w: Tensor, gradient: Tensor, slopes: Tensor, *, late: bool = False) -> list[float]:
    """Walk back with other slopes of the tanh, or with them applied after the weights."""
    norms = [float(gradient.norm())]
    for slope in reversed(slopes[1:]):
        gradient = (gradient @ w.T) * slope if late else (gradient * slope) @ w.T
        norms.append(float(gradient.norm()))
    return norms


def _no_slope(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return _walk(w, gradient, torch.ones_like(states))


def _not_transposed(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return gradient_by_distance(states, w.T, gradient)


def _slope_of_the_earlier(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    slopes = 1 - torch.cat([states[:1], states[:-1]]) ** 2
    return _walk(w, gradient, slopes)


def _slope_after(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return _walk(w, gradient, 1 - states**2, late=True)


def _no_square(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return _walk(w, gradient, 1 - states)


def _slope_of_the_state(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return _walk(w, gradient, 1 - torch.tanh(states) ** 2)


def _first_to_last(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return gradient_by_distance(states, w, gradient)[::-1]


def _squared(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return [norm**2 for norm in gradient_by_distance(states, w, gradient)]


def _only_the_radius(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    radius = float(torch.linalg.eigvals(w).abs().max())
    return [float(gradient.norm()) * radius**distance for distance in range(len(states))]


def _one_too_few(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    return gradient_by_distance(states, w, gradient)[1:]


def _one_too_many(states: Tensor, w: Tensor, gradient: Tensor) -> list[float]:
    longer = torch.cat([torch.zeros_like(states[:1]), states])
    return gradient_by_distance(longer, w, gradient)


def _case(draw: random.Random, steps: int, d_state: int, size: float) -> Case:
    generator = torch.Generator().manual_seed(draw.randrange(2**31))
    return Case(
        {
            "states": torch.tanh(torch.randn(steps, d_state, generator=generator)),
            "from_state": size * torch.randn(d_state, d_state, generator=generator) / d_state**0.5,
            "gradient": torch.randn(d_state, generator=generator),
        },
        f"{steps} steps, state of {d_state}, weights of size {size:g}",
    )


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(draw, 1, 2, 1.0),
        _case(draw, 2, 3, 1.0),
        _case(draw, 5, 2, 2.0),
        _case(draw, 8, 4, 0.7),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(draw, 3, 1, 1.5),
        _case(draw, 12, 6, 3.0),
        _case(draw, 20, 3, 0.9),
        _case(draw, 4, 5, 1.0),
    ]


EXERCISE = Exercise(
    id="recurrent.gradient_by_distance",
    title="Back-propagation through time, by hand",
    statement="""
A recurrent network $h_t = \\tanh(x_t W_x + h_{t-1} W_h)$ has run for $T$ steps; `states` holds
$h_1, \\dots, h_T$. A loss at the end has the gradient $g_T$ with respect to $h_T$. Walk back with
the chain rule,

$$g_{t-1} = \\left(g_t \\odot (1 - h_t^2)\\right) W_h^\\top ,$$

and return the norms $\\lVert g_T \\rVert, \\lVert g_{T-1} \\rVert, \\dots, \\lVert g_1 \\rVert$:
entry $d$ is the gradient at distance $d$ from the end. Do it with products, without PyTorch's
automatic differentiation.
""",
    signature=Signature(
        summary="Return the norm of the gradient at every state, from the last back to the first.",
        parameters=(
            Parameter("states", "float tensor [T M], the states h_1 to h_T"),
            Parameter("from_state", "float tensor [M M], the weights W_h"),
            Parameter("gradient", "float tensor [M], the gradient at h_T"),
        ),
        returns="list of T numbers: the norms at distance 0, 1, …, T − 1",
    ),
    forbidden=("recurrent", "course_lib.classical", "transformers"),
    level="stretch",
    points=4,
    minutes=12,
    example=Case(
        {
            "states": torch.tensor([[0.0], [0.5], [0.0]]),
            "from_state": torch.tensor([[0.8]]),
            "gradient": torch.tensor([1.0]),
        },
        "example",
    ),
    reference=gradient_by_distance,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "With one number as the state each step back is a factor, `w * (1 - h**2)`. Which h, the "
        "one you come from or the one you go to? In the example the second factor is "
        "0.8 · (1 − 0.5²).",
        "The derivative of tanh at step t, seen from its result, is `1 - h_t**2`. It comes before "
        "the weights on the way back: first multiply by it, then by `from_state.T`.",
        "Start with `[gradient.norm()]`; for `state` in `reversed(states[1:])` replace `gradient` "
        "and append its norm. T states make T norms, and T − 1 steps back.",
    ),
    explanation="Every step back multiplies by the same matrix, and by slopes that are at most 1. "
    "If what is left of a vector after one step is shorter on average, the norms fall like a power "
    "of the distance: the gradient vanishes. If it is longer, they explode. The slopes explain why "
    "a spectral radius of 1 is not enough to keep it alive.",
    mutants=(
        Mutant(
            "no_slope",
            _no_slope,
            "The derivative of tanh, 1 − h², is missing.",
        ),
        Mutant(
            "not_transposed",
            _not_transposed,
            "On the way back the weights are transposed: `@ from_state.T`.",
        ),
        Mutant(
            "slope_of_the_earlier",
            _slope_of_the_earlier,
            "The slope is taken at the state you go to; the tanh that made the state you come "
            "from is the one on the way.",
        ),
        Mutant(
            "slope_after",
            _slope_after,
            "The slope is applied after the weights; on the way back the tanh comes first.",
        ),
        Mutant("no_square", _no_square, "The slope of tanh is 1 − h², not 1 − h."),
        Mutant(
            "slope_of_the_state",
            _slope_of_the_state,
            "A state has been through tanh already: its slope is 1 − h², without another tanh.",
        ),
        Mutant(
            "first_to_last",
            _first_to_last,
            "The norms are in the order of time; the first entry must be distance 0, the last "
            "state.",
        ),
        Mutant("squared", _squared, "These are squared norms; take the root."),
        Mutant(
            "only_the_radius",
            _only_the_radius,
            "A power of the spectral radius is only a rule of thumb; walk back step by step.",
        ),
        Mutant(
            "one_too_few",
            _one_too_few,
            "The gradient at the last state itself, distance 0, is missing.",
        ),
        Mutant(
            "one_too_many",
            _one_too_many,
            "One step too many: T states have T norms, and h_1 is the last to reach.",
        ),
    ),
)
