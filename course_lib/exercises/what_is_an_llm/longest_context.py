"""Exercise: how much text the memory that is left can hold."""

import random

from course_lib.exercises.comparison import Exact
from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def longest_context(
    free_bytes: int, n_layers: int, d_model: int, n_texts: int, context_length: int
) -> int:
    """Return how many tokens of each text fit, at most the context length."""
    bytes_per_token = 2 * n_layers * d_model * 2 * n_texts
    return min(free_bytes // bytes_per_token, context_length)


def _numbers(free: int, layers: int, d: int, texts: int, length: int) -> int:
    return min(free // (2 * layers * d * texts), length)


def _float32(free: int, layers: int, d: int, texts: int, length: int) -> int:
    return min(free // (2 * layers * d * 4 * texts), length)


def _one_text(free: int, layers: int, d: int, texts: int, length: int) -> int:
    del texts
    return longest_context(free, layers, d, 1, length)


def _one_layer(free: int, layers: int, d: int, texts: int, length: int) -> int:
    del layers
    return longest_context(free, 1, d, texts, length)


def _no_limit(free: int, layers: int, d: int, texts: int, length: int) -> int:
    del length
    return free // (4 * layers * d * texts)


def _rounded_up(free: int, layers: int, d: int, texts: int, length: int) -> int:
    return min(-(-free // (4 * layers * d * texts)), length)


def _shared_length(free: int, layers: int, d: int, texts: int, length: int) -> int:
    return min(free // (4 * layers * d), length) // texts


def _case(free: int, layers: int, d: int, texts: int, length: int, label: str) -> Case:
    inputs = {
        "free_bytes": free,
        "n_layers": layers,
        "d_model": d,
        "n_texts": texts,
        "context_length": length,
    }
    return Case(inputs, label)


def _random_case(draw: random.Random) -> Case:
    layers, d, texts = draw.randint(2, 40), draw.randint(16, 900), draw.randint(2, 9)
    wanted, length = draw.randint(50, 3000), draw.randint(200, 4000)
    free = 4 * layers * d * texts * wanted + draw.randint(1, 4 * layers * d * texts - 1)
    return _case(free, layers, d, texts, length, "random")


def _public(seed: int) -> list[Case]:
    return [
        _case(2_000_000_000, 96, 12_288, 1, 2048, "GPT-3 with 2 GB to spare"),
        _case(1_000_000_000, 48, 1600, 4, 1024, "GPT-2 XL, four texts at once"),
        _case(500_000_000, 12, 768, 3, 1024, "GPT-2 small: the model is the limit"),
        _random_case(random.Random(seed)),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(10, 12, 768, 1, 1024, "not one token fits"),
        _case(10**9, 6, draw.randint(100, 300), 2, 256, "the course GPT: the model is the limit"),
        _case(4 * 2 * 8 * 100, 2, 8, 1, 500, "exactly a hundred tokens fit"),
        *(_random_case(draw) for _ in range(5)),
    ]


EXERCISE = Exercise(
    id="what_is_an_llm.longest_context",
    title="How much text fits beside the model?",
    statement="""
The weights are loaded, and `free_bytes` of memory are left for the cache: for **every** token read
so far, each layer keeps one key and one value of `d_model` numbers, 2 bytes a number. The model
serves `n_texts` conversations at once, all of the same length, and each has its own cache.

How many tokens long may each of them be? Count whole tokens, and never more than the model was
built for, `context_length`.
""",
    signature=Signature(
        summary="Return how many tokens of each text fit, at most the context length.",
        parameters=(
            Parameter("free_bytes", "int, bytes left for the cache"),
            Parameter("n_layers", "int"),
            Parameter("d_model", "int, numbers in a key and in a value, all heads together"),
            Parameter("n_texts", "int, conversations served at once"),
            Parameter("context_length", "int, the most tokens that the model can read"),
        ),
        returns="int, tokens of each text",
    ),
    forbidden=("course_lib.models",),
    level="core",
    points=3,
    minutes=8,
    example=_case(10_000, 2, 50, 4, 1024, "example"),
    reference=longest_context,
    public_cases=_public,
    hidden_cases=_hidden,
    comparator=Exact(),
    hints=(
        "First count the bytes that one more token costs, over all layers and all conversations.",
        "One token costs 2 (key and value) · `n_layers` · `d_model` · 2 (bytes) for each "
        "conversation.",
        "`min(free_bytes // bytes_per_token, context_length)`. The example: 2 · 2 · 50 · 2 · 4 = "
        "1,600 bytes for one more token in each of four texts, so 6 tokens.",
    ),
    explanation="At this price GPT-3 pays 4.7 MB for each token. Long contexts and many users are "
    "limited by this memory as much as by the weights, which is why later models share keys and "
    "values between heads.",
    mutants=(
        Mutant(
            "numbers",
            _numbers,
            "A factor of 2 is missing: a key **and** a value, and 2 bytes for a number.",
        ),
        Mutant("float32", _float32, "A number takes 2 bytes here, not 4."),
        Mutant("one_text", _one_text, "Each of the `n_texts` conversations has its own cache."),
        Mutant("one_layer", _one_layer, "Every layer keeps keys and values of its own."),
        Mutant("no_limit", _no_limit, "The model cannot read more than `context_length` tokens."),
        Mutant(
            "rounded_up",
            _rounded_up,
            "A token that fits only in part does not fit: round down.",
        ),
        Mutant(
            "shared_length",
            _shared_length,
            "`context_length` limits each conversation by itself; divide the memory, then compare.",
        ),
    ),
)
