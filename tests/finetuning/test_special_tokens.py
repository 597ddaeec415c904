from dataclasses import replace

import pytest
import torch

from course_lib.finetuning import grow_vocabulary
from course_lib.models import Transformer

TOKENS = torch.tensor([[3, 7, 1], [19, 0, 4]])


@torch.no_grad()
def test_old_logits_stay(small):
    grown = grow_vocabulary(small, 3, generator=torch.Generator().manual_seed(1))
    assert grown.config.vocab_size == 23
    torch.testing.assert_close(grown(TOKENS)[..., :20], small(TOKENS))
    assert grown.n_parameters() == small.n_parameters() + 3 * 24
    assert grown(torch.tensor([[20, 21, 22]])).shape == (1, 3, 23)


def test_it_is_a_copy(small):
    grown = grow_vocabulary(small)
    with torch.no_grad():
        grown.token_embedding.weight.zero_()
    assert small.token_embedding.weight.abs().sum() > 0
    assert not grown.training
    assert grow_vocabulary(small.train()).training


def test_new_rows_are_drawn_from_the_generator(small):
    rows = [
        grow_vocabulary(small, 40, generator=torch.Generator().manual_seed(seed))
        .token_embedding.weight[20:]
        .detach()
        for seed in (1, 1, 2)
    ]
    assert torch.equal(rows[0], rows[1])
    assert not torch.equal(rows[0], rows[2])
    assert abs(rows[0].std() - 0.02) < 0.002


@torch.no_grad()
def test_an_untied_output_matrix_grows_too(small):
    model = Transformer(replace(small.config, tied=False)).eval()
    grown = grow_vocabulary(model, 2)
    assert grown.output.weight.shape == (22, 24)
    torch.testing.assert_close(grown(TOKENS)[..., :20], model(TOKENS))


def test_at_least_one_token(small):
    with pytest.raises(ValueError, match="n_new must be at least 1, got 0"):
        grow_vocabulary(small, 0)
