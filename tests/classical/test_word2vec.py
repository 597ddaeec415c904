"""Skip-gram: pairs and chances by hand, fast gradients equal to the clear ones, and learning."""

import numpy as np
import pytest
import torch

from course_lib.classical.word2vec import (
    SkipGramText,
    keep_probability,
    noise_distribution,
    pair_gradients,
    pair_loss,
    skip_gram_pairs,
    train_pair_by_pair,
)
from course_lib.classical.word2vec_fast import (
    SkipGramSettings,
    _pairs,
    block_gradients,
    train_skip_gram,
)

SENTENCES = [["hot", "soup"], ["hot", "tea"], ["cold", "ice"], ["cold", "snow"]] * 30


def test_text_is_numbered_by_frequency():
    text = SkipGramText.of([["b", "a", "b"], ["a", "c", "b"]], min_count=2)
    assert text.words == ("b", "a")
    assert text.counts.tolist() == [3, 2]
    assert text.tokens.tolist() == [0, 1, 0, 1, 0]
    assert text.texts.tolist() == [0, 0, 0, 1, 1]


def test_pairs_at_the_ends():
    assert skip_gram_pairs([5], window=3) == []
    assert skip_gram_pairs([5, 6], window=9) == [(5, 6), (6, 5)]
    assert (5, 5) in skip_gram_pairs([5, 5], window=1)


def test_noise_and_keeping():
    np.testing.assert_allclose(noise_distribution([81, 16]), [27 / 35, 8 / 35])
    np.testing.assert_allclose(noise_distribution([3, 1], power=1.0), [0.75, 0.25])
    np.testing.assert_allclose(
        keep_probability([99, 1], threshold=0.01), [0.01**0.5 / 0.99**0.5, 1]
    )


def _settings(n_shared=6, n_negative=3):
    return torch.randn(7, 4), torch.randn(9 + n_shared, 4), torch.rand(7, 9) < 0.4, n_negative


def test_block_gradients_are_sums_of_pair_gradients():
    centers, others, is_pair, n_negative = _settings()
    around, noise = others[:9], others[9:]
    weight = n_negative / len(noise)
    total = torch.tensor(0.0)
    for_centers, for_others = torch.zeros_like(centers), torch.zeros_like(others)
    nothing = torch.zeros(0, 4)
    for p, s in is_pair.nonzero().tolist():
        total += pair_loss(centers[p], around[s], nothing)
        v, u, _ = pair_gradients(centers[p], around[s], nothing)
        for_centers[p] += v
        for_others[s] += u
        for n in range(len(noise)):  # as if only noise: its own pull is taken away again
            with_noise = pair_gradients(centers[p], around[s], noise[n : n + 1])
            total += weight * (
                pair_loss(centers[p], around[s], noise[n : n + 1])
                - pair_loss(centers[p], around[s], nothing)
            )
            for_centers[p] += weight * (with_noise[0] - v)
            for_others[9 + n] += weight * with_noise[2][0]
    got = block_gradients(centers, others, is_pair, n_negative)
    for fast, clear in zip(got, (for_centers, for_others, total), strict=True):
        torch.testing.assert_close(fast, clear)


def test_mask_of_pairs_equals_the_clear_list():
    texts = torch.tensor([0, 0, 0, 0, 1, 1, 1])
    mask = _pairs(texts, torch.full((7,), 2), (0, 7), (0, 7))
    expected = skip_gram_pairs([0, 1, 2, 3], 2) + skip_gram_pairs([4, 5, 6], 2)
    assert [tuple(pair) for pair in mask.nonzero().tolist()] == expected
    part = _pairs(texts, torch.full((7,), 2), (2, 5), (0, 7))
    assert torch.equal(part, mask[2:5])


def test_pair_by_pair_learns():
    text = SkipGramText.of(SENTENCES, min_count=1)
    pairs = [(text.tokens[i].item(), text.tokens[i + 1].item()) for i in range(0, 240, 2)]
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(len(text.words), 8, generator=generator) / 8
    outputs = torch.zeros(len(text.words), 8)
    noise = torch.from_numpy(noise_distribution(text.counts)).float()
    losses = [
        train_pair_by_pair(pairs, inputs, outputs, noise, learning_rate=0.2, generator=generator)
        for _ in range(4)
    ]
    assert losses[0] < 6 * np.log(2)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("block", "epochs"), [(1, 2), (3, 4), (500, 60)])
def test_fast_training_learns(block, epochs):
    text = SkipGramText.of(SENTENCES, min_count=1)
    settings = SkipGramSettings(d_vector=8, window=1, threshold=0, epochs=epochs, block=block)
    shares = []
    result = train_skip_gram(
        text, settings, generator=torch.Generator().manual_seed(1), progress=shares.append
    )
    assert result.losses[0] < 6 * np.log(2) + 0.05
    assert result.losses[-1] < 3.7
    assert 0 <= min(shares) <= max(shares) < 1
    unit = torch.nn.functional.normalize(result.inputs, dim=1)
    soup, tea, snow = (result.words.index(word) for word in ("soup", "tea", "snow"))
    assert unit[soup] @ unit[tea] > unit[soup] @ unit[snow]


def test_same_seed_same_vectors():
    text = SkipGramText.of(SENTENCES, min_count=1)
    settings = SkipGramSettings(d_vector=4, epochs=1)
    a, b, c = (
        train_skip_gram(text, settings, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert torch.equal(a.inputs, b.inputs)
    assert not torch.equal(a.inputs, c.inputs)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SkipGramText.of(["one text"]), TypeError, "split it into words first"),
        (lambda: SkipGramText.of([["a"]], min_count=2), ValueError, "no word occurs min_count = 2"),
        (lambda: skip_gram_pairs([1, 2], 0), ValueError, "window must be at least 1"),
        (lambda: keep_probability([1], threshold=0.0), ValueError, "threshold must be positive"),
        (
            lambda: train_pair_by_pair([], torch.ones(1, 2), torch.ones(1, 2), torch.ones(1)),
            ValueError,
            "pairs is empty",
        ),
        (lambda: SkipGramSettings(window=0), ValueError, "window must be at least 1, got 0"),
        (lambda: SkipGramSettings(learning_rate=0.0), ValueError, "learning_rate must be positive"),
        (lambda: SkipGramSettings(threshold=-1.0), ValueError, "threshold must not be negative"),
        (
            lambda: train_skip_gram(SkipGramText.of([["a"]], min_count=1)),
            ValueError,
            "text has 1 words; skip-gram needs at least two",
        ),
    ],
)
def test_mistakes_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
