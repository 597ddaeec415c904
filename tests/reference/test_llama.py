"""Llama equal to Hugging Face's: random weights, and the real ones of SmolLM2."""

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.assets import asset_path
from course_lib.generation import SamplingConfig, generate
from course_lib.models import (
    chat_prompt,
    load_course_smollm2,
    load_llama,
    load_smollm2,
    prepare_smollm2,
)
from course_lib.models.gguf_file import read_gguf, read_gguf_llama

CONFIGS = {
    "grouped queries, tied": {
        "vocab_size": 97, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3,
        "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 32,
        "rms_norm_eps": 1e-3, "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
    },
    "one key head, untied": {
        "vocab_size": 31, "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 1, "max_position_embeddings": 32,
    },
    "own keys, biases": {
        "vocab_size": 31, "hidden_size": 24, "intermediate_size": 33, "num_hidden_layers": 2,
        "num_attention_heads": 3, "num_key_value_heads": 3, "max_position_embeddings": 32,
        "attention_bias": True, "mlp_bias": True,
    },
}  # fmt: skip
TEXT = (
    "Rivers do not run straight. Water on the outer side of a bend is faster and eats into the "
    "bank, while the inner side, where it is slow, collects sand; so every small bend grows, until "
    "the river cuts through the neck of its own loop and leaves behind a lake in the form of an "
    "oxbow. Des rivières, 河流, and 1,234.5 other things: def f(x):\n    return x**2\n"
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """With more, they wait for each other where the machine has other work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=CONFIGS, scope="module")
def pair(request, tmp_path_factory):
    torch.manual_seed(0)
    config = transformers.LlamaConfig(**CONFIGS[request.param])
    theirs = transformers.LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp("llama")
    theirs.save_pretrained(folder)
    return load_llama(folder), theirs


def _tokens(model, batch, time=32):
    generator = torch.Generator().manual_seed(batch)
    return torch.randint(model.config.vocab_size, (batch, time), generator=generator)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("time", [1, 7, 32])
@torch.no_grad()
def test_logits(pair, batch, time):
    ours, theirs = pair
    tokens = _tokens(ours, batch, time)
    assert (ours(tokens) - theirs(tokens).logits).abs().max() <= 1e-4
    assert ours.n_parameters() == theirs.num_parameters()


@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_logits_with_padding(pair, side):
    ours, theirs = pair
    tokens = _tokens(ours, 3)
    is_token = torch.ones(tokens.shape, dtype=torch.bool)
    for row in range(3):
        place = slice(None, 2 * row + 1) if side == "left" else slice(31 - 2 * row, None)
        is_token[row, place] = False
    positions = (is_token.long().cumsum(1) - 1).clamp(min=0)
    expected = theirs(tokens, attention_mask=is_token.long(), position_ids=positions).logits
    got = ours(tokens, attention_mask=is_token)
    assert (got - expected)[is_token].abs().max() <= 1e-4


def _greedily(theirs, ids, n):
    out = theirs.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.int64),
        do_sample=False, max_new_tokens=n, min_new_tokens=n, pad_token_id=0,
    )  # fmt: skip
    return out[0, len(ids) :].tolist()


def test_generation(pair):
    ours, theirs = pair
    got = generate(ours, [1, 2, 3], max_new_tokens=20, sampling=SamplingConfig(greedy=True))
    assert got == [_greedily(theirs, [1, 2, 3], 20)]


@pytest.fixture(scope="module")
def smollm2():
    theirs, tokenizer = load_smollm2()
    return load_course_smollm2()[0], theirs, tokenizer


@pytest.mark.slow
@pytest.mark.needs_assets("smollm2")
@torch.no_grad()
def test_real_weights(smollm2):
    ours, theirs, tokenizer = smollm2
    ids = tokenizer(TEXT, return_tensors="pt").input_ids
    assert ids.shape[1] > 100
    expected = theirs(ids).logits
    assert (ours(ids) - expected).abs().max() <= 1e-3
    assert ours.n_parameters() == theirs.num_parameters() == 134_515_008


@pytest.mark.slow
@pytest.mark.needs_assets("smollm2")
def test_real_weights_generate_the_same_text(smollm2):
    ours, theirs, tokenizer = smollm2
    ids = tokenizer(chat_prompt([{"role": "user", "content": "What do bees eat?"}])).input_ids
    (got,) = generate(ours, ids, max_new_tokens=20, sampling=SamplingConfig(greedy=True))
    assert got == _greedily(theirs, ids, 20)


@pytest.mark.slow
@pytest.mark.needs_assets("smollm2")
def test_the_gguf_file_holds_what_transformers_reads_in_it():
    """`transformers` unpacked the same file to 16-bit floats; queries and keys are in its order."""
    (path,) = asset_path("smollm2").rglob("*.gguf")
    values, weights = read_gguf_llama(path)
    converted = load_llama(prepare_smollm2())
    ours = load_llama(path)
    assert ours.config == converted.config
    expected = dict(converted.named_parameters())
    for name, parameter in ours.named_parameters():
        assert torch.equal(parameter.half().float(), expected[name]), name
    assert values["tie_word_embeddings"] is True
    assert {tensor.dtype for tensor in weights.values()} == {torch.float32}


MESSAGES = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["system", "user", "assistant"]),
            "content": st.text(max_size=30)
            | st.sampled_from(["", "\n", " x ", "<|im_end|>", "{{ 1 }}", "{% if %}"]),
        }
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def tokenizer():
    return transformers.AutoTokenizer.from_pretrained(prepare_smollm2())


@pytest.mark.needs_assets("smollm2")
@settings(max_examples=60)
@given(MESSAGES, st.booleans())
def test_chat_prompt_is_the_tokenizers_own(tokenizer, messages, add):
    ours = chat_prompt(messages, add_generation_prompt=add)
    assert ours == tokenizer.apply_chat_template(
        messages, add_generation_prompt=add, tokenize=False
    )
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=add)["input_ids"]
    assert tokenizer(ours).input_ids == ids


@pytest.mark.slow
@pytest.mark.needs_assets("smollm2")
def test_the_file_and_the_tokenizer_have_the_same_template(tokenizer):
    (path,) = asset_path("smollm2").rglob("*.gguf")
    assert read_gguf(path).settings["tokenizer.chat_template"] == tokenizer.chat_template
