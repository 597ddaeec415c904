"""Perplexity against the strided recipe of the Hugging Face documentation."""

import pytest
import torch

from course_lib.evaluation import perplexity


@pytest.fixture(scope="module")
def hugging_face_gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    config = GPT2Config(vocab_size=97, n_positions=32, n_embd=16, n_layer=2, n_head=2)
    return GPT2LMHeadModel(config).eval()


@torch.no_grad()
def documented_recipe(model, ids, max_length, stride):
    """https://huggingface.co/docs/transformers/perplexity, with the number of labels that the
    model's shift leaves as weight (the page subtracts one from it in every window, though only
    the first window loses a label)."""
    total, n_tokens, previous_end = 0.0, 0, 0
    for begin in range(0, ids.size(1), stride):
        end = min(begin + max_length, ids.size(1))
        target_length = end - previous_end
        input_ids = ids[:, begin:end]
        target_ids = input_ids.clone()
        target_ids[:, :-target_length] = -100
        n_labels = int((target_ids[:, 1:] != -100).sum())
        loss = model(input_ids, labels=target_ids).loss
        total, n_tokens = total + loss.item() * n_labels, n_tokens + n_labels
        previous_end = end
        if end == ids.size(1):
            break
    return total, n_tokens


@pytest.mark.parametrize("n_tokens", [20, 32, 33, 150])
@pytest.mark.parametrize("stride", [31, 16, 5])
def test_equals_the_documented_recipe(hugging_face_gpt2, n_tokens, stride):
    ids = torch.randint(0, 97, (n_tokens,), generator=torch.Generator().manual_seed(n_tokens))
    total, count = documented_recipe(hugging_face_gpt2, ids[None], 32, stride)
    score = perplexity(
        lambda tokens: hugging_face_gpt2(tokens).logits,
        ids,
        context_length=31,  # a window of 32 tokens there: 31 read, 31 predicted
        stride=stride,
        batch_size=3,
    )
    assert score.n_tokens == count == n_tokens - 1
    assert score.total_nats == pytest.approx(total, rel=1e-5)
