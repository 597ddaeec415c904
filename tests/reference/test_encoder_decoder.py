"""The encoder–decoder computes what torch.nn.Transformer computes with the same weights."""

import math

import pytest
import torch
from torch import nn

from course_lib.layers import sinusoidal_positions
from course_lib.models import EncoderDecoder, EncoderDecoderConfig

SIZES = EncoderDecoderConfig(
    vocab_size=23, context_length=16, d_model=12, n_heads=4, n_layers=2, d_ff=20, dropout=0.0
)


def copy_attention(theirs, ours):
    """Fill torch's attention from ours, whose projections are one matrix, or three."""
    if hasattr(ours, "query_key_value"):
        weight, bias = ours.query_key_value.weight, ours.query_key_value.bias
    else:
        parts = (ours.query, ours.key, ours.value)
        weight, bias = (torch.cat([getattr(p, n) for p in parts]) for n in ("weight", "bias"))
    theirs.in_proj_weight.copy_(weight)
    theirs.in_proj_bias.copy_(bias)
    theirs.out_proj.load_state_dict(ours.output.state_dict())


def copy_norm(theirs, ours):
    theirs.weight.copy_(ours.gain)
    theirs.bias.copy_(ours.bias)


@torch.no_grad()
def same_in_torch(model):
    """Build torch's Transformer of 2017 with our weights."""
    c = model.config
    theirs = nn.Transformer(
        c.d_model, c.n_heads, c.n_layers, c.n_layers, c.d_ff, dropout=0.0, batch_first=True
    )
    theirs.encoder.norm = theirs.decoder.norm = None  # not in the paper: torch adds one per stack
    theirs.encoder.use_nested_tensor = False  # a prototype in torch, which warns
    for mine, other in (
        *zip(model.encoder, theirs.encoder.layers, strict=True),
        *zip(model.decoder, theirs.decoder.layers, strict=True),
    ):
        copy_attention(other.self_attn, mine.attention)
        copy_norm(other.norm1, mine.attention_norm)
        if hasattr(mine, "cross_attention"):
            copy_attention(other.multihead_attn, mine.cross_attention)
            copy_norm(other.norm2, mine.cross_attention_norm)
            copy_norm(other.norm3, mine.feed_forward_norm)
        else:
            copy_norm(other.norm2, mine.feed_forward_norm)
        other.linear1.load_state_dict(mine.feed_forward.widen.state_dict())
        other.linear2.load_state_dict(mine.feed_forward.narrow.state_dict())
    return theirs.eval()


def torch_logits(model, theirs, source, target):
    c = model.config
    table = model.token_embedding.weight

    def embed(tokens):
        return table[tokens] * math.sqrt(c.d_model) + sinusoidal_positions(
            tokens.shape[1], c.d_model
        )

    padding = source == c.padding_id
    hidden = theirs(
        embed(source),
        embed(target),
        tgt_mask=nn.Transformer.generate_square_subsequent_mask(target.shape[1]),
        src_key_padding_mask=padding,
        memory_key_padding_mask=padding,
        tgt_is_causal=True,
    )
    return hidden @ table.T


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("batch", "s", "t"), [(1, 1, 1), (3, 7, 5), (3, 16, 16)])
@torch.no_grad()
def test_logits(seed, batch, s, t):
    generator = torch.Generator().manual_seed(seed)
    model = EncoderDecoder(SIZES, generator=generator).eval()
    for parameter in model.parameters():  # gains and biases too
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    source = torch.randint(1, 23, (batch, s), generator=generator)
    target = torch.randint(1, 23, (batch, t), generator=generator)
    if s > 4:
        source[0, 4:] = SIZES.padding_id
    expected = torch_logits(model, same_in_torch(model), source, target)
    torch.testing.assert_close(model(source, target), expected, atol=2e-5, rtol=1e-4)


def test_number_of_parameters_of_the_base_model():
    """Vaswani et al. 2017, table 3: 65 million with a vocabulary of about 37,000."""
    with torch.device("meta"):
        model = EncoderDecoder(EncoderDecoderConfig())
    assert round(model.n_parameters() / 1e6) in (63, 64, 65)
