from dataclasses import replace

import pytest
import torch

from course_lib.finetuning import transfer
from course_lib.models import Transformer


def _same(a, b, prefix):
    mine, other = a.state_dict(), b.state_dict()
    return all(torch.equal(mine[name], other[name]) for name in mine if name.startswith(prefix))


@pytest.mark.parametrize("n_layers", range(4))
def test_takes_the_first_layers(small, n_layers):
    model = transfer(small, n_layers=n_layers, generator=torch.Generator().manual_seed(9))
    assert _same(model, small, ("token_embedding", "positions"))
    for layer in range(3):
        assert _same(model, small, f"blocks.{layer}.") == (layer < n_layers)


def test_from_scratch(small):
    model = transfer(
        small, n_layers=0, embeddings=False, generator=torch.Generator().manual_seed(9)
    )
    fresh = Transformer(small.config, generator=torch.Generator().manual_seed(9))
    assert _same(model, fresh, "")


def test_it_is_a_copy(small):
    model = transfer(small, n_layers=3)
    with torch.no_grad():
        model.token_embedding.weight.zero_()
    assert small.token_embedding.weight.abs().sum() > 0


@pytest.mark.parametrize("n_layers", [-1, 4])
def test_no_such_layer(small, n_layers):
    with pytest.raises(ValueError, match=f"n_layers must be from 0 to 3, got {n_layers}"):
        transfer(small, n_layers=n_layers)


def test_pre_norm_is_refused(small):
    model = Transformer(replace(small.config, norm_place="pre"))
    with pytest.raises(ValueError, match="must be a post-norm model"):
        transfer(model, n_layers=1)
