"""Exercise: attention of one query in plain Python."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature

Vector = list[float]
Answer = tuple[list[float], list[float]]


def attention_by_hand(
    query: list[float], keys: list[list[float]], values: list[list[float]]
) -> tuple[list[float], list[float]]:
    """Return the attention weights of one query and its output."""
    scale = math.sqrt(len(query))
    scores = [sum(q * k for q, k in zip(query, key, strict=True)) / scale for key in keys]
    exponentials = [math.exp(score) for score in scores]
    total = sum(exponentials)
    weights = [e / total for e in exponentials]
    output = [
        sum(weight * value[i] for weight, value in zip(weights, values, strict=True))
        for i in range(len(values[0]))
    ]
    return weights, output


def _attend(scores: list[float], values: list[Vector]) -> Answer:
    total = sum(math.exp(score) for score in scores)
    weights = [math.exp(score) / total for score in scores]
    return weights, _mix(weights, values)


def _mix(weights: list[float], values: list[Vector]) -> Vector:
    return [
        sum(w * v[i] for w, v in zip(weights, values, strict=True)) for i in range(len(values[0]))
    ]


def _dots(query: Vector, keys: list[Vector]) -> list[float]:
    return [sum(q * k for q, k in zip(query, key, strict=True)) for key in keys]


def _no_scale(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    return _attend(_dots(query, keys), values)


def _scale_by_dimension(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    return _attend([s / len(query) for s in _dots(query, keys)], values)


def _scale_by_count(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    return _attend([s / math.sqrt(len(keys)) for s in _dots(query, keys)], values)


def _not_normalized(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    weights = [math.exp(s / math.sqrt(len(query))) for s in _dots(query, keys)]
    return weights, _mix(weights, values)


def _no_exponential(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    scores = _dots(query, keys)
    total = sum(scores) or 1.0
    weights = [s / total for s in scores]
    return weights, _mix(weights, values)


def _mixes_keys(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    weights, _ = attention_by_hand(query, keys, values)
    return weights, _mix(weights, keys)


def _hard_lookup(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    scores = _dots(query, keys)
    best = scores.index(max(scores))
    return [1.0 if i == best else 0.0 for i in range(len(keys))], list(values[best])


def _swapped_answers(
    query: Vector, keys: list[Vector], values: list[Vector]
) -> tuple[Vector, Vector]:
    weights, output = attention_by_hand(query, keys, values)
    return output, weights


def _scaled_too_late(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    weights, _ = _attend(_dots(query, keys), values)
    scaled = [weight / math.sqrt(len(query)) for weight in weights]
    return scaled, _mix(scaled, values)


def _as_long_as_the_query(query: Vector, keys: list[Vector], values: list[Vector]) -> Answer:
    weights, output = attention_by_hand(query, keys, values)
    return weights, [output[i] for i in range(len(query))]


def _not_added_up(
    query: Vector, keys: list[Vector], values: list[Vector]
) -> tuple[Vector, list[Vector]]:
    weights, _ = attention_by_hand(query, keys, values)
    return weights, [[w * v for v in value] for w, value in zip(weights, values, strict=True)]


def _case(query: Vector, keys: list[Vector], values: list[Vector], label: str) -> Case:
    return Case({"query": query, "keys": keys, "values": values}, label)


def _random_case(draw: random.Random, d_head: int, n_keys: int) -> Case:
    def vector(size: int) -> Vector:
        return [round(draw.uniform(-2, 2), 1) for _ in range(size)]

    keys = [vector(d_head) for _ in range(n_keys)]
    values = [vector(d_head + 1) for _ in range(n_keys)]
    return _case(vector(d_head), keys, values, f"{n_keys} random keys with {d_head} entries")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case([1.0, 0.0], [[1.0, 0.0], [0.0, 1.0]], [[10.0, 0.0], [0.0, 10.0]], "two keys"),
        _case([0.0, 0.0], [[1.0, 2.0], [3.0, 4.0]], [[1.0], [3.0]], "a query of zeros"),
        _case([1.0, 2.0, 3.0, 4.0], [[0.5, 0.5, 0.5, 0.5]], [[7.0, 8.0]], "a single key"),
        _random_case(draw, 4, 3),
        _random_case(draw, 3, 6),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    sizes = ((1, 2), (2, 2), (4, 5), (6, 3), (3, 1))
    far = [[9.0, 30.0], [9.0, 31.0]]
    return [
        *(_random_case(draw, size, count) for size, count in sizes),
        _case([2.0, 9.0], far, [[1.0], [-1.0]], "scores in the hundreds"),
    ]


EXERCISE = Exercise(
    id="attention.attention_by_hand",
    title="Attention by hand",
    statement="""
