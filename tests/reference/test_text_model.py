"""A Hugging Face model read with its cache scores as the same model read without."""

import dataclasses

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from course_lib.config import GPT2Config
from course_lib.evaluation import course_text_model, perplexity, transformers_text_model
from course_lib.models import GPT2, save_gpt2
from course_lib.tokenizers import BytePairTokenizer


def words_tokenizer():
    words = {f"Ġ{word}": i for i, word in enumerate(["the", "king", "of", "land", "and", "men"])}
    tokenizer = Tokenizer(models.WordLevel({**words, "<|endoftext|>": 6, "<unk>": 7}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


@pytest.fixture
def llama():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=10,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=16,
        initializer_range=0.5,
    )
    return transformers_text_model(LlamaForCausalLM(config).eval(), words_tokenizer(), "llama")


def test_reading_on_equals_reading_whole(llama):
    clear = dataclasses.replace(llama, read_on=None)
    for prefix in ([0, 1, 2], [0, 1, 2, 3] * 6):
        options = [[4, 5], [1], [2, 0, 3]]
        ours = llama.log_probabilities(prefix, options)
        for a, b in zip(ours, clear.log_probabilities(prefix, options), strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)


def test_vocabulary_is_read_from_the_tokenizer(llama):
    assert llama.start == 6
    assert llama.pieces[:2] == [" the", " king"]
    assert llama.pieces[8:] == ["", ""]
    assert llama.context_length == 16
    assert llama.encode(" the king") == [0, 1]


def test_our_gpt2_equals_theirs(tmp_path):
    tokenizer = BytePairTokenizer.train(["the king"] * 2, 262, special_tokens=["<|endoftext|>"])
    config = GPT2Config(
        vocab_size=tokenizer.vocab_size, context_length=16, d_model=16, n_heads=2, n_layers=1
    )
    model = GPT2(config, generator=torch.Generator().manual_seed(0))
    save_gpt2(model, tmp_path)
    theirs = GPT2LMHeadModel.from_pretrained(tmp_path).eval()
    ours = course_text_model(model, tokenizer, "tiny")
    text = "the king of the land"
    score = perplexity(
        lambda ids: theirs(ids).logits, [ours.start, *ours.encode(text)], context_length=16
    )
    assert ours.score(text).total_nats == pytest.approx(score.total_nats, rel=1e-5)
