"""Word vectors by skip-gram with negative sampling, written to be read.

`word2vec_fast` trains on the same loss, thousands of pairs at once.

Source: Mikolov et al. 2013, "Distributed Representations of Words and Phrases and their
Compositionality" (negative sampling, subsampling) and "Efficient Estimation of Word
Representations in Vector Space" (skip-gram, windows of random reach).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.classical.vocabulary import Vocabulary


@dataclass(frozen=True)
class SkipGramText:
    """Texts as numbered words, ready for skip-gram.

    Attributes:
        words: the V different words, the most frequent one first.
        counts: [V], how often each occurs.
        tokens: [N], the texts one after the other, as positions in `words`.
        texts: [N], the number of the text that each token belongs to; no window crosses texts.
    """

    words: tuple[str, ...]
    counts: Int[np.ndarray, " V"]
    tokens: Int[np.ndarray, " N"]
    texts: Int[np.ndarray, " N"]

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]], *, min_count: int = 5) -> SkipGramText:
        """Number the words of texts; words with fewer than `min_count` occurrences are cut out.

        >>> SkipGramText.of([["a", "b", "a"], ["b", "rare", "a"]], min_count=2).tokens.tolist()
        [0, 1, 0, 1, 0]

        Raises:
            TypeError: a text is a string; it must be a list of words.
            ValueError: no word is frequent enough.
        """
        lists = list(texts)
        if any(isinstance(text, str) for text in lists):
            raise TypeError("a text is one string; split it into words first")
        vocabulary = Vocabulary.of((w for text in lists for w in text), min_count=min_count)
        if len(vocabulary) < 2:
            raise ValueError(f"no word occurs min_count = {min_count} times; lower it")
        ids = [vocabulary.encode(text) for text in lists]  # 0 is for all words cut out
        tokens = np.concatenate(ids)
        numbers = np.repeat(np.arange(len(lists)), [len(part) for part in ids])
        kept = tokens > 0
        tokens = tokens[kept] - 1
        counts = np.bincount(tokens, minlength=len(vocabulary) - 1)
        return cls(vocabulary.words[1:], counts, tokens, numbers[kept])


def skip_gram_pairs(tokens: Sequence[int], window: int) -> list[tuple[int, int]]:
    """Return every (center, context) pair of tokens at most `window` places apart, in order.

    >>> skip_gram_pairs([7, 8, 9], window=1)
    [(7, 8), (8, 7), (8, 9), (9, 8)]

    Raises:
        ValueError: `window` is below 1.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    return [
        (tokens[i], tokens[j])
        for i in range(len(tokens))
        for j in range(max(0, i - window), min(len(tokens), i + window + 1))
        if i != j
    ]


def noise_distribution(
    counts: Int[np.ndarray, " V"] | Sequence[int], *, power: float = 0.75
) -> Float[np.ndarray, " V"]:
    """Return how probable each word is as a noise word: P(w) ∝ count(w)^power.

    Source: Mikolov et al. 2013 (Distributed Representations), section 2.2, power 3/4.

    >>> noise_distribution([16, 1]).round(3).tolist()
    [0.889, 0.111]
    """
    weights = np.asarray(counts, dtype=np.float64) ** power
    result: Float[np.ndarray, " V"] = weights / weights.sum()
    return result


def keep_probability(
    counts: Int[np.ndarray, " V"] | Sequence[int], *, threshold: float = 1e-4
) -> Float[np.ndarray, " V"]:
    """Return the chance that one occurrence of a word stays in the text: min(1, √(t / f(w))).

    f(w) is the word's share of the text and t the threshold. Frequent words say little about their
    neighbors, and thinning them out brings the others closer together. (The authors' own program
    adds t / f(w) to the root.)

    Source: Mikolov et al. 2013 (Distributed Representations), section 2.3, equation 5.

    Raises:
        ValueError: `threshold` is not positive.
    """
    if threshold <= 0:
        raise ValueError(f"threshold must be positive, got {threshold}")
    numbers = np.asarray(counts, dtype=np.float64)
    shares = np.maximum(numbers / numbers.sum(), np.finfo(np.float64).tiny)
    result: Float[np.ndarray, " V"] = np.minimum(1.0, np.sqrt(threshold / shares))
    return result


def pair_loss(
    center: Float[Tensor, " D"], context: Float[Tensor, " D"], noise: Float[Tensor, "K D"]
) -> Float[Tensor, ""]:
    """Return the loss of one pair: −ln σ(u · v) − Σₖ ln σ(−uₖ · v), in nats.

    v is the input vector of the center word, u the output vector of the context word and u₁ … u_K
    those of the noise words; σ(x) = 1 / (1 + e⁻ˣ).

    Source: Mikolov et al. 2013 (Distributed Representations), equation 4, with its sign turned.
    """
    return -F.logsigmoid(context @ center) - F.logsigmoid(-(noise @ center)).sum()


def pair_gradients(
    center: Float[Tensor, " D"], context: Float[Tensor, " D"], noise: Float[Tensor, "K D"]
) -> tuple[Float[Tensor, " D"], Float[Tensor, " D"], Float[Tensor, "K D"]]:
    """Return the gradients of `pair_loss` for its three arguments.

    The derivative of −ln σ(x) is σ(x) − 1, that of −ln σ(−x) is σ(x): probability minus truth.
    """
    wrong_context = torch.sigmoid(context @ center) - 1
    wrong_noise = torch.sigmoid(noise @ center)
    return (
        wrong_context * context + wrong_noise @ noise,
        wrong_context * center,
        torch.outer(wrong_noise, center),
    )


def train_pair_by_pair(
    pairs: Sequence[tuple[int, int]],
    inputs: Float[Tensor, "V D"],
    outputs: Float[Tensor, "V D"],
    noise_probabilities: Float[Tensor, " V"],
    *,
    n_negative: int = 5,
    learning_rate: float = 0.025,
    generator: torch.Generator | None = None,
) -> float:
    """Take one step of gradient descent per pair, in place, and return the mean loss in nats.

    Args:
        pairs: (center, context) word numbers.
        inputs: one vector per word as a center; these are the word vectors.
        outputs: one vector per word as a context.
        noise_probabilities: see `noise_distribution`.
        n_negative: K, noise words per pair.
        learning_rate: size of a step.
        generator: source of random numbers.

    Raises:
        ValueError: no pairs.
    """
    if not pairs:
        raise ValueError("pairs is empty; give at least one (center, context)")
    total = 0.0
    for center, context in pairs:
        noise = torch.multinomial(
            noise_probabilities, n_negative, replacement=True, generator=generator
        )
        v, u, others = inputs[center], outputs[context], outputs[noise]
        total += pair_loss(v, u, others).item()
        for_center, for_context, for_noise = pair_gradients(v, u, others)
        inputs[center] -= learning_rate * for_center
        outputs[context] -= learning_rate * for_context
        outputs.index_add_(0, noise, for_noise, alpha=-learning_rate)  # a word may come twice
    return total / len(pairs)