One token asks, several tokens answer. Write the attention of **one query** over a few keys
with plain Python lists and `math`, no tensors:

$$w_s = \\frac{e^{q \\cdot k_s / \\sqrt{K}}}{\\sum_{s'} e^{q \\cdot k_{s'} / \\sqrt{K}}}
\\qquad o = \\sum_s w_s v_s$$

Here $q$ is the query and $K$ the number of its entries, $k_s$ and $v_s$ are the key and the value
of token $s$, $w_s$ is its weight and $o$ is the output. A value may be longer or shorter than a
key, and there is at least one key. Return the weights and the output.
""",
    signature=Signature(
        summary="Return the attention weights of one query and its output.",
        parameters=(
            Parameter("query", "list of K numbers"),
            Parameter("keys", "list of S keys, each a list of K numbers"),
            Parameter("values", "list of S values, each a list of numbers"),
        ),
        returns="(weights, output): a list of S numbers and a list as long as one value",
    ),
    forbidden=("softmax", "log_softmax", "scaled_dot_product_attention", "course_lib.layers"),
    level="core",
    points=4,
    minutes=8,
    example=_case([1.0, 1.0], [[2.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], "example"),
    reference=attention_by_hand,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Four steps: one score per key, divide by √K, turn scores into weights, mix the values.",
        "A score is a dot product: `sum(q * k for q, k in zip(query, key))`. Divide it by "
        "`math.sqrt(len(query))`.",
        "The weights are `math.exp(score)` divided by the sum of all of them. Entry `i` of the "
        "output is the sum of `weight * value[i]` over the tokens.",
    ),
    explanation="The scores measure how well each key answers the query; softmax makes them "
    "positive with sum 1; the output is the average of the values under these weights. A query "
    "of zeros scores every key alike, so the output is the plain average.",
    mutants=(
        Mutant("no_scale", _no_scale, "The scores are not divided by √K, the query's length."),
        Mutant(
            "scale_by_dimension",
            _scale_by_dimension,
            "The scores are divided by K; the formula divides by its square root, √K.",
        ),
        Mutant(
            "scale_by_count",
            _scale_by_count,
            "The scores are divided by the root of the number of keys; K is the number of "
            "entries of the query.",
        ),
        Mutant(
            "not_normalized",
            _not_normalized,
            "The exponentials are not divided by their sum, so the weights do not add up to 1.",
        ),
        Mutant(
            "no_exponential",
            _no_exponential,
            "The scores are divided by their sum without taking `exp` first; weights can then "
            "be negative.",
        ),
        Mutant("mixes_keys", _mixes_keys, "The output mixes the keys; it should mix the values."),
        Mutant(
            "swapped_answers",
            _swapped_answers,
            "The two answers are in the wrong order: first the weights, then the output.",
        ),
        Mutant(
            "scaled_too_late",
            _scaled_too_late,
            "The weights are divided by √K. Divide the scores by it, before `exp`.",
        ),
        Mutant(
            "as_long_as_the_query",
            _as_long_as_the_query,
            "The output is made as long as the query; it is as long as one value.",
        ),
        Mutant(
            "not_added_up",
            _not_added_up,
            "The values are multiplied by their weights but not added up: one vector is asked for.",
        ),
        Mutant(
            "hard_lookup",
            _hard_lookup,
            "The best key gets all the weight. Attention is a soft lookup: every key gets some.",
        ),
    ),
)
