import random

import pytest
import torch

from course_lib.finetuning import (
    EncodedExample,
    FineTunedModel,
    FineTuningConfig,
    context_gain,
    fine_tune,
    predict,
    warmup_linear,
)


def _examples(n, seed=0):
    """Label 1 where the last token before the extract token is 5, label 0 where it is 6."""
    draw = random.Random(seed)
    rows = [[draw.randint(7, 15) for _ in range(draw.randint(1, 4))] for _ in range(n)]
    return [EncodedExample(((1, *row, 6 - i % 2, 2),), i % 2) for i, row in enumerate(rows)]


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_learns_and_says_what_it_did(small):
    model = FineTunedModel(small, "classification", generator=_generator())
    config = FineTuningConfig(epochs=12, batch_size=16, peak_learning_rate=1e-2)
    seen = []
    history = fine_tune(model, _examples(64), config, generator=_generator(), on_step=seen.append)
    assert seen == history
    assert [entry.step for entry in history] == list(range(1, 49))
    assert history[-1].task_loss < 0.3 < history[0].task_loss
    assert history[-1].language_loss < history[0].language_loss
    assert max(entry.learning_rate for entry in history) == pytest.approx(1e-2)
    assert not model.training
    test = _examples(30, seed=1)
    right = predict(model, test).argmax(dim=1) == torch.tensor([e.label for e in test])
    assert right.float().mean() > 0.9


def test_same_seeds_same_weights(small):
    def run():
        torch.manual_seed(0)
        model = FineTunedModel(small, "classification", generator=_generator())
        state = {name: weight.clone() for name, weight in model.state_dict().items()}
        config = FineTuningConfig(epochs=1, lm_weight=0.0)
        history = fine_tune(model, _examples(40), config, generator=_generator())
        loss = [entry.task_loss for entry in history]
        model.load_state_dict(state)
        return loss, [entry.language_loss for entry in history]

    first, second = run(), run()
    assert first == second
    assert first[1] == [None] * 3


def test_predictions_keep_the_order(small):
    model = FineTunedModel(small, "classification", generator=_generator())
    examples = _examples(11)
    one_by_one = torch.cat([predict(model, [example]) for example in examples])
    torch.testing.assert_close(predict(model, examples, batch_size=3), one_by_one)
    assert model.training  # as it was before


def test_rates():
    rates = [warmup_linear(s, peak=2.0, warmup_steps=0, total_steps=4) for s in range(4)]
    assert rates == [2.0, 1.5, 1.0, 0.5]


@torch.no_grad()
def test_context_gain(small):
    context, text, neutral = [3, 4, 5], [6, 7], [0]
    logs = small(torch.tensor([[*context, *text]])).log_softmax(-1)[0]
    bare = small(torch.tensor([[*neutral, *text]])).log_softmax(-1)[0]
    expected = (logs[2, 6] + logs[3, 7] - bare[0, 6] - bare[1, 7]) / 2
    gain = context_gain(small, context, text, neutral=neutral)
    assert gain == pytest.approx(float(expected), abs=1e-5)
    assert context_gain(small, [0], text, neutral=[0]) == 0.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"peak_learning_rate": 0.0}, "peak_learning_rate must be above 0"),
        ({"warmup_share": 1.0}, r"warmup_share must be in \[0, 1\)"),
        ({"lm_weight": -1.0}, "must not be negative"),
        ({"weight_decay": -1.0}, "must not be negative"),
        ({"gradient_clip": 0.0}, "gradient_clip must be above 0"),
    ],
)
def test_bad_settings(options, words):
    with pytest.raises(ValueError, match=words):
        FineTuningConfig(**options)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda model: warmup_linear(4, peak=1.0, warmup_steps=0, total_steps=4),
            "step must be from 0 to 3",
        ),
        (
            lambda model: warmup_linear(0, peak=1.0, warmup_steps=4, total_steps=4),
            "warmup_steps must be from 0 to 3",
        ),
        (lambda model: context_gain(model, [], [1], neutral=[2]), "context is empty"),
        (lambda model: context_gain(model, [1], [], neutral=[2]), "text is empty"),
        (lambda model: context_gain(model, [1], [1], neutral=[]), "neutral is empty"),
    ],
)
def test_bad_inputs(small, call, words):
    with pytest.raises(ValueError, match=words):
        call(small)


def test_a_loss_that_is_no_number_stops(small):
    model = FineTunedModel(small, "classification")
    with torch.no_grad():
        model.head.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="lower the rate"):
        fine_tune(model, _examples(8), FineTuningConfig(epochs=1), generator=_generator())
