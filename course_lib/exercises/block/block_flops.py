"""Exercise: the arithmetic of one block."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def block_flops(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    """Return the operations of each part of a block on one sequence."""
    d_head = d_model // n_heads
    scores = n_heads * 2 * n_tokens * d_head * n_tokens
    averages = n_heads * 2 * n_tokens * n_tokens * d_head
    return {
        "query_key_value": 2 * n_tokens * d_model * 3 * d_model,
        "attention": scores + averages,
        "output": 2 * n_tokens * d_model * d_model,
        "feed_forward": 2 * n_tokens * d_model * d_ff + 2 * n_tokens * d_ff * d_model,
    }


def _changed(found: dict[str, int], **parts: int) -> dict[str, int]:
    return {**found, **parts}


def _no_additions(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return {name: count // 2 for name, count in found.items()}


def _one_token(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return {name: count // n_tokens for name, count in found.items()}


def _scores_only(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(found, attention=found["attention"] // 2)


def _one_head(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(found, attention=4 * n_tokens**2 * (d_model // n_heads))


def _full_width_heads(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(found, attention=4 * n_tokens**2 * d_model * n_heads)


def _linear_attention(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(found, attention=4 * n_tokens * d_model**2)


def _causal(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(found, attention=2 * n_tokens * (n_tokens + 1) * d_model)


def _four_times(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    del d_ff
    return block_flops(n_tokens, d_model, n_heads, 4 * d_model)


def _widen_only(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(found, feed_forward=2 * n_tokens * d_model * d_ff)


def _one_projection(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(found, query_key_value=found["output"])


def _with_biases(n_tokens: int, d_model: int, n_heads: int, d_ff: int) -> dict[str, int]:
    found = block_flops(n_tokens, d_model, n_heads, d_ff)
    return _changed(
        found,
        query_key_value=found["query_key_value"] + 3 * n_tokens * d_model,
        output=found["output"] + n_tokens * d_model,
        feed_forward=found["feed_forward"] + n_tokens * (d_ff + d_model),
    )


def _case(n_tokens: int, d_model: int, n_heads: int, d_ff: int, label: str = "") -> Case:
    inputs = {"n_tokens": n_tokens, "d_model": d_model, "n_heads": n_heads, "d_ff": d_ff}
    return Case(inputs, label or f"T = {n_tokens}, D = {d_model}")


def _random_case(draw: random.Random) -> Case:
    n_heads = draw.randint(2, 8)
    d_model = n_heads * draw.randint(2, 12)
    return _case(draw.randint(2, 60), d_model, n_heads, d_model * draw.choice((2, 3)) + 1)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    gpt2 = _case(1024, 768, 12, 3072, "GPT-2 small, full context")
    return [gpt2, *(_random_case(draw) for _ in range(4))]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(1, 6 * draw.randint(2, 9), 3, 17, "one token"),
        _case(draw.randint(5, 9), 10, 1, 24, "one head"),
        *(_random_case(draw) for _ in range(4)),
    ]


EXERCISE = Exercise(
    id="block.block_flops",
    title="What a block costs",
    statement="""
How many floating-point operations does one block spend on one sequence, forward? Count matrix
products only, as PyTorch's counter does: an $m \\times k$ matrix times a $k \\times n$ one makes
$mkn$ multiplications and as many additions, $2mkn$ operations. Biases, norms, softmax and
activation are left out. Attention computes all $T \\times T$ scores of each head, masked or not,
and then averages the values.

Return a dictionary with the keys `"query_key_value"`, `"attention"` (scores and averages),
`"output"` and `"feed_forward"`.
""",
    signature=Signature(
        summary="Return the operations of each part of a block on one sequence.",
        parameters=(
            Parameter("n_tokens", "int T, the length of the sequence"),
            Parameter("d_model", "int D"),
            Parameter("n_heads", "int H, divides D"),
            Parameter("d_ff", "int F, need not be 4 D"),
        ),
        returns="dict from the four names to int",
    ),
    forbidden=("course_lib.layers", "course_lib.models", "transformers"),
    level="core",
    points=4,
    minutes=8,
    example=_case(2, 4, 2, 8, "example"),
    reference=block_flops,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "Each linear layer is one matrix product of [T in] with [in out]: $2 \\cdot T \\cdot$ in "
        "$\\cdot$ out. There are four of them, two in the feed-forward layer.",
        "One head multiplies queries [T K] with keys [K T], then weights [T T] with values [T K].",
        "That is $2T^2K$ twice for each head, and $HK = D$: the number of heads drops out of "
        "$4T^2D$.",
    ),
    explanation="Queries, keys and values together are one product with a D × 3D matrix. Each head "
    "spends 2·T·K·T on scores and as much on averages, together 4T²D for all heads whatever H is. "
    "The linear parts grow with T, attention with T²; with F = 4D they are equal at T = 6D.",
    mutants=(
        Mutant(
            "no_additions",
            _no_additions,
            "Only the multiplications are counted; each comes with an addition, so count 2mkn.",
        ),
        Mutant("one_token", _one_token, "This is the cost for one token; count the sequence."),
        Mutant(
            "scores_only",
            _scores_only,
            "Attention's second product, weights times values, is missing.",
        ),
        Mutant("one_head", _one_head, "Attention is counted for one head only."),
        Mutant(
            "full_width_heads",
            _full_width_heads,
            "Each head has only K = D / H features, not D.",
        ),
        Mutant(
            "linear_attention",
            _linear_attention,
            "Scores are products of T queries with T keys: attention grows with T², not with D².",
        ),
        Mutant("causal", _causal, "All T × T scores are computed here, the hidden ones too."),
        Mutant("four_times", _four_times, "F is taken to be 4 D; use `d_ff`."),
        Mutant("widen_only", _widen_only, "The feed-forward layer has a second matrix, `narrow`."),
        Mutant(
            "one_projection",
            _one_projection,
            "Queries, keys and values need three times the D × D product.",
        ),
        Mutant("with_biases", _with_biases, "Additions of biases are counted; leave them out."),
    ),
)
