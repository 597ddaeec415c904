"""Language models that count: n-grams of orders 1 to 5, fast; `followers` has the clear version."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from course_lib.classical.count_table import ContextCounts, Tokens, as_token_ids
from course_lib.classical.smoothing import Additive, Interpolated, MaximumLikelihood, Smoothing

MAX_ORDER = 5


@dataclass(frozen=True)
class NGramModel:
    """Counts of all orders up to `order`, and the probabilities a smoothing makes of them.

    Each different n-gram is numbered by its place in a sorted array, and its key there is
    (number of its first n − 1 tokens) · V + (its last token). So the keys of order 5 fit into 63
    bits for any vocabulary, and what follows one context stands together. Orders and smoothings
    can be changed without counting again.

    >>> model = NGramModel.fit([0, 1, 0, 2, 0, 1], 3, order=2)
    >>> model.distribution([0]).round(2).tolist(), model.count([0, 1])
    ([0.0, 0.67, 0.33], 2)

    The model of `course_lib.evaluation.TrigramModel` mixes its orders by Kneser and Ney's rule.
    """

    vocab_size: int
    levels: tuple[ContextCounts, ...] = dataclasses.field(repr=False)
    smoothing: Smoothing

    def __post_init__(self) -> None:
        kinds = MaximumLikelihood | Additive | Interpolated
        if not isinstance(self.smoothing, kinds):
            raise TypeError(
                f"smoothing is {self.smoothing!r}; give MaximumLikelihood(), Additive(alpha) or "
                "Interpolated((epsilon_1, ...))"
            )
        if isinstance(self.smoothing, Interpolated) and len(self.smoothing.epsilons) != self.order:
            raise ValueError(
                f"smoothing has {len(self.smoothing.epsilons)} epsilons for a model of order "
                f"{self.order}; give one for each order"
            )

    @classmethod
    def fit(
        cls,
        tokens: Tokens,
        vocab_size: int,
        *,
        order: int,
        smoothing: Smoothing | None = None,
    ) -> NGramModel:
        """Count a text, by default for maximum likelihood. Two million tokens take seconds.

        Raises:
            TypeError: Tokens are no integers.
            ValueError: An order that is not 1 to 5, fewer tokens than the order, or an id outside
                the vocabulary.
        """
        if order not in range(1, MAX_ORDER + 1):
            raise ValueError(f"order is {order}; it must be a whole number from 1 to {MAX_ORDER}")
        if not 1 <= vocab_size < 2**31:
            raise ValueError(f"vocab_size is {vocab_size}; it must be between 1 and 2 ** 31 - 1")
        ids = as_token_ids(tokens, "tokens", at_least=order, vocab_size=vocab_size)
        levels: list[ContextCounts] = []
        contexts, known = np.zeros_like(ids), 1
        for length in range(order):
            here = contexts[: len(ids) - length]  # the context that ends before each token
            level, numbers = ContextCounts.count(here, ids[length:], vocab_size, known)
            levels.append(level)
            contexts, known = numbers, len(level.grams.keys)
        return cls(vocab_size, tuple(levels), smoothing or MaximumLikelihood())

    @property
    def order(self) -> int:
        """Tokens in the longest n-grams; the context is one shorter."""
        return len(self.levels)

    def with_smoothing(self, smoothing: Smoothing) -> NGramModel:
        """The same counts under another smoothing."""
        return dataclasses.replace(self, smoothing=smoothing)

    def with_order(self, order: int) -> NGramModel:
        """The same counts and smoothing with a shorter context.

        Raises:
            ValueError: The order is not between 1 and that of this model.
        """
        if order not in range(1, self.order + 1):
            raise ValueError(f"order is {order}; the model has counts of orders 1 to {self.order}")
        smoothing = self.smoothing
        if isinstance(smoothing, Interpolated):
            smoothing = Interpolated(smoothing.epsilons[:order])
        return dataclasses.replace(self, levels=self.levels[:order], smoothing=smoothing)

    def n_kinds(self, order: int) -> int:
        """How many different n-grams of this order the text had.

        Raises:
            ValueError: The order is not between 1 and that of this model.
        """
        return len(self.with_order(order).levels[-1].grams.keys)

    def count(self, gram: Tokens) -> int:
        """How often an n-gram occurred.

        Raises:
            ValueError: It is empty, longer than the order, or holds an unknown id.
        """
        ids = as_token_ids(gram, "gram", at_least=1, vocab_size=self.vocab_size)
        if len(ids) > self.order:
            raise ValueError(f"gram has {len(ids)} tokens; the model counts up to {self.order}")
        *_, (level, contexts) = self._walk(ids[:, None])
        return int(level.grams[contexts * self.vocab_size + ids[-1]][0])

    def total(self, context: Tokens) -> int:
        """n(c): how often a context (of at most order − 1 tokens) was followed by anything.

        Raises:
            ValueError: It is too long, or holds an unknown id.
        """
        ids = as_token_ids(context, "context", vocab_size=self.vocab_size)
        if len(ids) >= self.order:
            raise ValueError(
                f"context has {len(ids)} tokens; a model of order {self.order} looks at "
                f"{self.order - 1}"
            )
        *_, (level, numbers) = self._walk(np.append(ids, 0)[:, None])
        return int(level.total(numbers)[0])

    def _walk(
        self, grams: Int[np.ndarray, "length n"]
    ) -> Iterator[tuple[ContextCounts, Int[np.ndarray, " n"]]]:
        """Read n-grams token by token; give each level with the numbers of the contexts so far."""
        contexts = np.zeros(grams.shape[1], dtype=np.int64)
        for level, tokens in zip(self.levels, grams, strict=False):
            yield level, contexts
            places = level.grams.places(contexts * self.vocab_size + tokens)
            contexts = np.where(contexts >= 0, places, -1)

    def _own(
        self, grams: Int[np.ndarray, "length n"]
    ) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """n(c, x) and n(c), where each column is a context c and, last, a token x."""
        *_, (level, contexts) = self._walk(grams)
        keys = contexts * self.vocab_size + grams[-1]
        return np.where(contexts >= 0, level.grams[keys], 0), level.total(contexts)

    def _mixed(self, grams: Int[np.ndarray, "length n"]) -> Float[np.ndarray, " n"]:
        """P̂ of the last token of each column after those before it."""
        n, smoothing = len(grams), self.smoothing
        uniform = np.full(grams.shape[1], 1 / self.vocab_size)
        if isinstance(smoothing, Interpolated):
            lower = uniform
            for length, epsilon in enumerate(smoothing.epsilons[:n], start=1):
                counts, totals = self._own(grams[n - length :])
                lower = (counts + epsilon * lower) / (totals + epsilon)
            return lower
        counts, totals = self._own(grams)
        if isinstance(smoothing, Additive):
            epsilon = smoothing.alpha * self.vocab_size
            mixed: Float[np.ndarray, " n"] = (counts + epsilon * uniform) / (totals + epsilon)
            return mixed
        shares: Float[np.ndarray, " n"] = counts / np.maximum(totals, 1)
        return shares

    def probabilities(self, tokens: Tokens) -> Float[np.ndarray, " M"]:
        """P̂ of each token but the first, after the (at most order − 1) tokens before it.

        The first tokens of the text have a shorter context and are given the lower order's
        probability.

        Raises:
            TypeError: Tokens are no integers.
            ValueError: Fewer than 2 tokens, or an id outside the vocabulary.
        """
        ids = as_token_ids(tokens, "tokens", at_least=2, vocab_size=self.vocab_size)
        start = [self._mixed(ids[: i + 1, None]) for i in range(1, min(self.order - 1, len(ids)))]
        if len(ids) < self.order:
            return np.concatenate(start)
        windows = np.lib.stride_tricks.sliding_window_view(ids, self.order)
        if self.order == 1:
            windows = windows[1:]
        return np.concatenate([*start, self._mixed(windows.T)])

    def distribution(self, context: Tokens = ()) -> Float[np.ndarray, " V"]:
        """P̂(· | context) over the whole vocabulary; it sums to one.

        Raises:
            ValueError: An unknown id, or, without smoothing, a context that nothing ever followed.
        """
        ids = as_token_ids(context, "context", vocab_size=self.vocab_size)
        ids = ids[len(ids) - min(len(ids), self.order - 1) :]
        smoothing, size = self.smoothing, self.vocab_size
        uniform = np.full(size, 1 / size)
        if isinstance(smoothing, Interpolated):
            for length, epsilon in enumerate(smoothing.epsilons[: len(ids) + 1]):
                uniform = self._add_counts(ids[len(ids) - length :], epsilon, uniform)
            return uniform
        epsilon = smoothing.alpha * size if isinstance(smoothing, Additive) else 0.0
        return self._add_counts(ids, epsilon, uniform)

    def _add_counts(
        self, context: Int[np.ndarray, " length"], epsilon: float, lower: Float[np.ndarray, " V"]
    ) -> Float[np.ndarray, " V"]:
        """(n(c, ·) + ε · lower) / (n(c) + ε)."""
        *_, (level, numbers) = self._walk(np.append(context, 0)[:, None])
        total = int(level.total(numbers)[0])
        if total + epsilon == 0:
            raise ValueError(
                f"context {context.tolist()} is followed by nothing in the training text, so there "
                "is no distribution after it; give a shorter one, or a smoothing"
            )
        mixed = epsilon * lower
        if total:
            tokens, counts = level.after(int(numbers[0]), self.vocab_size)
            mixed[tokens] += counts
        return mixed / (total + epsilon)

    def seen(self, tokens: Tokens) -> Bool[np.ndarray, " M"]:
        """Whether each n-gram of the model's order in a text occurred in the training text.

        Raises:
            TypeError: Tokens are no integers.
            ValueError: Fewer tokens than the order, or an id outside the vocabulary.
        """
        ids = as_token_ids(tokens, "tokens", at_least=self.order, vocab_size=self.vocab_size)
        counts, _ = self._own(np.lib.stride_tricks.sliding_window_view(ids, self.order).T)
        return counts > 0

    def perplexity(self, tokens: Tokens) -> float:
        """exp(−mean of ln P̂) over all tokens but the first; infinite where one of them is 0.

        Raises:
            TypeError: Tokens are no integers.
            ValueError: Fewer than 2 tokens, or an id outside the vocabulary.
        """
        with np.errstate(divide="ignore", over="ignore"):
            return float(np.exp(-np.log(self.probabilities(tokens)).mean()))

    def sample(
        self,
        n_tokens: int,
        *,
        context: Tokens = (),
        stop_token: int | None = None,
        generator: torch.Generator | None = None,
    ) -> list[int]:
        """Draw tokens one after another, each from the distribution after those before it.

        Without smoothing, a context that nothing ever followed is shortened from the left until
        something did. `stop_token` ends the text early and is not part of it.

        Raises:
            ValueError: A negative number of tokens, or an unknown id.
        """
        if n_tokens < 0:
            raise ValueError(f"n_tokens is {n_tokens}; it must be at least 0")
        given = as_token_ids(context, "context", vocab_size=self.vocab_size)
        text = [int(token) for token in given]
        draws = torch.rand(n_tokens, generator=generator, dtype=torch.float64).tolist()
        for draw in draws:
            cumulated = np.cumsum(self._distribution_after(text))
            token = int(np.searchsorted(cumulated, draw * cumulated[-1], side="right"))
            token = min(token, self.vocab_size - 1)
            if token == stop_token:
                break
            text.append(token)
        return text[len(given) :]

    def _distribution_after(self, text: list[int]) -> Float[np.ndarray, " V"]:
        """P̂ after the longest end of the text, at most order − 1 tokens, that was followed."""
        context = text[len(text) - min(len(text), self.order - 1) :]
        if isinstance(self.smoothing, MaximumLikelihood):
            while context and not self.total(context):
                context = context[1:]
        return self.distribution(context)
