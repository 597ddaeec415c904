"""What a neural model has to beat on the same text: word frequencies, a trigram, a compressor."""

from __future__ import annotations

import lzma
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from course_lib.classical.count_table import CountTable, Tokens, as_token_ids
from course_lib.evaluation.language_model import LanguageModelScore

_Ids = Int[np.ndarray, " N"]
_MAX_DICTIONARY = 3 << 29  # 1.5 GiB, the largest window of the LZMA encoder


@dataclass(frozen=True)
class _Level:
    """Counts of one order: of n-grams, and per context their sum and the number of kinds."""

    counts: CountTable  # context · V + token → count
    totals: CountTable  # context → sum of counts
    kinds: CountTable  # context → number of different tokens
    discount: float

    @classmethod
    def build(cls, counts: CountTable, vocab_size: int) -> _Level:
        contexts = counts.keys // vocab_size
        kinds = CountTable.count(contexts)
        starts = np.searchsorted(contexts, kinds.keys)
        totals = CountTable(kinds.keys, np.add.reduceat(counts.values, starts))
        once, twice = (int((counts.values == times).sum()) for times in (1, 2))
        discount = once / (once + 2 * twice) if once and twice else 0.5
        return cls(counts, totals, kinds, discount)

    def mix(
        self,
        contexts: Int[np.ndarray, " n"],
        keys: Int[np.ndarray, " n"],
        lower: Float[np.ndarray, " n"],
    ) -> Float[np.ndarray, " n"]:
        """Discounted share of this order plus the freed mass times the lower order."""
        totals = self.totals[contexts].astype(np.float64)
        divisor = np.maximum(totals, 1.0)
        own = np.maximum(self.counts[keys] - self.discount, 0.0) / divisor
        freed = self.discount * self.kinds[contexts] / divisor
        result: Float[np.ndarray, " n"] = np.where(totals > 0, own + freed * lower, lower)
        return result


@dataclass(frozen=True)
class TrigramModel:
    """Interpolated Kneser–Ney trigram over tokens, with one discount per order.

    p(w | u v) = max(c(u v w) − d₃, 0) / c(u v) + d₃ · kinds(u v) / c(u v) · p(w | v)

    p(w | v) has the same form over continuation counts: in how many different contexts the
    shorter sequence was seen; p(w) mixes those with the uniform distribution 1/V in the same way.
    A context never seen passes the whole mass to the shorter one. The discount of an order is
    d = n₁ / (n₁ + 2 n₂) with n₁, n₂ the number of its n-grams counted once and twice (0.5 where
    one of them is 0).

    `course_lib.classical.NGramModel` has other orders and simpler smoothings.

    Source: Kneser and Ney (1995); Chen and Goodman (1999), sections 2.7 and 3.1.
    """

    vocab_size: int
    trigrams: _Level
    bigrams: _Level
    unigrams: _Level

    @classmethod
    def fit(cls, tokens: Tokens, vocab_size: int) -> TrigramModel:
        """Count a training text of at least 3 tokens.

        Raises:
            TypeError: Tokens are no integers.
            ValueError: Too few tokens, an id outside the vocabulary, or a vocabulary whose cube
                does not fit in 63 bits.
        """
        if not 1 <= vocab_size <= 2**21 - 1:
            raise ValueError(f"vocab_size is {vocab_size}; it must be between 1 and 2,097,151")
        ids = as_token_ids(tokens, "tokens", at_least=3, vocab_size=vocab_size)
        size = vocab_size
        trigrams = CountTable.count((ids[:-2] * size + ids[1:-1]) * size + ids[2:])
        bigrams = CountTable.count(trigrams.keys % (size * size))  # different words before v w
        unigrams = CountTable.count(bigrams.keys % size)  # different words before w
        levels = [_Level.build(table, size) for table in (trigrams, bigrams, unigrams)]
        return cls(size, *levels)

    def probabilities(
        self, first: _Ids, second: _Ids, third: _Ids, *, n_context: int = 2
    ) -> Float[np.ndarray, " N"]:
        """p(third | first second), element by element; with `n_context` 1, p(third | second)."""
        size = self.vocab_size
        lower = np.full(len(third), 1.0 / size)
        lower = self.unigrams.mix(np.zeros_like(third), third, lower)
        pair = second * size + third
        lower = self.bigrams.mix(second, pair, lower)
        if n_context == 1:
            return lower
        return self.trigrams.mix(
            first * size + second, (first * size + second) * size + third, lower
        )

    def distribution(self, first: int, second: int) -> Float[np.ndarray, " V"]:
        """p(· | first second) over the whole vocabulary; it sums to one."""
        as_token_ids([first, second], "first and second", at_least=2, vocab_size=self.vocab_size)
        every = np.arange(self.vocab_size, dtype=np.int64)
        return self.probabilities(np.full_like(every, first), np.full_like(every, second), every)

    def score(self, tokens: Tokens, *, n_bytes: int | None = None) -> LanguageModelScore:
        """Score a text: all tokens but the first, as `perplexity` does; the second by its bigram.

        Raises:
            TypeError: Tokens are no integers.
            ValueError: Fewer than 2 tokens, or an id outside the vocabulary.
        """
        ids = as_token_ids(tokens, "tokens", at_least=2, vocab_size=self.vocab_size)
        start = self.probabilities(ids[:1], ids[:1], ids[1:2], n_context=1)
        rest = self.probabilities(ids[:-2], ids[1:-1], ids[2:])
        nats = -float(np.log(np.concatenate([start, rest])).sum())
        return LanguageModelScore(len(ids) - 1, max(0.0, nats), n_bytes)


