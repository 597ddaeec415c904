"""Exercise: the number of parameters from the sizes."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def count_parameters(
    vocab_size: int, context_length: int, d_model: int, n_layers: int, d_ff: int
) -> int:
    """Return the number of parameters of a GPT-2 with these sizes."""
    embeddings = (vocab_size + context_length) * d_model
    attention = (d_model * 3 * d_model + 3 * d_model) + (d_model * d_model + d_model)
    feed_forward = (d_model * d_ff + d_ff) + (d_ff * d_model + d_model)
    norm = 2 * d_model
    return embeddings + n_layers * (attention + feed_forward + 2 * norm) + norm


def _untied(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) + v * d


def _no_positions(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) - c * d


def _no_biases(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) - n * (4 * d + f + d)


def _no_norms(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) - n * 4 * d - 2 * d


def _no_final_norm(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) - 2 * d


def _one_norm(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) - n * 2 * d


def _norm_without_bias(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) - n * 2 * d - d


def _always_four_times(v: int, c: int, d: int, n: int, f: int) -> int:
    del f
    return count_parameters(v, c, d, n, 4 * d)


def _no_output_projection(v: int, c: int, d: int, n: int, f: int) -> int:
    return count_parameters(v, c, d, n, f) - n * (d * d + d)


def _matrices_only(v: int, c: int, d: int, n: int, f: int) -> int:
    del c
    return v * d + n * (4 * d * d + 2 * d * f)


def _one_block(v: int, c: int, d: int, n: int, f: int) -> int:
    del n
    return count_parameters(v, c, d, 1, f)


def _case(v: int, c: int, d: int, n: int, f: int, label: str) -> Case:
    inputs = {"vocab_size": v, "context_length": c, "d_model": d, "n_layers": n, "d_ff": f}
    return Case(inputs, label)


def _random_case(draw: random.Random) -> Case:
    d = draw.randint(8, 90)
    d_ff = draw.randint(2, 6) * d + 1
    return _case(draw.randint(50, 999), draw.randint(8, 99), d, draw.randint(2, 20), d_ff, "random")


def _public(seed: int) -> list[Case]:
    return [
        _case(50257, 1024, 768, 12, 3072, "GPT-2 small"),
        _case(50257, 1024, 1600, 48, 6400, "GPT-2 XL"),
        _case(5, 4, 3, 1, 2, "one tiny block with a narrow feed-forward layer"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    smallest = _case(1, 1, 1, 1, 1, "every size is 1")
    return [smallest, *(_random_case(draw) for _ in range(4))]


EXERCISE = Exercise(
    id="gpt2.count_parameters",
    title="Count the parameters",
    statement="""
How many parameters does a GPT-2 with these sizes have? Count the token embeddings (used again as
the output matrix, so counted once), the positions, the weights **and biases** of the four linear
layers of each block (queries, keys and values together; the output of attention; widen; narrow),
and the gain and bias of all its normalizations: two in each block and one at the end. Count with
the sizes alone; a model may not be built.
""",
    signature=Signature(
        summary="Return the number of parameters of a GPT-2 with these sizes.",
        parameters=(
            Parameter("vocab_size", "int V"),
            Parameter("context_length", "int, the number of positions"),
            Parameter("d_model", "int D, the width of the residual stream"),
            Parameter("n_layers", "int, the number of blocks"),
            Parameter("d_ff", "int F, the width inside the feed-forward layer"),
        ),
        returns="int",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=10,
    example=_case(10, 4, 2, 1, 8, "example"),
    reference=count_parameters,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Count one block first, multiply by `n_layers`, then add what exists once: both embedding "
        "tables and the final normalization.",
        "A linear layer from m to n features has m · n weights and n biases. Attention has two: "
        "from D to 3D and from D to D. The feed-forward layer has two: D to F and F to D.",
        "A normalization has 2D parameters. There are two in each block and one at the end. "
        "The example: 28 for the tables, 24 for attention, 42 for feed-forward, 12 for the norms.",
    ),
    explanation="Per block: attention 4D² + 4D, feed-forward 2DF + F + D, two norms 4D. With "
    "F = 4D that is 12D² + 13D. The number of heads does not appear: heads only cut the same "
    "matrices into pieces.",
    mutants=(
        Mutant(
            "untied",
            _untied,
            "The output matrix is counted as well; it is the token embedding, used twice.",
        ),
        Mutant("no_positions", _no_positions, "The learned positions are missing."),
        Mutant("no_biases", _no_biases, "The biases of the linear layers are missing."),
        Mutant("no_norms", _no_norms, "The gains and biases of the normalizations are missing."),
        Mutant("no_final_norm", _no_final_norm, "The final normalization is missing: 2D."),
        Mutant("one_norm", _one_norm, "Each block has two normalizations, not one."),
        Mutant(
            "norm_without_bias",
            _norm_without_bias,
            "A normalization has a gain and a bias: 2D parameters, not D.",
        ),
        Mutant(
            "always_four_times",
            _always_four_times,
            "The width of the feed-forward layer is taken to be 4D; use `d_ff`.",
        ),
        Mutant(
            "no_output_projection",
            _no_output_projection,
            "The linear layer after the heads, from D to D, is missing.",
        ),
        Mutant(
            "matrices_only",
            _matrices_only,
            "Only the large matrices are counted: positions, biases and norms are missing.",
        ),
        Mutant("one_block", _one_block, "Only one block is counted; there are `n_layers`."),
    ),
)
