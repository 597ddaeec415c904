"""Exercise: softmax with a temperature, zero included."""

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def temperature_softmax(logits: Tensor, temperature: float) -> Tensor:
    """Return the distribution of the next token at a temperature."""
    if temperature == 0:
        best = logits.argmax(dim=-1, keepdim=True)
        return torch.zeros_like(logits).scatter(-1, best, 1.0)
    return torch.softmax(logits / temperature, dim=-1)


def _greedy(logits: Tensor) -> Tensor:
    return temperature_softmax(logits, 0)


def _multiplies(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return _greedy(logits)
    return torch.softmax(logits * temperature, dim=-1)


def _after_the_softmax(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return _greedy(logits)
    scaled = torch.softmax(logits, dim=-1) / temperature
    return scaled / scaled.sum(dim=-1, keepdim=True)


def _not_renormalized(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return _greedy(logits)
    return torch.softmax(logits, dim=-1) ** (1 / temperature)


def _divides_by_zero(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits / torch.tensor(temperature), dim=-1)


def _zero_means_off(logits: Tensor, temperature: float) -> Tensor:
    return torch.softmax(logits / (temperature or 1.0), dim=-1)


def _overflows(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return _greedy(logits)
    exponentials = (logits / temperature).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


def _whole_batch(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return _greedy(logits)
    return torch.softmax((logits / temperature).flatten(), dim=0).view(logits.shape)


def _shares_ties(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        best = (logits == logits.amax(dim=-1, keepdim=True)).to(logits.dtype)
        return best / best.sum(dim=-1, keepdim=True)
    return torch.softmax(logits / temperature, dim=-1)


def _last_of_equals(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return _greedy(logits.flip(-1)).flip(-1)
    return torch.softmax(logits / temperature, dim=-1)


def _best_id(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return logits.argmax(dim=-1)
    return torch.softmax(logits / temperature, dim=-1)


def _first_axis(logits: Tensor, temperature: float) -> Tensor:
    if temperature == 0:
        return _greedy(logits)
    return torch.softmax(logits / temperature, dim=0)


def _case(logits: list[float] | list[list[float]], temperature: float, label: str) -> Case:
    return Case({"logits": torch.tensor(logits), "temperature": temperature}, label)


def _random_case(generator: torch.Generator, shape: tuple[int, ...], temperature: float) -> Case:
    logits = (torch.randn(shape, generator=generator) * 3).round(decimals=1)
    label = f"random logits of shape {list(shape)}, temperature {temperature}"
    return Case({"logits": logits, "temperature": temperature}, label)


def _public(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(seed)
    return [
        _case([2.0, 1.0, 0.0], 1.0, "temperature 1"),
        _case([2.0, 1.0, 0.0], 0.5, "sharper"),
        _case([2.0, 1.0, 0.0], 2.0, "flatter"),
        _case([0.0, 3.0, 1.0], 0.0, "temperature 0"),
        _case([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]], 0.0, "temperature 0 with ties"),
        _case([30.0, 29.0, 10.0], 0.1, "a low temperature"),
        _random_case(generator, (2, 4), 0.7),
    ]


def _hidden(seed: int) -> list[Case]:
    generator = torch.Generator().manual_seed(10_000 + seed)
    return [
        _random_case(generator, (3, 5), 0.0),
        _random_case(generator, (6,), 1.5),
        _random_case(generator, (2, 3, 4), 0.01),
        _case([-1.0, -1.0, -5.0], 0.0, "temperature 0, negative logits with a tie"),
        _random_case(generator, (4, 3), 3.0),
        _random_case(generator, (3, 1), 0.5),
        *_in_64_bits(_random_case(generator, (5, 3), 0.3), _random_case(generator, (4, 3), 0.0)),
    ]


def _in_64_bits(*cases: Case) -> list[Case]:
    """The same in float64, as tensors whose memory lies in another order."""
    return [
        Case(
            {**case.inputs, "logits": case.inputs["logits"].double().T.contiguous().T},
            f"{case.label}, float64",
        )
        for case in cases
    ]


EXERCISE = Exercise(
    id="decoding.temperature_softmax",
    title="Temperature, down to zero",
    statement="""
At temperature $\\tau > 0$ the next token is drawn from

$$p_i = \\frac{e^{z_i/\\tau}}{\\sum_j e^{z_j/\\tau}}.$$

At $\\tau = 0$ the formula divides by zero. Give it the meaning of its limit, greedy decoding: the
whole probability on the largest logit, and on the **lowest id** where several are equally large.
The logits may come in a batch: the last axis is the vocabulary. Mind low temperatures, at which
$z/\\tau$ is in the hundreds; `torch.softmax` may be used, the course's own sampling may not.
""",
    signature=Signature(
        summary="Return the distribution of the next token at a temperature.",
        parameters=(
            Parameter("logits", "float tensor [... V], 32 or 64 bits"),
            Parameter("temperature", "float >= 0; 0 means greedy"),
        ),
        returns="float tensor [... V], probabilities along the last axis",
    ),
    forbidden=("course_lib.generation", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=_case([0.0, 1.0], 0.5, "example"),
    reference=temperature_softmax,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Two cases. Above 0 it is one line: divide, then softmax along the last axis. Which way "
        "must the division go for a low temperature to sharpen?",
        "At 0, find the position of the largest logit: `logits.argmax(dim=-1, keepdim=True)` "
        "gives the first one among equals.",
        "A row of zeros with a one in it: `torch.zeros_like(logits).scatter(-1, best, 1.0)`.",
    ),
    explanation="Dividing by a small temperature stretches the differences between logits, and "
    "softmax turns differences into ratios, so the distribution sharpens. At 0 the limit is "
    "written out, because the computer's answer to z/0 is inf or nan. `torch.softmax` subtracts "
    "the largest logit first, so that low temperatures do not overflow.",
    mutants=(
        Mutant(
            "multiplies",
            _multiplies,
            "The logits are multiplied by the temperature; divide, so that low means sharp.",
        ),
        Mutant(
            "after_the_softmax",
            _after_the_softmax,
            "The probabilities are divided, not the logits; renormalizing then undoes it, and the "
            "temperature has no effect.",
        ),
        Mutant(
            "not_renormalized",
            _not_renormalized,
            "Probabilities raised to 1/temperature are right up to a factor: they no longer add "
            "up to 1.",
        ),
        Mutant(
            "divides_by_zero",
            _divides_by_zero,
            "At temperature 0 the logits are divided by 0, which gives nan; treat 0 apart.",
        ),
        Mutant(
            "zero_means_off",
            _zero_means_off,
            "Temperature 0 is treated like 1. It means greedy: all probability on one token.",
        ),
        Mutant(
            "overflows",
            _overflows,
            "`exp` overflows at low temperatures; subtract the largest logit, as `torch.softmax` "
            "does.",
        ),
        Mutant(
            "whole_batch",
            _whole_batch,
            "The softmax runs over the whole batch; each row is a distribution of its own.",
        ),
        Mutant(
            "last_of_equals",
            _last_of_equals,
            "At temperature 0 the highest of several ids with equal logits is taken; take the "
            "lowest, as `argmax` does.",
        ),
        Mutant(
            "best_id",
            _best_id,
            "At temperature 0 the id of the best token is returned; a distribution is asked for, "
            "with a 1 in its place.",
        ),
        Mutant(
            "first_axis",
            _first_axis,
            "The softmax runs down the batch; the vocabulary is the last axis, `dim=-1`.",
        ),
        Mutant(
            "shares_ties",
            _shares_ties,
            "At temperature 0 equal logits share the probability; the lowest id takes it all.",
        ),
    ),
)
