"""Speculative decoding writes the greedy text of transformers, assisted and alone."""

import pytest
import torch
import transformers

from course_lib.generation import SamplingConfig, speculative_generate
from course_lib.models import load_gpt2

SIZES = {"vocab_size": 61, "n_positions": 40, "bos_token_id": None, "eos_token_id": None}


def _pair(folder, seed, **sizes):
    """Make a random GPT-2 of transformers, and load its weights into ours."""
    torch.manual_seed(seed)
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(**SIZES, **sizes)).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.5 * torch.randn_like(parameter))
    theirs.save_pretrained(folder)
    return load_gpt2(folder), theirs


@pytest.mark.parametrize("seed", range(2))
@torch.no_grad()
def test_greedy_text_as_assisted_generation(tmp_path, seed):
    target, their_target = _pair(tmp_path / "a", seed, n_embd=48, n_head=4, n_layer=3)
    draft, their_draft = _pair(tmp_path / "b", seed + 10, n_embd=20, n_head=2, n_layer=1)
    prompt = [3, 1, 4, 1, 5]
    options = {"max_new_tokens": 16, "do_sample": False, "pad_token_id": 0}
    ids = torch.tensor([prompt])
    assisted, alone = (
        their_target.generate(ids, attention_mask=torch.ones_like(ids), **options, **more)
        for more in ({"assistant_model": their_draft}, {})
    )
    assert torch.equal(assisted, alone)
    for n_draft in (1, 4):
        result = speculative_generate(
            target, draft, prompt, max_new_tokens=16, n_draft=n_draft,
            sampling=SamplingConfig(greedy=True),
        )  # fmt: skip
        assert list(result.tokens) == assisted[0, len(prompt) :].tolist()
    assert len(set(result.tokens)) > 1
