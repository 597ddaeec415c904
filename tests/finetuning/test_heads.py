import pytest
import torch

from course_lib.finetuning import (
    EncodedExample,
    FineTunedModel,
    fine_tuning_loss,
    make_task_batch,
)
from course_lib.training import next_token_loss

ROWS = ((1, 2, 3), (4, 5, 6, 7, 8))


def _model(body, kind, **options):
    return FineTunedModel(body, kind, generator=torch.Generator().manual_seed(2), **options).eval()


@torch.no_grad()
def test_reads_at_the_extract_token_whatever_the_padding(small):
    model = _model(small, "classification")
    short = EncodedExample((ROWS[0],), 0)
    alone = make_task_batch([short])
    padded = make_task_batch([short, EncodedExample((ROWS[1],), 1)])
    torch.testing.assert_close(
        model(alone.tokens, alone.extract)[0], model(padded.tokens, padded.extract)[0]
    )
    changed = padded.tokens.clone()
    changed[0, 0, 3:] = 19  # another padding token
    torch.testing.assert_close(
        model(padded.tokens, padded.extract)[0], model(changed, padded.extract)[0]
    )


@torch.no_grad()
def test_similarity_adds_both_orders(small):
    model = _model(small, "similarity", n_classes=3)
    ab, ba = (make_task_batch([EncodedExample(rows, 0)]) for rows in (ROWS, ROWS[::-1]))
    logits = model(ab.tokens, ab.extract)
    assert logits.shape == (1, 3)
    torch.testing.assert_close(logits, model(ba.tokens, ba.extract))
    reads = [small.hidden_states(torch.tensor([row]))[0, -1] for row in ROWS]
    torch.testing.assert_close(logits[0], model.head(reads[0] + reads[1]))


@torch.no_grad()
def test_multiple_choice_scores_each_row_alone(small):
    model = _model(small, "multiple_choice")
    batch = make_task_batch([EncodedExample((*ROWS, ROWS[0]), 0)])
    logits = model(batch.tokens, batch.extract)
    assert logits.shape == (1, 3)
    assert logits[0, 0] == pytest.approx(float(logits[0, 2]), abs=1e-6)
    assert model.head.out_features == 1


def test_loss_is_the_sum_of_both(small):
    model = _model(small, "similarity")
    batch = make_task_batch([EncodedExample(ROWS, 1), EncodedExample(ROWS[::-1], 0)])
    loss = fine_tuning_loss(model, batch, lm_weight=0.25)
    torch.testing.assert_close(loss.total, loss.task + 0.25 * loss.language)
    logits = small(batch.tokens.flatten(0, 1))
    torch.testing.assert_close(loss.language, next_token_loss(logits, batch.targets.flatten(0, 1)))
    loss.total.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_without_language_loss(small):
    model = _model(small, "classification")
    batch = make_task_batch([EncodedExample((ROWS[0],), 1)])
    loss = fine_tuning_loss(model, batch, lm_weight=0.0)
    assert loss.language is None
    assert loss.total is loss.task
    with pytest.raises(ValueError, match="lm_weight must not be negative"):
        fine_tuning_loss(model, batch, lm_weight=-0.5)


def test_bad_n_classes(small):
    with pytest.raises(ValueError, match="n_classes must be at least 1, got 0"):
        FineTunedModel(small, "classification", n_classes=0)
