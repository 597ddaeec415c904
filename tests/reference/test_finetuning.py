"""Both losses of fine-tuning equal to those of Hugging Face's GPT-1 with two heads."""

import pytest
import torch
import transformers

from course_lib.finetuning import (
    EncodedExample,
    FineTunedModel,
    fine_tuning_loss,
    make_task_batch,
)
from course_lib.models import load_gpt1

ROWS = (((1, 5, 6, 2, 7, 3), (1, 5, 6, 2, 8, 9, 3)), ((1, 4, 2, 5, 3), (1, 4, 2, 6, 6, 6, 3)))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    torch.manual_seed(0)
    config = transformers.OpenAIGPTConfig(
        vocab_size=31, n_positions=16, n_embd=24, n_head=3, n_layer=2
    )
    model = transformers.OpenAIGPTDoubleHeadsModel(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp("gpt1")
    transformers.OpenAIGPTLMHeadModel(config).save_pretrained(folder)
    body = transformers.OpenAIGPTLMHeadModel.from_pretrained(folder)
    body.transformer.load_state_dict(model.transformer.state_dict())
    body.save_pretrained(folder)
    return model, folder


def test_multiple_choice(theirs):
    model, folder = theirs
    ours = FineTunedModel(load_gpt1(folder), "multiple_choice", dropout=0.0).eval()
    ours.head.load_state_dict(model.multiple_choice_head.summary.state_dict())
    batch = make_task_batch([EncodedExample(rows, i) for i, rows in enumerate(ROWS)])
    expected = model(
        batch.tokens,
        mc_token_ids=batch.extract,
        mc_labels=batch.labels,
        labels=batch.tokens.masked_fill(
            torch.arange(batch.tokens.shape[-1]) > batch.extract[..., None], -100
        ),
    )
    torch.testing.assert_close(
        ours(batch.tokens, batch.extract), expected.mc_logits, atol=1e-4, rtol=1e-4
    )
    loss = fine_tuning_loss(ours, batch, lm_weight=0.5)
    assert loss.task.item() == pytest.approx(expected.mc_loss.item(), abs=1e-4)
    assert loss.language.item() == pytest.approx(expected.loss.item(), abs=1e-4)
