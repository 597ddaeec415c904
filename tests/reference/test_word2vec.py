"""Gradients of skip-gram with negative sampling equal PyTorch's own."""

import pytest
import torch

from course_lib.classical.word2vec import pair_gradients, pair_loss
from course_lib.classical.word2vec_fast import block_gradients


@pytest.mark.parametrize("n_noise", [1, 5])
@pytest.mark.parametrize("scale", [0.1, 1.0, 20.0])
def test_pair_gradients_equal_autograd(n_noise, scale):
    shapes = ((6,), (6,), (n_noise, 6))
    leaves = [(scale * torch.randn(s, dtype=torch.float64)).requires_grad_() for s in shapes]
    expected = torch.autograd.grad(pair_loss(*leaves), leaves)
    got = pair_gradients(*(leaf.detach() for leaf in leaves))
    for ours, theirs in zip(got, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("n_centers", [1, 4])
def test_block_gradients_equal_autograd(n_centers):
    centers = torch.randn(n_centers, 5, requires_grad=True)
    others = torch.randn(7 + 6, 5, requires_grad=True)
    is_pair = torch.rand(n_centers, 7) < 0.5
    log_sigmoid = torch.nn.functional.logsigmoid
    scores = centers @ others.T
    share = is_pair.sum(1, keepdim=True) * 3 / 6
    loss = -(log_sigmoid(scores[:, :7]) * is_pair).sum()
    loss = loss - (log_sigmoid(-scores[:, 7:]) * share).sum()
    expected = torch.autograd.grad(loss, (centers, others))
    got = block_gradients(centers.detach(), others.detach(), is_pair, 3)
    torch.testing.assert_close(got[0], expected[0])
    torch.testing.assert_close(got[1], expected[1])
    torch.testing.assert_close(got[2], loss.detach())
