"""Exercise: one step of AdamW."""

import random
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def adamw_step(
    parameter: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    step: int,
    settings: dict[str, float],
) -> list[Tensor]:
    """Make one AdamW update and return the new parameter, mean and square."""
    rate, decay, eps = settings["learning_rate"], settings["weight_decay"], settings["eps"]
    beta1, beta2 = settings["beta1"], settings["beta2"]
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient**2
    mean_hat = mean / (1 - beta1**step)
    square_hat = square / (1 - beta2**step)
    parameter = parameter - rate * decay * parameter - rate * mean_hat / (square_hat.sqrt() + eps)
    return [parameter, mean, square]


Inputs = tuple[Tensor, Tensor, Tensor, Tensor, int, dict[str, float]]


def _variant(inputs: Inputs, *, change: str) -> list[Tensor]:
    """AdamW with one mistake."""
    parameter, gradient, mean, square, step, settings = inputs
    rate, decay, eps = settings["learning_rate"], settings["weight_decay"], settings["eps"]
    beta1, beta2 = settings["beta1"], settings["beta2"]
    if change == "swapped":
        beta1, beta2 = beta2, beta1
    if change == "l2":
        gradient, decay = gradient + decay * parameter, 0.0
    if change == "no_decay":
        decay = 0.0
    if change == "no_eps":
        eps = 0.0
    if change == "counts_from_zero":
        step += 1
    mean = beta1 * mean + (1 - beta1) * gradient
    square = beta2 * square + (1 - beta2) * gradient ** (1 if change == "not_squared" else 2)
    mean_hat, square_hat = mean / (1 - beta1**step), square / (1 - beta2**step)
    if change == "one_correction":
        square_hat = square
    if change == "no_correction":
        mean_hat, square_hat = mean, square
    root = square_hat if change == "no_root" else square_hat.sqrt()
    divisor = (square_hat + eps).sqrt() if change == "eps_inside" else root + eps
    shrunk = (1 if change == "decay_without_rate" else rate) * decay * parameter
    direction = gradient if change == "raw_gradient" else mean_hat
    update = (-1 if change == "uphill" else 1) * rate * direction / divisor
    kept = (mean_hat, square_hat) if change == "stores_corrected" else (mean, square)
    if change == "decays_after":
        return [(parameter - update) * (1 - rate * decay), *kept]
    return [parameter - shrunk - update, *kept]


def _with(change: str) -> Callable[..., list[Tensor]]:
    """Make the mutant that goes wrong in one way."""

    def mutant(
        parameter: Tensor,
        gradient: Tensor,
        mean: Tensor,
        square: Tensor,
        step: int,
        settings: dict[str, float],
    ) -> list[Tensor]:
        return _variant((parameter, gradient, mean, square, step, settings), change=change)

    return mutant


def _parameter_only(
    parameter: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    step: int,
    settings: dict[str, float],
) -> Tensor:
    return adamw_step(parameter, gradient, mean, square, step, settings)[0]


def _case(
    draw: random.Random, step: int, decay: float = 0.5, size: tuple[int, ...] = (2, 3)
) -> Case:
    generator = torch.Generator().manual_seed(draw.randrange(2**31))
    gradient = torch.randn(size, generator=generator)
    begun = 0.0 if step == 1 else 1.0
    settings = {
        "learning_rate": round(draw.uniform(0.05, 0.2), 3),
        "weight_decay": decay,
        "beta1": 0.9,
        "beta2": 0.95,
        "eps": 0.1,
    }
    inputs = {
        "parameter": 1 + torch.rand(size, generator=generator),
        "gradient": gradient,
        "mean": begun * 0.3 * torch.randn(size, generator=generator),
        "square": begun * 0.5 * torch.rand(size, generator=generator),
        "step": step,
        "settings": settings,
    }
    return Case(inputs, f"step {step}, decay {decay:g}")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [_case(draw, 1, 0.0), _case(draw, 1), _case(draw, 2), _case(draw, draw.randint(3, 9))]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    still = _case(draw, 1, size=(2,))
    return [
        _case(draw, 1),
        _case(draw, 3, 0.0),
        _case(draw, draw.randint(4, 30)),
        _case(draw, 2, size=(1,)),
        Case({**still.inputs, "gradient": torch.zeros(2)}, "a gradient of zeros"),
        _in_64_bits(_case(draw, 5, size=(3, 2, 2))),
    ]


def _in_64_bits(case: Case) -> Case:
    inputs = {
        name: value.double() if isinstance(value, Tensor) else value
        for name, value in case.inputs.items()
    }
    return Case(inputs, f"{case.label}, float64")


