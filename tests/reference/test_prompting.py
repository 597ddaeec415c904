"""Answers to prompts and attention maps equal those of Hugging Face's Llama, random weights."""

import pytest
import torch
import transformers

from course_lib.config import GPT2Config
from course_lib.evaluation import TextModel, answer_log_probabilities
from course_lib.evaluation.induction import attention_maps
from course_lib.models import GPT2
from course_lib.models.llama import llama_config_from_hugging_face, llama_from_hugging_face


@pytest.fixture(scope="module")
def pair():
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=31,
        hidden_size=32,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=True,
    )
    theirs = transformers.LlamaForCausalLM._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for weight in theirs.parameters():
            weight.normal_(0.0, 0.3)
    ours = llama_from_hugging_face(
        llama_config_from_hugging_face(config.to_dict()), theirs.state_dict()
    )
    return ours, theirs


def test_attention_maps(pair):
    ours, theirs = pair
    tokens = torch.arange(12) * 7 % 31
    with torch.no_grad():
        expected = torch.cat(theirs(tokens[None], output_attentions=True).attentions)
    assert torch.allclose(attention_maps(ours, tokens), expected, atol=1e-5)


def test_answers(pair):
    """Each answer read whole, without a cache, by the other library."""
    ours, theirs = pair

    def encode(text):
        return [ord(letter) % 31 for letter in text]

    prompts = ["a is b; c is", "a is b; longer is"]
    options = [["x", "yz and"], ["q", "x", "other"]]
    model = TextModel("tiny", ours, encode, ["x"] * 31, 64, 3)
    for prompt, answers, rows in zip(
        prompts, options, answer_log_probabilities(model, prompts, options), strict=True
    ):
        for answer, row in zip(answers, rows, strict=True):
            before, after = [3, *encode(prompt)], encode(f" {answer}")
            with torch.no_grad():
                logits = theirs(torch.tensor([before + after])).logits[0]
            log_p = logits.log_softmax(-1)[len(before) - 1 : -1]
            expected = log_p[torch.arange(len(after)), torch.tensor(after)]
            assert row == pytest.approx(expected.tolist(), abs=1e-4)


def test_attention_maps_of_gpt2():
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=31, n_positions=32, n_embd=16, n_layer=2, n_head=4)
    ours = GPT2(GPT2Config(31, 32, 16, 4, 2, dropout=0.0)).eval()
    theirs = transformers.GPT2LMHeadModel._from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():  # the first layer's maps depend on these alone
        theirs.transformer.wte.weight.copy_(ours.token_embedding.weight)
        theirs.transformer.wpe.weight.copy_(ours.positions.table)
        first = theirs.transformer.h[0]
        first.attn.c_attn.weight.copy_(ours.blocks[0].attention.query_key_value.weight.T)
        expected = theirs(torch.arange(9)[None], output_attentions=True).attentions[0][0]
    assert torch.allclose(attention_maps(ours, torch.arange(9))[0], expected, atol=1e-5)
