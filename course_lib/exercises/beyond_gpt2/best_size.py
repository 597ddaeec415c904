"""Exercise: the best size for a budget."""

import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Surface = dict[str, float]


def best_size(surface: dict[str, float], operations: float) -> tuple[float, float, float]:
    """Return the best number of parameters, the tokens it reads, and the loss."""
    alpha, beta = surface["alpha"], surface["beta"]
    product = operations / 6
    ratio = alpha * surface["a"] / (beta * surface["b"])
    n = (ratio * product**beta) ** (1 / (alpha + beta))
    d = product / n
    return n, d, surface["floor"] + surface["a"] / n**alpha + surface["b"] / d**beta


def _loss(surface: Surface, n: float, d: float) -> float:
    of_size: float = surface["a"] / n ** surface["alpha"]
    of_text: float = surface["b"] / d ** surface["beta"]
    return surface["floor"] + of_size + of_text


def _with(surface: Surface, operations: float, n: float) -> tuple[float, float, float]:
    d = operations / 6 / n
    return n, d, _loss(surface, n, d)


def _no_six(surface: Surface, operations: float) -> tuple[float, float, float]:
    return best_size(surface, 6 * operations)


def _twenty(surface: Surface, operations: float) -> tuple[float, float, float]:
    return _with(surface, operations, (operations / 120) ** 0.5)


def _equal_terms(surface: Surface, operations: float) -> tuple[float, float, float]:
    product = operations / 6
    ratio = surface["a"] / surface["b"] * product ** surface["beta"]
    return _with(surface, operations, ratio ** (1 / (surface["alpha"] + surface["beta"])))


def _upside_down(surface: Surface, operations: float) -> tuple[float, float, float]:
    product, total = operations / 6, surface["alpha"] + surface["beta"]
    ratio = surface["beta"] * surface["b"] / (surface["alpha"] * surface["a"])
    return _with(surface, operations, (ratio * product ** surface["beta"]) ** (1 / total))


def _half(surface: Surface, operations: float) -> tuple[float, float, float]:
    return _with(surface, operations, (operations / 6) ** 0.5)


def _exchanged(surface: Surface, operations: float) -> tuple[float, float, float]:
    n, d, loss = best_size(surface, operations)
    return d, n, loss


def _no_floor(surface: Surface, operations: float) -> tuple[float, float, float]:
    n, d, loss = best_size(surface, operations)
    return n, d, loss - surface["floor"]


def _no_root(surface: Surface, operations: float) -> tuple[float, float, float]:
    alpha, beta = surface["alpha"], surface["beta"]
    ratio = alpha * surface["a"] / (beta * surface["b"])
    return _with(surface, operations, ratio * (operations / 6) ** (beta / (alpha + beta)))


def _tokens_are_operations(surface: Surface, operations: float) -> tuple[float, float, float]:
    n, _, _ = best_size(surface, operations)
    d = operations / n
    return n, d, _loss(surface, n, d)


def _not_divided(surface: Surface, operations: float) -> tuple[float, float, float]:
    n, _, _ = best_size(surface, operations)
    d = operations / 6
    return n, d, _loss(surface, n, d)


def _case(surface: Surface, operations: float, label: str) -> Case:
    return Case({"surface": surface, "operations": operations}, label)


def _random_case(draw: random.Random) -> Case:
    surface = {
        "floor": round(draw.uniform(0.5, 2), 2),
        "a": round(draw.uniform(20, 800), 1),
        "alpha": round(draw.uniform(0.2, 0.4), 2),
        "b": round(draw.uniform(20, 800), 1),
        "beta": round(draw.uniform(0.2, 0.4) + 0.003, 3),
    }
    operations = float(f"{10 ** draw.uniform(14, 24):.2g}")
    return _case(surface, operations, f"{operations:g} operations")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [_random_case(draw) for _ in range(3)]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [_random_case(draw) for _ in range(4)]


EXERCISE = Exercise(
    id="beyond_gpt2.best_size",
    title="One run, no second try",
    statement="""
A surface $L(N, D) = E + a / N^\\alpha + b / D^\\beta$ was fitted to small models; `surface` holds
$E$ as `"floor"`, and `"a"`, `"alpha"`, `"b"`, `"beta"`. A run may take $C$ =
`operations`, and $C = 6 N D$.

With $D = C / 6N$ the loss depends on $N$ alone. Where its derivative is 0,

$$\\alpha\\, a\\, N^{-\\alpha} = \\beta\\, b\\, D^{-\\beta}$$

Solve this for $N$ and return $N$, $D$ and the loss there, as they are: not rounded.
""",
    signature=Signature(
        summary="Return the best number of parameters, the tokens it reads, and the loss.",
        parameters=(
            Parameter("surface", "dict of five floats > 0: floor, a, alpha, b, beta"),
            Parameter("operations", "float > 0, C"),
        ),
        returns="tuple (float, float, float): N, D and L(N, D)",
    ),
    forbidden=("course_lib.evaluation", "scipy"),
    level="core",
    points=4,
    minutes=12,
    example=_case({"floor": 1.0, "a": 10.0, "alpha": 0.5, "b": 10.0, "beta": 0.5}, 6e8, "example"),
    reference=best_size,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Put D = C / (6N) into the condition; then N stands on both sides, once with "
        "exponent −α and "
        "once with +β.",
        "Collect the powers: N^(α + β) = (α a / β b) · (C / 6)^β.",
        "`n = (alpha * a / (beta * b) * (operations / 6) ** beta) ** (1 / (alpha + beta))`, then "
        "`d = operations / 6 / n` and the loss from the formula.",
    ),
    explanation="The best size balances what a little more of each would buy, not the two terms "
    "themselves: with α ≠ β the terms differ at the optimum by the ratio β : α. N grows as "
    "C^(β/(α+β)): with equal exponents size and text grow at the same pace, and the tokens "
    "for each parameter stay the same whatever the budget.",
    mutants=(
        Mutant("no_six", _no_six, "C = 6 N D: divide the operations by 6 first."),
        Mutant(
            "twenty",
            _twenty,
            "These are 20 tokens for each parameter; use the surface that is given.",
        ),
        Mutant(
            "equal_terms",
            _equal_terms,
            "Here the two terms are equal; their derivatives must be: α and β stand in front.",
        ),
        Mutant("upside_down", _upside_down, "The ratio is upside down: αa stands above βb."),
        Mutant("half", _half, "This is N = √(C/6), as if both terms were alike."),
        Mutant("exchanged", _exchanged, "N and D are exchanged; return N first."),
        Mutant("no_floor", _no_floor, "The floor is missing from the loss."),
        Mutant("no_root", _no_root, "The whole product, the ratio too, is to the power 1/(α + β)."),
        Mutant("not_divided", _not_divided, "N is right, but D is C / 6N, not C / 6."),
        Mutant(
            "tokens_are_operations",
            _tokens_are_operations,
            "N is right, but D is C / N; each token and parameter takes 6 operations.",
        ),
    ),
)
