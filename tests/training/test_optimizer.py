import pytest
import torch
from torch import nn

from course_lib.models.gpt2 import GPT2
from course_lib.training import AdamW, decay_groups, make_optimizer


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_our_adamw_equals_torchs(weight_decay: float) -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    mine = AdamW([ours], 0.01, betas=(0.9, 0.95), weight_decay=weight_decay)
    reference = torch.optim.AdamW([theirs], lr=0.01, betas=(0.9, 0.95), weight_decay=weight_decay)
    for _ in range(50):
        gradient = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        mine.step()
        reference.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_parameters_without_gradient_stay(model: GPT2) -> None:
    before = [parameter.clone() for parameter in model.parameters()]
    AdamW(model.parameters(), 0.1, weight_decay=0.5).step()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_matrices_decay_and_vectors_do_not(model: GPT2) -> None:
    decaying, still = decay_groups(model, 0.1)
    assert decaying["weight_decay"] == 0.1
    assert still["weight_decay"] == 0.0
    assert {p.ndim for p in decaying["params"]} == {2}
    assert {p.ndim for p in still["params"]} == {1}
    assert sum(p.numel() for g in (decaying, still) for p in g["params"]) == model.n_parameters()


def test_frozen_parameters_are_in_no_group(model: GPT2) -> None:
    model.token_embedding.weight.requires_grad_(False)
    listed = [p for group in decay_groups(model, 0.1) for p in group["params"]]
    assert not any(p is model.token_embedding.weight for p in listed)


def test_the_loops_optimizer_is_the_clear_one(model: GPT2) -> None:
    parameter = nn.Parameter(torch.ones(3, 3))
    holder = nn.Module()
    holder.weight = parameter
    fused = make_optimizer(holder, learning_rate=0.01, weight_decay=0.1)
    copy = nn.Parameter(torch.ones(3, 3))
    clear = AdamW([copy], 0.01, weight_decay=0.1)
    for step in range(5):
        parameter.grad = copy.grad = torch.full((3, 3), float(step - 2))
        fused.step()
        clear.step()
    torch.testing.assert_close(parameter, copy)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": -1.0}, "learning_rate must not be negative"),
        ({"learning_rate": 0.1, "betas": (0.9, 1.0)}, "betas must be in"),
        ({"learning_rate": 0.1, "weight_decay": -0.1}, "weight_decay must not"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdamW([], **settings)
