import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from course_lib.models.gpt2 import GPT2
from course_lib.training import Training, TrainingConfig, gradient_step, next_token_loss, train
from tests.training.conftest import TINY, CountedBatches, tiny_model

CONFIG = TrainingConfig(n_steps=6, warmup_steps=2, peak_learning_rate=0.01)


def weights(model: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def gradients(model: nn.Module) -> Tensor:
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("micro_batches", [2, 4])
def test_accumulated_gradient_equals_the_large_batchs(micro_batches: int) -> None:
    batch = next(iter(CountedBatches(batch_size=8)))
    found = []
    for parts in (1, micro_batches):
        model = tiny_model().eval()  # no dropout
        loss = gradient_step(
            model, batch, micro_batches=parts, precision="float32", device=torch.device("cpu")
        )
        expected = next_token_loss(model(batch[0]), batch[1])
        torch.testing.assert_close(loss, expected.detach())
        found.append(gradients(model))
    torch.testing.assert_close(found[0], found[1], rtol=1e-5, atol=1e-7)


def test_model_learns_what_can_be_learned() -> None:
    torch.manual_seed(0)
    model = GPT2(replace(TINY, dropout=0.0), generator=torch.Generator().manual_seed(0))
    config = TrainingConfig(n_steps=150, warmup_steps=10, peak_learning_rate=0.01)
    history = train(model, CountedBatches(16), config)
    assert history[0].loss == pytest.approx(math.log(17), abs=0.1)
    assert history[-1].loss < 0.05
    assert history[-1].tokens == 150 * 16 * 8


def test_resumed_run_is_bit_identical(tmp_path: Path, batches: CountedBatches) -> None:
    torch.manual_seed(0)
    whole = tiny_model()
    train(whole, CountedBatches(), CONFIG)

    torch.manual_seed(0)
    config = replace(CONFIG, checkpoint_every=2)
    first = Training(tiny_model(), CountedBatches(), config, folder=tmp_path)
    steps = first.steps()
    for _ in range(3):  # stopped after step 3; the last saved state is that of step 2
        next(steps)
    torch.manual_seed(999)
    resumed = tiny_model(seed=5)
    second = Training(resumed, CountedBatches(), config, folder=tmp_path)
    assert second.step == 2
    assert [entry.step for entry in second.steps()] == [3, 4, 5, 6]
    assert torch.equal(weights(whole), weights(resumed))
    assert [entry.step for entry in second.history] == [1, 2, 3, 4, 5, 6]


def test_finished_run_does_nothing_more(tmp_path: Path, model: GPT2) -> None:
    train(model, CountedBatches(), CONFIG, folder=tmp_path)
    before = weights(model)
    again = train(model, CountedBatches(), CONFIG, folder=tmp_path)
    assert len(again) == 6
    assert torch.equal(before, weights(model))


def test_other_settings_are_not_resumed(tmp_path: Path, model: GPT2) -> None:
    train(model, CountedBatches(), CONFIG, folder=tmp_path)
    with pytest.raises(ValueError, match=r"other settings \(weight_decay\)"):
        Training(model, CountedBatches(), replace(CONFIG, weight_decay=0.2), folder=tmp_path)


def test_held_out_loss_is_measured_on_time(model: GPT2, batches: CountedBatches) -> None:
    modes = []

    def validation(measured: nn.Module) -> float:
        modes.append(measured.training)
        return 1.5

    config = replace(CONFIG, evaluate_every=4)
    history = train(model, batches, config, validation=validation)
    assert [h.step for h in history if h.validation_loss == 1.5] == [4, 6]
    assert modes == [False, False]


def test_gradient_is_clipped(model: GPT2, batches: CountedBatches) -> None:
    history = train(model, batches, replace(CONFIG, n_steps=3, gradient_clip=1e-6))
    assert all(entry.gradient_norm > 0.01 for entry in history)  # reported before clipping
    norm = gradients(model).norm().item()
    assert norm == pytest.approx(1e-6, rel=0.1)


def test_bfloat16_trains(batches: CountedBatches) -> None:
    model = GPT2(replace(TINY, dropout=0.0), generator=torch.Generator().manual_seed(0))
    history = train(model, batches, replace(CONFIG, n_steps=30, precision="bfloat16"))
    assert history[-1].loss < history[0].loss
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_broken_loss_stops_the_run_with_a_reason(model: GPT2, batches: CountedBatches) -> None:
    with torch.no_grad():
        model.final_norm.gain.fill_(float("nan"))
    before = weights(model.blocks)
    with pytest.raises(FloatingPointError, match=r"step 1: the loss is nan.*learning rate"):
        train(model, batches, CONFIG)
    assert torch.equal(before, weights(model.blocks))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_steps": 0}, "n_steps must be at least 1"),
        ({"n_steps": 5, "warmup_steps": 5}, "below total_steps"),
        ({"n_steps": 500, "precision": "float16"}, "loss scaling"),
        ({"n_steps": 500, "gradient_clip": 0.0}, "gradient_clip must be above 0"),
        ({"n_steps": 500, "evaluate_every": -1}, "must not be negative"),
        ({"n_steps": 500, "final_learning_rate": 1.0}, "floor must be"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**settings)


def test_uneven_micro_batches_are_refused(model: GPT2, batches: CountedBatches) -> None:
    with pytest.raises(ValueError, match="cannot be cut into 3 equal"):
        train(model, batches, replace(CONFIG, micro_batches=3))
