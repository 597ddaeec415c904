"""Recurrent cells, layers and models equal to PyTorch's with the same weights."""

import pytest
import torch
from torch import nn

from course_lib.classical import (
    LSTMCell,
    RecurrentConfig,
    RecurrentEncoderDecoder,
    RecurrentLanguageModel,
    RecurrentLayer,
    RNNCell,
)

THEIR_CELL = {RNNCell: nn.RNNCell, LSTMCell: nn.LSTMCell}
THEIR_LAYER = {RNNCell: nn.RNN, LSTMCell: nn.LSTM}


def _weights(cell, suffix=""):
    return {
        f"weight_ih{suffix}": cell.from_input.weight,
        f"bias_ih{suffix}": cell.from_input.bias,
        f"weight_hh{suffix}": cell.from_hidden.weight,
        f"bias_hh{suffix}": cell.from_hidden.bias,
    }


def _state(cell, batch):
    return tuple(torch.randn(batch, cell.d_state) for _ in range(cell.n_states))


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell])
@pytest.mark.parametrize("batch", [1, 3])
def test_one_step(kind, batch):
    ours = kind(5, 7)
    theirs = THEIR_CELL[kind](5, 7)
    theirs.load_state_dict(_weights(ours))
    x, state = torch.randn(batch, 5), _state(ours, batch)
    result = theirs(x, state[0] if kind is RNNCell else state)
    expected = (result,) if kind is RNNCell else result
    torch.testing.assert_close(ours(x, state), expected)


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell])
@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("length", [1, 6])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("begun", [False, True])
def test_a_sequence_and_its_gradients(kind, batch, length, fused, begun):
    ours = RecurrentLayer(kind(5, 7), fused=fused)
    theirs = THEIR_LAYER[kind](5, 7, batch_first=True)
    theirs.load_state_dict(_weights(ours.cell, "_l0"))
    x = torch.randn(batch, length, 5)
    state = _state(ours.cell, batch) if begun else None
    start = None
    if begun:
        start = state[0][None] if kind is RNNCell else tuple(part[None] for part in state)
    output, last = ours(x, state)
    expected, final = theirs(x, start)
    torch.testing.assert_close(output, expected)
    final = (final,) if kind is RNNCell else final
    torch.testing.assert_close(last, tuple(part[0] for part in final))
    output.square().sum().backward()
    expected.square().sum().backward()
    for name, tensor in _weights(ours.cell, "_l0").items():
        torch.testing.assert_close(tensor.grad, getattr(theirs, name).grad)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_two_layers(kind):
    ours = RecurrentLanguageModel(RecurrentConfig(11, 5, 7, n_layers=2, cell=kind))
    theirs = (nn.RNN if kind == "rnn" else nn.LSTM)(5, 7, num_layers=2, batch_first=True)
    theirs.load_state_dict(
        _weights(ours.layers[0].cell, "_l0") | _weights(ours.layers[1].cell, "_l1")
    )
    tokens = torch.randint(11, (3, 6))
    logits, _ = ours(tokens)
    expected, _ = theirs(ours.embedding(tokens))
    torch.testing.assert_close(logits, ours.output(expected))


def test_encoder_and_decoder():
    ours = RecurrentEncoderDecoder(9, 8)
    encoder, decoder = nn.LSTM(8, 8, batch_first=True), nn.LSTM(8, 8, batch_first=True)
    encoder.load_state_dict(_weights(ours.encoder.cell, "_l0"))
    decoder.load_state_dict(_weights(ours.decoder.cell, "_l0"))
    source, target = torch.randint(9, (2, 5)), torch.randint(9, (2, 4))
    _, state = encoder(ours.embedding(source))
    given = torch.cat([torch.full((2, 1), 9), target[:, :-1]], dim=1)
    expected, _ = decoder(ours.embedding(given), state)
    torch.testing.assert_close(ours(source, target), ours.output(expected))
