import inspect
import lzma
import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.evaluation import (
    TrigramModel,
    lzma_bits_per_byte,
    unigram_entropy,
    unigram_score,
)

texts = st.lists(st.integers(0, 4), min_size=3, max_size=60)


class PlainKneserNey:
    """The formulas with dictionaries, one n-gram at a time."""

    def __init__(self, ids, vocab_size):
        self.vocab_size = vocab_size
        three = Counter(zip(ids, ids[1:], ids[2:], strict=False))
        two = Counter((v, w) for _, v, w in three)
        one = Counter((w,) for _, w in two)
        self.levels = [one, two, three]

    def discount(self, counts):
        once = sum(1 for value in counts.values() if value == 1)
        twice = sum(1 for value in counts.values() if value == 2)
        return once / (once + 2 * twice) if once and twice else 0.5

    def probability(self, context, token):
        counts = self.levels[len(context)]
        lower = self.probability(context[1:], token) if len(context) else 1 / self.vocab_size
        seen = {gram: value for gram, value in counts.items() if gram[:-1] == context}
        if not seen:
            return lower
        total, d = sum(seen.values()), self.discount(counts)
        own = max(seen.get((*context, token), 0) - d, 0) / total
        return own + d * len(seen) / total * lower


@settings(max_examples=40, deadline=None)
@given(texts, texts)
def test_equals_the_plain_formulas(train, test):
    model, plain = TrigramModel.fit(train, 5), PlainKneserNey(train, 5)
    nats = -math.log(plain.probability((test[0],), test[1]))
    for u, v, w in zip(test, test[1:], test[2:], strict=False):
        nats -= math.log(plain.probability((u, v), w))
    score = model.score(test)
    assert score.n_tokens == len(test) - 1
    assert score.total_nats == pytest.approx(nats, rel=1e-9, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(texts, st.integers(0, 6), st.integers(0, 6))
def test_sums_to_one_and_gives_every_token_something(train, first, second):
    distribution = TrigramModel.fit(train, 7).distribution(first, second)
    assert distribution.sum() == pytest.approx(1, abs=1e-12)
    assert distribution.min() > 0


def test_learns_a_regular_text_and_takes_tensors():
    ids = torch.tensor([0, 1, 2] * 400)
    model = TrigramModel.fit(ids, 3)
    assert model.score(ids, n_bytes=1199).perplexity < 1.02
    assert model.score(np.array([0, 1])).n_tokens == 1
    assert model.score(ids).total_nats < unigram_score(ids, ids, 3).total_nats


def test_unigram_figures():
    assert unigram_entropy([5, 5, 5]) == 0
    assert unigram_entropy([0, 1] * 50) == pytest.approx(math.log(2))
    score = unigram_score([0, 0, 1], [0, 1, 0], 3)  # p = 3/6, 2/6, 1/6
    assert score.total_nats == pytest.approx(-math.log(2 / 6) - math.log(3 / 6))


def test_lzma_knows_what_it_has_read():
    generator = np.random.default_rng(0)
    train = generator.bytes(20_000)
    again = lzma_bits_per_byte(train, train[3000:9000])
    alone = lzma_bits_per_byte(b"", train[3000:9000])
    assert again < 0.6
    assert 7.9 < alone < 8.1
    assert lzma_bits_per_byte(b"", b"a") > 0


def test_lzma_looks_back_over_both_texts(monkeypatch):
    sizes = []

    def compress(text, *, format, filters):
        sizes.append(filters[0]["dict_size"])
        return text

    monkeypatch.setattr(lzma, "compress", compress)
    assert lzma_bits_per_byte(bytes(70 << 20), b"abc") == 8  # preset 9 alone sees 64 MiB
    assert sizes == [(70 << 20) + 3] * 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: TrigramModel.fit([1, 2], 5), ValueError, "at least 3 ids"),
        (lambda: TrigramModel.fit([1, 2, 5], 5), ValueError, "between 0 and 4"),
        (lambda: TrigramModel.fit([1, 2, -1], 5), ValueError, "from -1"),
        (lambda: TrigramModel.fit([1, 2, 3], 0), ValueError, "vocab_size is 0"),
        (lambda: TrigramModel.fit([1, 2, 3], 2**21), ValueError, "vocab_size is 2097152"),
        (lambda: TrigramModel.fit([1, 2, 3], 5).score([1]), ValueError, "at least 2 ids"),
        (lambda: TrigramModel.fit([1, 2, 3], 5).score([1, 7]), ValueError, "1 to 7"),
        (lambda: TrigramModel.fit([1, 2, 3], 5).distribution(0, 5), ValueError, "0 to 5"),
        (lambda: unigram_entropy([]), ValueError, "at least 1 ids"),
        (lambda: unigram_score([1], [1], 3), ValueError, "test_tokens"),
        (lambda: lzma_bits_per_byte(b"a", b""), ValueError, "test_text is empty"),
        (lambda: inspect.unwrap(lzma_bits_per_byte)(b"", "a"), TypeError, "encode"),
        (lambda: inspect.unwrap(unigram_entropy)("text"), TypeError, "encode"),
        (lambda: inspect.unwrap(unigram_entropy)([0.5]), TypeError, "integer ids"),
    ],
)
def test_bad_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call()
