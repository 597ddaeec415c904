"""Filters equal to the logits processors of transformers."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from course_lib.generation import (
    apply_temperature,
    min_p_filter,
    repetition_penalty,
    top_k_filter,
    top_p_filter,
)

IDS = torch.tensor([[3, 1, 3, 0], [2, 2, 2, 2]])


def _logits(seed, size=40):
    return 3 * torch.randn(2, size, generator=torch.Generator().manual_seed(seed))


seeds = st.integers(0, 10_000)
quick = settings(max_examples=60, deadline=None)


@quick
@given(seeds, st.floats(0.05, 10))
def test_temperature(seed, temperature):
    logits = _logits(seed)
    expected = TemperatureLogitsWarper(temperature)(IDS, logits)
    assert torch.equal(apply_temperature(logits, temperature), expected)


@quick
@given(seeds, st.integers(1, 50), st.booleans())
def test_top_k(seed, k, ties):
    logits = _logits(seed).round() if ties else _logits(seed)
    assert torch.equal(top_k_filter(logits, k), TopKLogitsWarper(k)(IDS, logits))


@quick
@given(seeds, st.floats(0.01, 0.99))
def test_top_p(seed, p):
    logits = _logits(seed)
    sums = logits.sort(descending=True).values.softmax(-1).cumsum(-1)
    if (sums - p).abs().min() < 1e-5:  # on the edge rounding decides
        return
    assert torch.equal(top_p_filter(logits, p), TopPLogitsWarper(p)(IDS, logits))


@quick
@given(seeds, st.floats(0.001, 0.999))
def test_min_p(seed, p):
    logits = _logits(seed)
    ratios = (logits - logits.max(-1, keepdim=True).values).exp()
    if (ratios - p).abs().min() < 1e-5:
        return
    assert torch.equal(min_p_filter(logits, p), MinPLogitsWarper(p)(IDS, logits))


@quick
@given(seeds, st.floats(0.1, 5))
def test_repetition_penalty(seed, penalty):
    logits = _logits(seed)
    expected = RepetitionPenaltyLogitsProcessor(penalty)(IDS, logits)
    assert torch.equal(repetition_penalty(logits, IDS, penalty), expected)


@pytest.mark.parametrize("size", [1, 2])
def test_tiny_vocabularies(size):
    logits = _logits(0, size)
    ids = torch.zeros(2, 1, dtype=torch.int64)
    assert torch.equal(top_k_filter(logits, 5), TopKLogitsWarper(5)(ids, logits))
    assert torch.equal(top_p_filter(logits, 0.4), TopPLogitsWarper(0.4)(ids, logits))