def unigram_entropy(tokens: Tokens) -> float:
    """Entropy in nats per token of the token frequencies of a text: −Σ p ln p.

    The least any model could reach that ignores context, on this very text.

    >>> round(unigram_entropy([0, 1, 2, 3]), 6)  # ln 4
    1.386294
    """
    counts = np.bincount(as_token_ids(tokens, "tokens", at_least=1))
    shares = counts[counts > 0] / counts.sum()
    return max(0.0, -float((shares * np.log(shares)).sum()))


def unigram_score(
    train_tokens: Tokens, test_tokens: Tokens, vocab_size: int, *, n_bytes: int | None = None
) -> LanguageModelScore:
    """Score a text by token frequencies of another, one added to every count.

    p(w) = (c(w) + 1) / (N + V). The first token is left out, as in `perplexity`.

    Raises:
        TypeError: Tokens are no integers.
        ValueError: Too few tokens, or an id outside the vocabulary.
    """
    train = as_token_ids(train_tokens, "train_tokens", at_least=1, vocab_size=vocab_size)
    test = as_token_ids(test_tokens, "test_tokens", at_least=2, vocab_size=vocab_size)[1:]
    counts = np.bincount(train, minlength=vocab_size) + 1.0
    nats = -float(np.log(counts[test] / counts.sum()).sum())
    return LanguageModelScore(len(test), max(0.0, nats), n_bytes)


def lzma_bits_per_byte(train_text: bytes, test_text: bytes) -> float:
    """Bits per byte of a text for the LZMA compressor after it has read another.

    8 · (C(train + test) − C(train)) / len(test), where C is the compressed length with preset 9
    extreme and a dictionary that holds both texts. With an empty `train_text` it is the
    compressor alone. Compressing takes about two seconds per megabyte.

    Raises:
        TypeError: A text is not bytes.
        ValueError: `test_text` is empty, or both together exceed LZMA's window of 1.5 GiB.
    """
    for argument, text in (("train_text", train_text), ("test_text", test_text)):
        if not isinstance(text, bytes):
            raise TypeError(
                f"{argument} is {type(text).__name__}; give bytes: text.encode('utf-8')"
            )
    if not test_text:
        raise ValueError("test_text is empty; there is nothing to compress")
    size = len(train_text) + len(test_text)
    if size > _MAX_DICTIONARY:
        raise ValueError(
            f"train_text and test_text have {size} bytes together, more than LZMA's window of "
            f"{_MAX_DICTIONARY}; give less training text"
        )
    if not train_text:
        return 8 * _compressed_length(test_text, size) / len(test_text)
    with ThreadPoolExecutor(2) as pool:  # LZMA runs outside the interpreter's lock
        both = pool.submit(_compressed_length, train_text + test_text, size)
        alone = pool.submit(_compressed_length, train_text, size)
    return 8 * (both.result() - alone.result()) / len(test_text)


def _compressed_length(text: bytes, dictionary: int) -> int:
    """Bytes of the raw LZMA2 stream: no container, no checksum."""
    options = {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": max(4096, dictionary),
    }
    return len(lzma.compress(text, format=lzma.FORMAT_RAW, filters=[options]))
