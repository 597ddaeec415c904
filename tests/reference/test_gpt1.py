"""GPT-1 equal to Hugging Face's with the same random weights, and its tokenizer to theirs."""

import json

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from course_lib.layers import causal_mask, padding_mask
from course_lib.models import GPT1_CONFIG, KNOWN_MODELS, hugging_face_skeleton, load_gpt1, save_gpt1
from course_lib.tokenizers import gpt1_words, load_gpt1_tokenizer

CONFIGS = {
    "wide": {"vocab_size": 97, "n_positions": 24, "n_embd": 48, "n_head": 4, "n_layer": 2},
    "deep": {"vocab_size": 31, "n_positions": 16, "n_embd": 20, "n_head": 5, "n_layer": 5},
}


@pytest.fixture(params=CONFIGS, scope="module")
def pair(request, tmp_path_factory):
    torch.manual_seed(0)
    config = transformers.OpenAIGPTConfig(**CONFIGS[request.param])
    theirs = transformers.OpenAIGPTLMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp(request.param)
    theirs.save_pretrained(folder)
    return load_gpt1(folder), theirs


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
    length = tokens.shape[1]
    is_token = torch.ones(tokens.shape, dtype=torch.bool)
    for row in range(batch):
        if side == "left":
            is_token[row, : 2 * row + 1] = False
        else:
            is_token[row, length - 2 * row - 1 :] = False
    expected = theirs(tokens, attention_mask=is_token.long()).logits
    got = ours(tokens, mask=causal_mask(length) & padding_mask(is_token))
    assert (got - expected)[is_token].abs().max() <= 1e-4
    assert got.isfinite().all()


@torch.no_grad()
def test_transformers_reads_what_we_save(pair, tmp_path):
    ours, _ = pair
    save_gpt1(ours, tmp_path)
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path).eval()
    assert isinstance(theirs, transformers.OpenAIGPTLMHeadModel)
    assert theirs.num_parameters() == ours.n_parameters()
    tokens = _tokens(ours, 3)
    assert (ours(tokens) - theirs(tokens).logits).abs().max() <= 1e-4


@torch.no_grad()
def test_names_without_prefix_and_with_old_buffers(pair, tmp_path):
    """The file on the Hub is of this older kind."""
    ours, theirs = pair
    body = theirs.transformer.state_dict()
    body |= {"h.0.attn.bias": torch.ones(1, 1, 4, 4), "lm_head.weight": theirs.lm_head.weight}
    transformers.OpenAIGPTLMHeadModel(theirs.config).save_pretrained(tmp_path)
    from safetensors.torch import save_file

    save_file({k: v.clone().contiguous() for k, v in body.items()}, tmp_path / "model.safetensors")
    tokens = _tokens(ours, 1)
    assert torch.equal(load_gpt1(tmp_path)(tokens), ours(tokens))


def test_gradients(pair):
    ours, theirs = pair
    tokens = _tokens(ours, 2)
    ours.zero_grad()
    ours(tokens).logsumexp(-1).sum().backward()
    theirs.zero_grad()
    theirs.eval()(tokens).logits.logsumexp(-1).sum().backward()
    attention = ours.blocks[0].attention
    joined = torch.cat([part.weight.grad for part in (attention.query, attention.key)])
    expected = theirs.transformer.h[0].attn.c_attn.weight.grad.t()[: len(joined)]
    torch.testing.assert_close(joined, expected, atol=1e-3, rtol=1e-3)


def test_full_size():
    theirs = hugging_face_skeleton(KNOWN_MODELS["GPT-1"])
    assert theirs.num_parameters() == KNOWN_MODELS["GPT-1"].n_parameters == 116_534_784
    for ours, name in {
        "vocab_size": "vocab_size",
        "context_length": "n_positions",
        "d_model": "n_embd",
        "n_heads": "n_head",
        "n_layers": "n_layer",
        "dropout": "resid_pdrop",
    }.items():
        assert getattr(GPT1_CONFIG, ours) == getattr(transformers.OpenAIGPTConfig(), name)


TEXT = (
    "It was the best of times, it was the worst of times; it was the age of wisdom. "
    "The naïve Café of Zürich isn't open... 42 cats, 7 hats (and 1.5 mats)! 我们 the we "
) * 3


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory):
    """A tiny vocabulary in GPT-1's format, learned by the `tokenizers` package."""
    learner = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    learner.normalizer = normalizers.BertNormalizer(lowercase=True)
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=100,
        special_tokens=["<unk>"],
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    learner.train_from_iterator([TEXT], trainer)
    folder = tmp_path_factory.mktemp("gpt1-tokenizer")
    learner.model.save(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text())
    lines = (folder / "merges.txt").read_text().splitlines()[1:]
    merges = [tuple(line.split(" ")) for line in lines]
    theirs = transformers.OpenAIGPTTokenizer(vocab=vocabulary, merges=merges)
    return load_gpt1_tokenizer(folder), theirs


def test_tokens(tokenizers):
    ours, theirs = tokenizers
    assert ours.vocab_size == len(theirs)
    ids = ours.encode(TEXT)
    assert ids == theirs.encode(TEXT)
    assert ours.pieces(ids) == theirs.convert_ids_to_tokens(ids)
    assert any(not piece.endswith("</w>") for piece in ours.pieces(ids))
    assert ours.decode(ids) == theirs.decode(ids, clean_up_tokenization_spaces=False)


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(max_codepoint=0x2FF) | st.sampled_from(" aeit.'!我é"), max_size=30))
def test_tokens_of_any_latin_text(tokenizers, text):
    ours, theirs = tokenizers
    assert ours.encode(text) == theirs.encode(text)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "İstanbul ẞ ΣΑΣ", "e\u0301\u0301 \u0301", "a\u200bb\ufeff\x00c\td\u2028e", "🏳️‍🌈 x"],
)
def test_words(text):
    cut = normalizers.BertNormalizer(lowercase=True).normalize_str(text)
    assert gpt1_words(text) == [
        word for word, _ in pre_tokenizers.BertPreTokenizer().pre_tokenize_str(cut)
    ]
