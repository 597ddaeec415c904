"""Exercise: the cheapest model over its whole life."""

import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Surface = dict[str, float]
Found = tuple[int, float] | None


def cheapest_model(
    surface: dict[str, float], sizes: list[int], target: float, served_tokens: float
) -> tuple[int, float] | None:
    """Return the size with the fewest operations in training and use, and their number."""
    found = None
    for n in sizes:
        gap = target - surface["floor"] - surface["a"] / n ** surface["alpha"]
        if gap <= 0:
            continue
        d = (surface["b"] / gap) ** (1 / surface["beta"])
        operations = 6 * n * d + 2 * n * served_tokens
        if found is None or operations < found[1]:
            found = n, operations
    return found


def _costs(
    surface: Surface, sizes: list[int], target: float, served: float, train: float, use: float
) -> Found:
    """Return the cheapest size with other prices."""
    found: Found = None
    for n in sizes:
        gap = target - surface["floor"] - surface["a"] / n ** surface["alpha"]
        if gap > 0:
            d = (surface["b"] / gap) ** (1 / surface["beta"])
            total = train * n * d + use * n * served
            if found is None or total < found[1]:
                found = n, total
    return found


def _training_only(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    return _costs(surface, sizes, target, served, 6, 0)


def _use_as_training(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    return _costs(surface, sizes, target, served, 6, 6)


def _both_two(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    return _costs(surface, sizes, target, served, 2, 2)


def _smallest(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    for n in sorted(sizes):
        if found := cheapest_model(surface, [n], target, served):
            return found
    return None


def _largest(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    return cheapest_model(surface, [max(sizes)], target, served)


def _no_floor(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    return cheapest_model(surface | {"floor": 0.0}, sizes, target, served)


def _infinite_data(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    del surface, target
    n = min(sizes)
    return n, 2 * n * served


def _first_that_reaches(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    for n in sizes:
        if found := cheapest_model(surface, [n], target, served):
            return found
    return None


def _swapped_pair(surface: Surface, sizes: list[int], target: float, served: float) -> object:
    found = cheapest_model(surface, sizes, target, served)
    return None if found is None else (found[1], found[0])


def _choice_by_training(surface: Surface, sizes: list[int], target: float, served: float) -> Found:
    found = _training_only(surface, sizes, target, served)
    return None if found is None else cheapest_model(surface, [found[0]], target, served)


def _case(target: float, served: float, sizes: list[int], label: str) -> Case:
    surface = {"floor": 1.69, "a": 406.4, "alpha": 0.34, "b": 410.7, "beta": 0.28}
    inputs = {"surface": surface, "sizes": sizes, "target": target, "served_tokens": served}
    return Case(inputs, label)


_SIZES = [
    30_000_000_000,
    7_000_000_000,
    70_000_000_000,
    1_000_000_000,
    13_000_000_000,
    3_000_000_000,
]


def _random_case(draw: random.Random) -> Case:
    target = round(draw.uniform(2.0, 2.3), 3)
    served = float(f"{10 ** draw.uniform(11.5, 14.5):.2g}")
    first, *others = _SIZES  # neither the smallest nor the largest
    sizes = [first, *draw.sample(others, 4)]
    return _case(target, served, sizes, "five sizes")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(2.1, 3e12, _SIZES, "six sizes, a little use"),
        _case(2.1, 1e14, _SIZES, "six sizes, much use"),
        _case(1.7, 1e12, _SIZES, "a loss out of reach"),
        _random_case(draw),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(2.05, 2e13, _SIZES, "six sizes"),
        _case(1.72, 5e13, _SIZES, "another loss out of reach"),
        *(_random_case(draw) for _ in range(3)),
    ]


EXERCISE = Exercise(
    id="beyond_gpt2.cheapest_model",
    title="The cheapest model over its whole life",
    statement="""
Training is paid once, use every day. Someone needs a model of loss `target`, which will read and
write `served_tokens` tokens in all. Training takes $6 N D$ operations; use takes a third of that
for each token, $2 N$, because nothing goes backward.

For each size $N$ of `sizes`, find the tokens $D$ with which $E + a / N^\\alpha + b / D^\\beta$
equals the target, and the operations in training and use together. Return the size that takes the
fewest, and their number. A size whose loss stays above the target whatever it reads is left out;
where none is left, return `None`.
""",
    signature=Signature(
        summary="Return the size with the fewest operations in training and use, and their number.",
        parameters=(
            Parameter("surface", "dict of five floats > 0: floor (E), a, alpha, b, beta"),
            Parameter("sizes", "list of ints, numbers of parameters in any order"),
            Parameter("target", "float, the loss that is wanted"),
            Parameter("served_tokens", "float >= 0"),
        ),
        returns="tuple (int, float), or None",
    ),
    forbidden=("course_lib.evaluation", "scipy"),
    level="stretch",
    points=5,
    minutes=15,
    example=Case(
        {
            "surface": {"floor": 1.0, "a": 10.0, "alpha": 0.5, "b": 10.0, "beta": 0.5},
            "sizes": [100, 400, 1600],
            "target": 2.0,
            "served_tokens": 10000.0,
        },
        "example",
    ),
    reference=cheapest_model,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Solve target = E + a/N^α + b/D^β for D. What is left of the target for the last term?",
        "gap = target − E − a/N^α is what b/D^β must be. Where it is not above 0, no D is enough.",
        "`d = (b / gap) ** (1 / beta)`, and `6 * n * d + 2 * n * served_tokens`; keep the "
        "smallest.",
    ),
    explanation="With no use at all the answer is near the compute-optimal size. The more a "
    "model is used, the more a smaller one pays that has read longer than is optimal: Llama's "
    "authors argue so, and SmolLM2-135M has read about 15,000 tokens for each parameter, "
    "700 times what its training alone would justify.",
    mutants=(
        Mutant(
            "training_only", _training_only, "The use is not counted: 2 · N operations a token."
        ),
        Mutant("use_as_training", _use_as_training, "Use goes forward only: 2 · N, not 6 · N."),
        Mutant("both_two", _both_two, "Training goes backward too: 6 · N · D."),
        Mutant("smallest", _smallest, "This is the smallest size that can reach the target."),
        Mutant("largest", _largest, "This is always the largest size."),
        Mutant("no_floor", _no_floor, "The floor E is missing when D is computed."),
        Mutant(
            "infinite_data", _infinite_data, "Training is not counted, and the target not used."
        ),
        Mutant(
            "first_that_reaches",
            _first_that_reaches,
            "This is the first size in the list that can reach the target; compare all of them.",
        ),
        Mutant("swapped_pair", _swapped_pair, "Return the size first, then the operations."),
        Mutant(
            "choice_by_training",
            _choice_by_training,
            "The operations are right for this size, but it was chosen by its training alone.",
        ),
    ),
)
