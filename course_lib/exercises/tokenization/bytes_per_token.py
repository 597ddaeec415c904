"""Exercise: how strongly a tokenizer compresses."""

import random
from collections.abc import Sequence

from course_lib.exercises.specification import Case, Exercise, Mutant, Parameter, Signature


def bytes_per_token(texts: list[str], encodings: list[list[int]]) -> float:
    """Return the bytes of text that one token stands for."""
    n_bytes = sum(len(text.encode("utf-8")) for text in texts)
    n_tokens = sum(len(ids) for ids in encodings)
    return n_bytes / n_tokens


def _characters(texts: list[str], encodings: list[list[int]]) -> float:
    return sum(map(len, texts)) / sum(map(len, encodings))


def _mean_of_ratios(texts: list[str], encodings: list[list[int]]) -> float:
    ratios = [
        len(text.encode()) / len(ids) for text, ids in zip(texts, encodings, strict=True) if ids
    ]
    return sum(ratios) / len(ratios)


def _inverted(texts: list[str], encodings: list[list[int]]) -> float:
    return 1 / bytes_per_token(texts, encodings)


def _per_word(texts: list[str], encodings: list[list[int]]) -> float:
    return sum(map(len, encodings)) / sum(len(text.split()) for text in texts)


def _whole_number(texts: list[str], encodings: list[list[int]]) -> float:
    return float(int(bytes_per_token(texts, encodings)))


def _different_ids(texts: list[str], encodings: list[list[int]]) -> float:
    return sum(len(text.encode()) for text in texts) / len({i for ids in encodings for i in ids})


def _utf16(texts: list[str], encodings: list[list[int]]) -> float:
    return sum(len(text.encode("utf-16-le")) for text in texts) / sum(map(len, encodings))


def _bits(texts: list[str], encodings: list[list[int]]) -> float:
    return 8 * bytes_per_token(texts, encodings)


def _texts_only(texts: list[str], encodings: list[list[int]]) -> float:
    return sum(len(text.encode()) for text in texts) / len(encodings)


def _case(texts: Sequence[str], lengths: Sequence[int], label: str) -> Case:
    encodings = [[(7 * n + 3 * i) % 50 for i in range(n)] for n in lengths]
    return Case({"texts": list(texts), "encodings": encodings}, label)


def _random_case(draw: random.Random, n_texts: int) -> Case:
    letters = "abc déñ中文🍓"
    texts = [
        "t " + "".join(draw.choice(letters) for _ in range(draw.randint(3, 40)))
        for _ in range(n_texts)
    ]
    lengths = [draw.randint(1, 30) for _ in texts]
    return _case(texts, lengths, f"{n_texts} random texts")


def _public(seed: int) -> list[Case]:
    draw = random.Random(seed)
    return [
        _case(["hello world"], [2], "one English text"),
        _case(["人人生而自由", "born free"], [13, 2], "Chinese and English"),
        _case(["a", "a much longer text than the first"], [1, 7], "a short text and a long one"),
        _case(["🍓 🍓"], [5], "emoji"),
        _random_case(draw, 4),
    ]


def _hidden(seed: int) -> list[Case]:
    draw = random.Random(10_000 + seed)
    return [
        _case(["naïve café au lait"], [7], "accents"),
        _case(["", "two words"], [0, 4], "an empty text among others"),
        *(_random_case(draw, n) for n in (1, 3, 10)),
    ]


EXERCISE = Exercise(
    id="tokenization.bytes_per_token",
    title="Measure the compression",
    statement="""
Write the measure that the chapter compares tokenizers with: the number of UTF-8 **bytes** of a
collection of texts, divided by the number of tokens that stand for them.

Take the ratio of the sums over all texts. The average of one ratio per text would give a tweet
the same weight as a novel. A text may be empty, but there is at least one token in all.
""",
    signature=Signature(
        summary="Return the bytes of text that one token stands for.",
        parameters=(
            Parameter("texts", "list of str"),
            Parameter("encodings", "list of lists of ints, the token ids of each text"),
        ),
        returns="float, bytes per token",
    ),
    level="core",
    points=2,
    minutes=5,
    example=_case(["你好", "hi there"], [4, 3], "example"),
    reference=bytes_per_token,
    public_cases=_public,
    hidden_cases=_hidden,
    hints=(
        "`len(text)` counts characters. How many bytes does 中 take in UTF-8?",
        '`text.encode("utf-8")` gives the bytes, and `len` counts them.',
        "Add up the bytes of all texts, add up the lengths of all encodings, and divide once.",
    ),
    explanation="Bytes are the common currency: every tokenizer and every script can be measured "
    "in them, while a character is one byte in English and three in Chinese. The ratio of sums is "
    "what the cost depends on: all the tokens a model must read for all the text.",
    mutants=(
        Mutant(
            "characters",
            _characters,
            "Characters are counted in place of bytes; they differ outside English.",
        ),
        Mutant(
            "mean_of_ratios",
            _mean_of_ratios,
            "This is the average of one ratio per text; divide the sums instead.",
        ),
        Mutant("inverted", _inverted, "The fraction is upside down: this is the tokens per byte."),
        Mutant("per_word", _per_word, "This is the number of tokens per word (the fertility)."),
        Mutant(
            "whole_number", _whole_number, "The result is cut to a whole number; divide with `/`."
        ),
        Mutant(
            "different_ids",
            _different_ids,
            "Different ids are counted; every token of the text counts, repeated or not.",
        ),
        Mutant("bits", _bits, "These are bits per token; a byte has 8 of them."),
        Mutant(
            "texts_only",
            _texts_only,
            "The bytes are divided by the number of texts; `len(encodings)` counts the lists, not "
            "the ids in them.",
        ),
        Mutant("utf16", _utf16, "The bytes are those of UTF-16; use UTF-8."),
    ),
)
