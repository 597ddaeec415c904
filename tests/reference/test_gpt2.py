"""GPT-2 equal to Hugging Face's with the same random weights."""

import pytest
import torch
import transformers

from course_lib.config import GPT2Config
from course_lib.models import GPT2, load_gpt2, save_gpt2

CONFIGS = {
    "wide": {"vocab_size": 97, "n_positions": 24, "n_embd": 48, "n_head": 4, "n_layer": 2},
    "deep": {
        "vocab_size": 31, "n_positions": 16, "n_embd": 20, "n_head": 5, "n_layer": 5,
        "n_inner": 33, "layer_norm_epsilon": 1e-4,
    },
}  # fmt: skip


@pytest.fixture(params=CONFIGS, scope="module")
def pair(request, tmp_path_factory):
    torch.manual_seed(0)
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(**CONFIGS[request.param])).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp(request.param)
    theirs.save_pretrained(folder)
    return load_gpt2(folder), theirs


def _tokens(model, batch, time=None):
    generator = torch.Generator().manual_seed(batch)
    shape = (batch, time or model.config.context_length)
    return torch.randint(model.config.vocab_size, shape, generator=generator)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("time", [1, 7, None])
@torch.no_grad()
def test_logits(pair, batch, time):
    ours, theirs = pair
    tokens = _tokens(ours, batch, time)
    assert (ours(tokens) - theirs(tokens).logits).abs().max() <= 1e-4


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_logits_with_padding(pair, batch, side):
    ours, theirs = pair
    tokens = _tokens(ours, batch)
    is_token = torch.ones(tokens.shape, dtype=torch.bool)
    for row in range(batch):
        if side == "left":
            is_token[row, : 2 * row + 1] = False
        else:
            is_token[row, tokens.shape[1] - 2 * row - 1 :] = False
    positions = (is_token.long().cumsum(1) - 1).clamp(min=0)
    expected = theirs(tokens, attention_mask=is_token.long(), position_ids=positions).logits
    got = ours(tokens, attention_mask=is_token)
    assert (got - expected)[is_token].abs().max() <= 1e-4
    assert got.isfinite().all()


@torch.no_grad()
def test_transformers_reads_what_we_save(tmp_path):
    config = GPT2Config(vocab_size=31, context_length=9, d_model=12, n_heads=3, n_layers=2, d_ff=17)
    ours = GPT2(config, generator=torch.Generator().manual_seed(0)).eval()
    save_gpt2(ours, tmp_path)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    tokens = _tokens(ours, 3)
    assert (ours(tokens) - theirs(tokens).logits).abs().max() <= 1e-4


def test_gradients(pair):
    ours, theirs = pair
    tokens = _tokens(ours, 2)
    ours.zero_grad()
    ours(tokens).logsumexp(-1).sum().backward()
    theirs.zero_grad()
    theirs.eval()(tokens).logits.logsumexp(-1).sum().backward()
    torch.testing.assert_close(
        ours.blocks[0].attention.query_key_value.weight.grad,
        theirs.transformer.h[0].attn.c_attn.weight.grad.t(),
        atol=1e-3,
        rtol=1e-3,
    )
