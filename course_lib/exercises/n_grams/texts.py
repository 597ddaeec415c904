"""Small texts of few words, in which contexts repeat."""

import random

WORDS = ("we", "the", "people", "of", "states")


def random_text(draw: random.Random, length: int, n_words: int = 4) -> list[str]:
    """Words drawn at random, the first ones of `WORDS` more often."""
    weights = [n_words + 1 - rank for rank in range(n_words)]
    return draw.choices(WORDS[:n_words], weights, k=length)


def after(text: list[str], context: list[str]) -> list[str]:
    """The words that stand right after the context."""
    size = len(context)
    return [text[i + size] for i in range(len(text) - size) if text[i : i + size] == context]
