import math

import pytest
import torch
from torch.nn import functional as F

from course_lib.training import next_token_loss, smoothed_loss


def test_loss_is_the_mean_surprise_at_the_targets() -> None:
    probabilities = torch.tensor([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]])
    loss = next_token_loss(probabilities.log(), torch.tensor([[0, 2]]))
    assert loss.item() == pytest.approx((math.log(2) + math.log(10)) / 2)


def test_uniform_logits_cost_the_log_of_the_vocabulary() -> None:
    loss = next_token_loss(torch.zeros(3, 5, 50257), torch.zeros(3, 5, dtype=torch.long))
    assert loss.item() == pytest.approx(math.log(50257), rel=1e-6)


def test_ignored_targets_do_not_count() -> None:
    logits = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[1, 2, -100], [3, -100, -100]])
    expected = -logits.log_softmax(-1)[[0, 0, 1], [0, 1, 0], [1, 2, 3]].mean()
    torch.testing.assert_close(next_token_loss(logits, targets), expected)


@pytest.mark.parametrize(
    ("targets", "message"),
    [([[7]], "7 is not in the vocabulary of 7"), ([[-1]], "-1 is not"), ([[-100]], "ignored")],
)
def test_bad_targets_are_named(targets: list[list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        next_token_loss(torch.zeros(1, 1, 7), torch.tensor(targets))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_smoothed_loss_equals_torchs(smoothing: float) -> None:
    generator = torch.Generator().manual_seed(0)
    ours = torch.randn(3, 4, 9, generator=generator) * 3
    theirs = ours.clone().requires_grad_()
    ours.requires_grad_()
    targets = torch.randint(9, (3, 4), generator=generator)
    targets[0, 2:] = -100
    loss = smoothed_loss(ours, targets, smoothing=smoothing)
    flat = theirs.flatten(0, 1)
    expected = F.cross_entropy(flat, targets.flatten(), label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_smoothed_loss_is_least_at_the_smoothed_targets() -> None:
    wanted = torch.full((1, 1, 5), 0.1 / 5)
    wanted[0, 0, 3] += 0.9
    best = smoothed_loss(wanted.log(), torch.tensor([[3]]), smoothing=0.1)
    torch.testing.assert_close(best, -(wanted * wanted.log()).sum())
    surer = smoothed_loss(wanted.log() * 2, torch.tensor([[3]]), smoothing=0.1)
    assert surer > best


@pytest.mark.parametrize(
    ("targets", "smoothing", "message"),
    [
        ([[7]], 0.1, "7 is not in the vocabulary of 7"),
        ([[-100]], 0.1, "ignored"),
        ([[0]], 1.0, "smoothing is a probability"),
    ],
)
def test_bad_smoothing(targets: list[list[int]], smoothing: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        smoothed_loss(torch.zeros(1, 1, 7), torch.tensor(targets), smoothing=smoothing)
