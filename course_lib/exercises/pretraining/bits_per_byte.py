"""Exercise: from a perplexity per token to bits per byte."""

import math
import random

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def bits_per_byte(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    """Convert a perplexity per token into bits per byte of the text."""
    nats_per_token = math.log(perplexity)
    bits = nats_per_token * n_tokens / math.log(2)
    return bits / n_bytes


def _in_nats(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return bits_per_byte(perplexity, n_tokens, n_bytes) * math.log(2)


def _times_ln_2(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return bits_per_byte(perplexity, n_tokens, n_bytes) * math.log(2) ** 2


def _no_logarithm(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return perplexity * n_tokens / n_bytes


def _per_token(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    del n_tokens, n_bytes
    return math.log2(perplexity)


def _upside_down(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return math.log2(perplexity) * n_bytes / n_tokens


def _perplexity_per_byte(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return float(perplexity ** (n_tokens / n_bytes))


def _divided_first(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return math.log2(perplexity * n_tokens / n_bytes)


def _eight_bits(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return bits_per_byte(perplexity, n_tokens, n_bytes) / 8


def _tokens_forgotten(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    del n_tokens
    return math.log2(perplexity) / n_bytes


def _total(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    del n_bytes
    return math.log2(perplexity) * n_tokens


def _log10(perplexity: float, n_tokens: int, n_bytes: int) -> float:
    return math.log10(perplexity) * n_tokens / n_bytes


def _case(perplexity: float, n_tokens: int, n_bytes: int) -> Case:
    inputs = {"perplexity": perplexity, "n_tokens": n_tokens, "n_bytes": n_bytes}
    return Case(inputs, f"perplexity {perplexity:g}, {n_tokens} tokens, {n_bytes} bytes")


def _random_case(draw: random.Random) -> Case:
    n_tokens = draw.randint(50, 5000)
    n_bytes = round(n_tokens * draw.uniform(2.2, 5.0))
    return _case(round(draw.uniform(8.0, 300.0), 2), n_tokens, n_bytes)


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [_case(256.0, 100, 400), _case(1.0, 7, 20), *(_random_case(draw) for _ in range(3))]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    edges = [_case(16.0, 30, 30), _case(1.5, 1, 1), _case(1e6, 12, 7)]
    return [*edges, *(_random_case(draw) for _ in range(4))]


EXERCISE = Exercise(
    id="pretraining.bits_per_byte",
    title="From perplexity to bits per byte",
    statement="""
A paper reports a perplexity per token. To compare it with a model that cuts text into other tokens,
convert it into **bits per byte**: all the information the model needed for the text, in bits,
divided by the number of bytes of the text. Python's `math` is enough; `course_lib.evaluation` may
not be used.
""",
    signature=Signature(
        summary="Convert a perplexity per token into bits per byte of the text.",
        parameters=(
            Parameter("perplexity", "float >= 1, per token"),
            Parameter("n_tokens", "int, tokens the text was cut into"),
            Parameter("n_bytes", "int >= 1, bytes of the text in UTF-8"),
        ),
        returns="float, bits per byte",
    ),
    forbidden=("course_lib.evaluation",),
    level="core",
    points=3,
    minutes=6,
    example=_case(16.0, 10, 40),
    reference=bits_per_byte,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "Perplexity is the exponential of the mean loss. Undo it first: what is the loss in nats "
        "of one token?",
        "The loss of the whole text is the loss of one token times the number of tokens. "
        "A nat is 1 / ln 2 bits, about 1.44.",
        "`math.log(perplexity) * n_tokens / math.log(2) / n_bytes`; or `math.log2(perplexity)`, "
        "which is in bits already.",
    ),
    explanation="Log₂ of the perplexity is bits per token; times the number of tokens it is all "
    "bits of the text; divided by the bytes it no longer depends on how the text was cut. "
    "Perplexity cannot be divided by bytes directly: it is an exponential and does not add up.",
    mutants=(
        Mutant("in_nats", _in_nats, "This is nats per byte; a nat is 1 / ln 2 bits."),
        Mutant(
            "times_ln_2",
            _times_ln_2,
            "Multiplied by ln 2 where it must be divided: there are more bits than nats.",
        ),
        Mutant(
            "no_logarithm",
            _no_logarithm,
            "Perplexity itself is scaled; take its logarithm first.",
        ),
        Mutant("per_token", _per_token, "This is bits per token; go on to bytes."),
        Mutant(
            "upside_down",
            _upside_down,
            "The ratio of bytes to tokens is upside down: a text has more bytes than tokens, so "
            "bits per byte are fewer than bits per token.",
        ),
        Mutant(
            "perplexity_per_byte",
            _perplexity_per_byte,
            "This is the perplexity per byte; its base-2 logarithm is asked for.",
        ),
        Mutant(
            "divided_first",
            _divided_first,
            "The ratio of tokens to bytes belongs outside the logarithm.",
        ),
        Mutant("eight_bits", _eight_bits, "Divided by 8 once too often: the unit is bits."),
        Mutant(
            "tokens_forgotten",
            _tokens_forgotten,
            "The bits of one token are divided by the bytes of the whole text; multiply by the "
            "number of tokens first.",
        ),
        Mutant("total", _total, "This is the information in the whole text; divide by its bytes."),
        Mutant("log10", _log10, "The logarithm is to base 10; bits need base 2."),
    ),
)
