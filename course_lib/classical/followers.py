"""N-gram probabilities word for word as the formulas say: clear, and slow."""

from __future__ import annotations

from collections.abc import Hashable, Sequence


def followers(text: Sequence[Hashable], context: Sequence[Hashable]) -> list[Hashable]:
    """Every token that stands right after the context somewhere in the text, in order.

    Their number is n(c): the occurrences of the context that something follows. A context at the
    very end of the text is followed by nothing and does not count; else the probabilities after it
    would not add up to one.

    >>> followers("a b a c a".split(), ["a"])
    ['b', 'c']
    """
    tokens, length = list(text), len(context)
    return [
        tokens[i + length]
        for i in range(len(tokens) - length)
        if tokens[i : i + length] == list(context)
    ]


def interpolated_probability(
    text: Sequence[Hashable],
    context: Sequence[Hashable],
    token: Hashable,
    *,
    epsilons: Sequence[float],
    vocab_size: int,
) -> float:
    """P̂(token | context) by interpolated smoothing: the clear version, one pass for each order.

    >>> text = "the cat sat on the mat".split()
    >>> round(interpolated_probability(text, ["the"], "cat", epsilons=(1, 1), vocab_size=5), 6)
    0.390476

    The formulas are those of `Interpolated`. Of the context, the last len(epsilons) − 1 tokens
    count.
    """
    probability = 1 / vocab_size
    for length, epsilon in enumerate(epsilons[: len(context) + 1]):
        seen = followers(text, context[len(context) - length :])
        probability = (seen.count(token) + epsilon * probability) / (len(seen) + epsilon)
    return probability
