"""Exercise: the longest context whose keys and values fit into memory."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def tokens_that_fit(
    n_bytes: int,
    n_layers: int,
    n_kv_heads: int,
    d_head: int,
    bytes_per_number: int,
    batch_size: int,
) -> int:
    """Return how many tokens of each sequence fit into a KV cache of a given size."""
    per_token = 2 * n_layers * n_kv_heads * d_head * bytes_per_number
    return n_bytes // (per_token * batch_size)


def _keys_only(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    return n // (layers * heads * d_head * number * batch)


def _one_layer(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    del layers
    return tokens_that_fit(n, 1, heads, d_head, number, batch)


def _one_head(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    del heads
    return tokens_that_fit(n, layers, 1, d_head, number, batch)


def _no_width(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    del d_head
    return tokens_that_fit(n, layers, heads, 1, number, batch)


def _numbers_as_bytes(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    del number
    return tokens_that_fit(n, layers, heads, d_head, 1, batch)


def _one_sequence(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    del batch
    return tokens_that_fit(n, layers, heads, d_head, number, 1)


def _total(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    return tokens_that_fit(n, layers, heads, d_head, number, batch) * batch


def _rounded_up(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> int:
    per_token = 2 * layers * heads * d_head * number * batch
    return -(-n // per_token)


def _not_whole(n: int, layers: int, heads: int, d_head: int, number: int, batch: int) -> float:
    return n / (2 * layers * heads * d_head * number * batch)


def _case(numbers: tuple[int, int, int, int, int, int], label: str) -> Case:
    names = ("n_bytes", "n_layers", "n_kv_heads", "d_head", "bytes_per_number", "batch_size")
    return Case(dict(zip(names, numbers, strict=True)), label)


def _random_case(draw: random.Random) -> Case:
    sizes = (draw.randint(2, 40), draw.randint(2, 12), draw.choice([16, 64, 128]))
    number, batch = draw.choice([2, 4]), draw.randint(2, 9)
    per_token = 2 * sizes[0] * sizes[1] * sizes[2] * number * batch
    room = per_token * draw.randint(3, 5000) + draw.randint(1, per_token - 1)
    return _case((room, *sizes, number, batch), "random")


def _public(seed: int) -> list[Case]:
    return [
        _case((1_000_000_000, 12, 12, 64, 4, 1), "GPT-2 small in 1 GB"),
        _case((1_000_000_000, 30, 3, 64, 4, 1), "SmolLM2-135M in 1 GB"),
        _case((1_000_000, 2, 2, 8, 2, 3), "three sequences in 16 bits"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    nothing = _case((100, 12, 12, 64, 2, 1), "not even one token fits")
    exact = _case((2 * 3 * 4 * 5 * 2 * 7, 3, 4, 5, 2, 1), "seven tokens fill it exactly")
    return [nothing, exact, *(_random_case(draw) for _ in range(4))]


EXERCISE = Exercise(
    id="multi_head.tokens_that_fit",
    title="How many tokens fit",
    statement="""
While a model writes, every layer keeps the keys **and** the values of all tokens so far, for each
of its key–value heads and each sequence of the batch. Given the memory for this cache, how many
tokens can each sequence have? Only whole tokens count.
""",
    signature=Signature(
        summary="Return how many tokens of each sequence fit into a KV cache of a given size.",
        parameters=(
            Parameter("n_bytes", "int, memory for the cache"),
            Parameter("n_layers", "int"),
            Parameter("n_kv_heads", "int, heads that have keys and values of their own"),
            Parameter("d_head", "int K, entries of one key and of one value"),
            Parameter("bytes_per_number", "int, 4 for float32 and 2 for 16 bits"),
            Parameter("batch_size", "int B, sequences that are written at once"),
        ),
        returns="int, tokens in each sequence",
    ),
    level="core",
    points=3,
    minutes=6,
    example=_case((1000, 1, 2, 4, 4, 2), "example"),
    reference=tokens_that_fit,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "First count the bytes that one token of one sequence takes. What is stored for it in one "
        "layer?",
        "In each layer: one key and one value of `d_head` numbers for each of `n_kv_heads` heads. "
        "Queries are not kept.",
        "`2 * n_layers * n_kv_heads * d_head * bytes_per_number` bytes a token; times "
        "`batch_size`. Whole tokens: `//`. The example: 64 bytes, two sequences, 7 tokens.",
    ),
    explanation="A token costs 2 · n_layers · n_kv_heads · d_head numbers. The number of query "
    "heads is not in it, which is the point of grouped-query attention: SmolLM2's three key–value "
    "heads for nine query heads let three times as many tokens fit.",
    mutants=(
        Mutant("keys_only", _keys_only, "Keys and values are both kept: the factor 2 is missing."),
        Mutant("one_layer", _one_layer, "Every layer has its own cache: `n_layers` is missing."),
        Mutant("one_head", _one_head, "Each key–value head is kept: `n_kv_heads` is missing."),
        Mutant("no_width", _no_width, "A key has `d_head` numbers, not one."),
        Mutant(
            "numbers_as_bytes",
            _numbers_as_bytes,
            "Numbers are counted as bytes: each takes `bytes_per_number`.",
        ),
        Mutant("one_sequence", _one_sequence, "The memory is shared by `batch_size` sequences."),
        Mutant(
            "total",
            _total,
            "These are the tokens of all sequences together; those of each one are asked for.",
        ),
        Mutant("rounded_up", _rounded_up, "The last token does not fit any more; round down."),
        Mutant("not_whole", _not_whole, "A fraction of a token cannot be stored; use `//`."),
    ),
)