_EXAMPLE = Case(
    {
        "parameter": torch.tensor([1.0]),
        "gradient": torch.tensor([2.0]),
        "mean": torch.tensor([0.0]),
        "square": torch.tensor([0.0]),
        "step": 1,
        "settings": {
            "learning_rate": 0.1,
            "weight_decay": 0.5,
            "beta1": 0.9,
            "beta2": 0.95,
            "eps": 1e-8,
        },
    },
    "example",
)

EXERCISE = Exercise(
    id="pretraining.adamw_step",
    title="One step of AdamW",
    statement="""
Make one update of AdamW for one tensor, with the moments as they were after the update before:

$$m \\leftarrow \\beta_1 m + (1-\\beta_1)\\,g \\qquad
v \\leftarrow \\beta_2 v + (1-\\beta_2)\\,g^2$$

$$\\theta \\leftarrow \\theta - \\eta\\lambda\\theta -
\\eta\\,\\frac{m/(1-\\beta_1^t)}{\\sqrt{v/(1-\\beta_2^t)} + \\varepsilon}$$

Here $\\theta$ is the parameter, $g$ its gradient, $\\eta$ the learning rate, $\\lambda$ the weight
decay and $t$ the step. Both terms use the θ from before the update. Return θ, m and v. The cases
use a large ε, so that its place can be seen. Optimizers of PyTorch, of the course or of
`transformers` may not be used.
""",
    signature=Signature(
        summary="Make one AdamW update and return the new parameter, mean and square.",
        parameters=(
            Parameter("parameter", "float tensor, θ before the update"),
            Parameter("gradient", "float tensor of the same shape, g"),
            Parameter("mean", "float tensor of the same shape, m before the update"),
            Parameter("square", "float tensor of the same shape, v before the update"),
            Parameter("step", "int t, 1 at the first update"),
            Parameter("settings", "dict: learning_rate η, weight_decay λ, beta1, beta2, eps"),
        ),
        returns="[parameter, mean, square], three float tensors after the update",
    ),
    forbidden=("adam", "course_lib.training", "transformers"),
    level="stretch",
    points=6,
    minutes=15,
    example=_EXAMPLE,
    reference=adamw_step,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Go line by line: first the new m, then the new v, then θ from both.",
        "The corrections 1 − β^t only enter the update of θ. What you return and keep for the next "
        "step are m and v without them.",
        "`mean_hat = mean / (1 - beta1**step)`, the same for the square; then subtract "
        "`rate * decay * parameter` and `rate * mean_hat / (square_hat.sqrt() + eps)` from θ.",
    ),
    explanation="At the first step the corrected m is g and the corrected v is g², so every entry "
    "moves by about η whatever the size of its gradient. Decay stands outside the quotient: that "
    "is the W in AdamW. Inside, as L2 regularization, it would be divided by √v too, and weights "
    "with large gradients would hardly decay.",
    mutants=(
        Mutant(
            "no_correction",
            _with("no_correction"),
            "The corrections 1 − βᵗ are missing; m and v begin at zero and are too small at first.",
        ),
        Mutant(
            "stores_corrected",
            _with("stores_corrected"),
            "The corrected moments are returned; the next step needs the plain ones.",
        ),
        Mutant(
            "l2",
            _with("l2"),
            "Decay is added to the gradient: that is Adam with L2 regularization, not AdamW.",
        ),
        Mutant("no_decay", _with("no_decay"), "The weights do not decay."),
        Mutant(
            "decay_without_rate",
            _with("decay_without_rate"),
            "Decay is not multiplied by the learning rate.",
        ),
        Mutant(
            "eps_inside", _with("eps_inside"), "ε stands inside the root; add it after the root."
        ),
        Mutant("no_eps", _with("no_eps"), "ε is not added to the root."),
        Mutant(
            "decays_after",
            _with("decays_after"),
            "Decay is taken of the parameter after the update; both terms use θ from before.",
        ),
        Mutant(
            "counts_from_zero",
            _with("counts_from_zero"),
            "The corrections use t + 1; the first step is number 1 already.",
        ),
        Mutant(
            "one_correction",
            _with("one_correction"),
            "Only m is corrected; v is divided by 1 − β₂ᵗ too.",
        ),
        Mutant("not_squared", _with("not_squared"), "v takes in the gradient without its square."),
        Mutant(
            "parameter_only",
            _parameter_only,
            "Only the parameter is returned; the next step needs m and v too.",
        ),
        Mutant("no_root", _with("no_root"), "The step is divided by v; divide by its root."),
        Mutant("swapped", _with("swapped"), "β₁ and β₂ are swapped."),
        Mutant(
            "raw_gradient",
            _with("raw_gradient"),
            "The step follows the present gradient; it should follow its running mean m.",
        ),
        Mutant("uphill", _with("uphill"), "The step goes uphill: the quotient must be subtracted."),
    ),
)
