"""Exercise: the parameters of one block, of any family."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def block_parameters(
    d_model: int, n_heads: int, d_head: int, d_ff: int, reads_encoder: bool
) -> int:
    """Count the weights of the matrices in one block."""
    attention = 4 * d_model * n_heads * d_head
    feed_forward = 2 * d_model * d_ff
    return (2 if reads_encoder else 1) * attention + feed_forward


def _square_attention(d: int, h: int, k: int, f: int, reads: bool) -> int:
    del h, k
    return (2 if reads else 1) * 4 * d * d + 2 * d * f


def _one_head(d: int, h: int, k: int, f: int, reads: bool) -> int:
    del h
    return block_parameters(d, 1, k, f, reads)


def _three_matrices(d: int, h: int, k: int, f: int, reads: bool) -> int:
    return block_parameters(d, h, k, f, reads) - (2 if reads else 1) * d * h * k


def _no_cross(d: int, h: int, k: int, f: int, reads: bool) -> int:
    del reads
    return block_parameters(d, h, k, f, False)


def _twice_everything(d: int, h: int, k: int, f: int, reads: bool) -> int:
    return (2 if reads else 1) * block_parameters(d, h, k, f, False)


def _four_times(d: int, h: int, k: int, f: int, reads: bool) -> int:
    del f
    return block_parameters(d, h, k, 4 * d, reads)


def _one_way(d: int, h: int, k: int, f: int, reads: bool) -> int:
    return block_parameters(d, h, k, f, reads) - d * f


def _twelve(d: int, h: int, k: int, f: int, reads: bool) -> int:
    del h, k, f, reads
    return 12 * d * d


def _with_biases(d: int, h: int, k: int, f: int, reads: bool) -> int:
    return block_parameters(d, h, k, f, reads) + (2 if reads else 1) * (3 * h * k + d) + f + d


def _case(d: int, h: int, k: int, f: int, reads: bool, label: str) -> Case:
    inputs = {"d_model": d, "n_heads": h, "d_head": k, "d_ff": f, "reads_encoder": reads}
    return Case(inputs, label)


def _random_case(draw: random.Random) -> Case:
    d, h, k = draw.randint(3, 60), draw.randint(2, 9), draw.randint(2, 30)
    return _case(d, h, k, draw.randint(5, 200), draw.random() < 0.5, "random")


def _public(seed: int) -> list[Case]:
    return [
        _case(768, 12, 64, 3072, False, "GPT-2 small"),
        _case(1024, 128, 128, 65536, False, "T5-11B, in the encoder"),
        _case(1024, 128, 128, 65536, True, "T5-11B, in the decoder"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(1, 1, 1, 1, True, "every size is 1"),
        *(_random_case(draw) for _ in range(5)),
    ]


EXERCISE = Exercise(
    id="what_is_an_llm.block_parameters",
    title="The parameters of one block",
    statement="""
Count the weights of the matrices in one block. Attention has four of them: three lead from
`d_model` features to `n_heads` heads of `d_head` features each, one leads back. The feed-forward
layer has two: from `d_model` to `d_ff`, and back.

A block of an encoder–decoder's decoder also reads the encoder's output (`reads_encoder`). It has a
**second** attention of the same shape for that, and still only one feed-forward layer. Biases and
normalizations are left out: they are less than a percent. `n_heads · d_head` need not be `d_model`.
""",
    signature=Signature(
        summary="Count the weights of the matrices in one block.",
        parameters=(
            Parameter("d_model", "int D, the width between blocks"),
            Parameter("n_heads", "int H"),
            Parameter("d_head", "int K, the width of one head"),
            Parameter("d_ff", "int F, the width inside the feed-forward layer"),
            Parameter("reads_encoder", "bool, whether there is a second attention"),
        ),
        returns="int",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=_case(4, 2, 3, 10, False, "example"),
    reference=block_parameters,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "A matrix from m to n features has m · n weights.",
        "All heads together have `n_heads * d_head` features. Each of attention's four matrices "
        "has `d_model` times that many weights.",
        "The example: attention 4 · 4 · (2 · 3) = 96, feed-forward 2 · 4 · 10 = 80, together 176. "
        "With `reads_encoder`, attention counts twice.",
    ),
    explanation="With H · K = D and F = 4D this is 4D² + 8D² = 12D², the rule of thumb. T5-11B "
    "shows why one should count: its heads are 16 times and its feed-forward layer 64 times as "
    "wide as the model.",
    mutants=(
        Mutant(
            "square_attention",
            _square_attention,
            "The heads together are taken to be `d_model` wide; they are `n_heads * d_head` wide.",
        ),
        Mutant("one_head", _one_head, "Only one head is counted."),
        Mutant(
            "three_matrices",
            _three_matrices,
            "Attention has four matrices: queries, keys, values, and the one that leads back.",
        ),
        Mutant("no_cross", _no_cross, "With `reads_encoder` there is a second attention."),
        Mutant(
            "twice_everything",
            _twice_everything,
            "Only attention is there twice; the feed-forward layer is not.",
        ),
        Mutant(
            "four_times",
            _four_times,
            "The feed-forward layer is taken to be 4 · `d_model` wide; use `d_ff`.",
        ),
        Mutant(
            "one_way",
            _one_way,
            "The feed-forward layer has two matrices: to `d_ff` and back.",
        ),
        Mutant(
            "twelve",
            _twelve,
            "12D² holds only where heads and feed-forward layer have their usual widths.",
        ),
        Mutant("with_biases", _with_biases, "Biases are counted; here only matrices are."),
    ),
)
