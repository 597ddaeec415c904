import math
from itertools import islice

import pytest
import torch
from torch.nn import functional as F

from course_lib.classical import (
    LSTMCell,
    RecurrentCell,
    RecurrentConfig,
    RecurrentEncoderDecoder,
    RecurrentLanguageModel,
    RecurrentLayer,
    RNNCell,
    continue_tokens,
    detach_state,
    gradients_through_time,
    load_recurrent,
    mean_surprise,
    save_recurrent,
    set_spectral_radius,
    truncated_backpropagation,
)
from course_lib.data import SequentialBatches


def _model(kind="lstm", *, n_layers=1, seed=0, fused=True):
    config = RecurrentConfig(7, 4, 6, n_layers=n_layers, cell=kind)
    generator = torch.Generator().manual_seed(seed)
    return RecurrentLanguageModel(config, generator=generator, fused=fused)


def _flat(state):
    return [part for layer in state for part in layer]


def test_rnn_by_hand():
    cell = RNNCell(1, 1)
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), (1.0, 0.25, 2.0, 0.25), strict=True):
            parameter.fill_(value)
    # from_input: weight 1, bias 0.25; from_hidden: weight 2, bias 0.25
    (hidden,) = cell(torch.tensor([[0.5]]), (torch.tensor([[1.0]]),))
    assert hidden.item() == pytest.approx(math.tanh(0.5 + 0.25 + 2.0 + 0.25))


def test_lstm_gates_keep_and_overwrite():
    cell = LSTMCell(2, 3)
    memory = torch.tensor([[0.3, -0.2, 0.9]])
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.from_hidden.bias[0:3] = -100.0  # writes nothing
        cell.from_hidden.bias[3:6] = 100.0  # keeps all
    _, kept = cell(torch.randn(1, 2), (torch.randn(1, 3), memory))
    torch.testing.assert_close(kept, memory)
    with torch.no_grad():
        cell.from_hidden.bias[0:3] = 100.0
        cell.from_hidden.bias[3:6] = -100.0
        cell.from_hidden.bias[6:9] = 100.0  # the candidate is 1
    _, overwritten = cell(torch.randn(1, 2), (torch.randn(1, 3), memory))
    torch.testing.assert_close(overwritten, torch.ones(1, 3))


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("cuts", [[1] * 6, [2, 4], [5, 1], [6]])
def test_a_carried_state_continues_a_sequence(kind, fused, cuts):
    torch.manual_seed(0)
    layer = RecurrentLayer(kind(4, 5), fused=fused)
    x = torch.randn(3, 6, 4)
    whole, last = layer(x)
    pieces, state = [], None
    for piece in x.split(cuts, dim=1):
        output, state = layer(piece, state)
        pieces.append(output)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole)
    torch.testing.assert_close(state, last)


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell])
@pytest.mark.parametrize("radius", [0.0, 0.9, 2.0])
def test_spectral_radius(kind, radius):
    cell = kind(3, 8, generator=torch.Generator().manual_seed(0))
    set_spectral_radius(cell, radius)
    for part in cell.from_hidden.weight.chunk(cell.n_parts):
        assert torch.linalg.eigvals(part).abs().max().item() == pytest.approx(radius, abs=1e-5)


def test_gradients_through_time_of_a_scalar():
    # h_t = tanh(w h_{t-1} + x_t): the chain rule's factors are w (1 - h_t²).
    cell = RNNCell(1, 1)
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), (1.0, 0.0, 0.8, 0.0), strict=True):
            parameter.fill_(value)
    x = torch.tensor([[[0.3], [-0.1], [0.5]]])
    h, states = 0.0, []
    for value in x.flatten().tolist():
        h = math.tanh(0.8 * h + value)
        states.append(h)
    expected = [1.0]
    for late in reversed(states[1:]):
        expected.insert(0, expected[0] * 0.8 * (1 - late**2))
    found = gradients_through_time(RecurrentLayer(cell), x, lambda last: last.sum())
    torch.testing.assert_close(found, torch.tensor([expected]))


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell])
def test_gradients_through_time_are_finite_differences(kind):
    torch.manual_seed(0)
    layer = RecurrentLayer(kind(2, 3).double())
    x = torch.randn(1, 5, 2, dtype=torch.float64)
    _, state = layer(x[:, :2])

    def late(*parts):
        return layer(x[:, 2:], parts)[0][:, -1].square().sum()

    leaves = [part.detach().requires_grad_() for part in state]
    expected = torch.cat(torch.autograd.grad(late(*leaves), leaves), dim=-1).norm()
    torch.autograd.gradcheck(late, leaves)
    found = gradients_through_time(layer, x, lambda last: last.square().sum())
    torch.testing.assert_close(found[0, 1], expected)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
@pytest.mark.parametrize("n_layers", [1, 2])
@pytest.mark.parametrize("batch", [1, 3])
def test_fused_equals_clear(kind, n_layers, batch):
    fused, clear = _model(kind, n_layers=n_layers), _model(kind, n_layers=n_layers, fused=False)
    tokens = torch.randint(7, (batch, 5), generator=torch.Generator().manual_seed(1))
    logits, state = fused(tokens)
    expected, expected_state = clear(tokens)
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(_flat(state), _flat(expected_state))


def test_seeds_decide_the_weights():
    first, again, other = _model(seed=0), _model(seed=0), _model(seed=1)
    for a, b, c in zip(first.parameters(), again.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a, c) or not a.any()


def test_the_state_is_carried_and_the_gradient_is_cut():
    """Two windows by hand: the second begins with the first's state as a constant."""
    model, tokens = _model(), torch.arange(13) % 7
    batches = list(SequentialBatches(tokens, 2, 3))
    assert len(batches) == 2
    by_hand = _model()
    state, losses = None, []
    for inputs, targets in batches:
        logits, state = by_hand(inputs, state)
        state = detach_state(state)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        losses.append(loss)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)  # weights stay: the losses compare
    steps = list(truncated_backpropagation(model, batches, optimizer, carry_state=True))
    assert [step.loss for step in steps] == pytest.approx([loss.item() for loss in losses])
    losses[-1].backward()
    for ours, theirs in zip(model.parameters(), by_hand.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)
    fresh = list(truncated_backpropagation(model, batches, optimizer, carry_state=False))
    assert fresh[0].loss == pytest.approx(steps[0].loss)
    assert fresh[1].loss != pytest.approx(steps[1].loss, abs=1e-6)


def test_clipping_reports_the_norm_before_it():
    model, batches = _model(), [(torch.zeros(1, 3).long(), torch.ones(1, 3).long())]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    (step,) = truncated_backpropagation(model, batches, optimizer, carry_state=False, max_norm=0.01)
    assert step.gradient_norm > 0.01
    norm = math.sqrt(sum(float((p.grad**2).sum()) for p in model.parameters()))
    assert norm == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_it_learns_a_pattern_and_writes_it(kind):
    torch.manual_seed(0)
    model = RecurrentLanguageModel(
        RecurrentConfig(7, 8, 16, cell=kind), generator=torch.Generator().manual_seed(0)
    )
    batches = list(SequentialBatches(torch.arange(400) % 7, 4, 9))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    before = mean_surprise(model, batches)
    for _ in range(5):
        list(truncated_backpropagation(model, batches, optimizer, carry_state=True))
    assert mean_surprise(model, batches) < 0.1 < 1.5 < before
    written = continue_tokens(
        model, [3, 4], 9, temperature=0.2, generator=torch.Generator().manual_seed(0)
    )
    assert written == [5, 6, 0, 1, 2, 3, 4, 5, 6]


def test_surprise_with_carried_state_is_that_of_the_whole_row():
    model, tokens = _model(), torch.arange(25) * 3 % 7
    whole = [(tokens[None, :-1], tokens[None, 1:])]
    pieces = SequentialBatches(tokens, 1, 4)
    assert mean_surprise(model, pieces) == pytest.approx(mean_surprise(model, whole), rel=1e-5)
    fresh = mean_surprise(model, pieces, carry_state=False)
    assert fresh != pytest.approx(mean_surprise(model, whole), rel=1e-5)


def test_saved_and_loaded(tmp_path):
    model = _model(n_layers=2)
    save_recurrent(model, tmp_path, dtype=torch.float32)
    loaded = load_recurrent(tmp_path)
    assert loaded.config == model.config
    tokens = torch.tensor([[1, 2, 3]])
    torch.testing.assert_close(loaded(tokens)[0], model(tokens)[0])
    save_recurrent(model, tmp_path)
    torch.testing.assert_close(
        load_recurrent(tmp_path)(tokens)[0], model(tokens)[0], atol=2e-2, rtol=0
    )
    save_recurrent(_model("rnn"), tmp_path / "other")
    (tmp_path / "other" / "config.json").write_bytes((tmp_path / "config.json").read_bytes())
    with pytest.raises(ValueError, match=r"the weights do not fit config\.json"):
        load_recurrent(tmp_path / "other")


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("batch", [1, 3])
def test_encoder_decoder_writes_what_it_scores_highest(attention, batch):
    torch.manual_seed(0)
    model = RecurrentEncoderDecoder(5, 8, attention=attention)
    source = torch.randint(5, (batch, 4))
    written = model.write(source, 6)
    assert torch.equal(model(source, written).argmax(-1), written)


def test_only_attention_looks_back_at_each_position():
    torch.manual_seed(0)
    for attention, n_kept in ((False, 1), (True, 4)):
        model = RecurrentEncoderDecoder(5, 8, attention=attention)
        read, state = model.encoder(model.embedding(torch.tensor([[1, 2, 3, 4]])))
        read = read.detach().requires_grad_()
        hidden, _ = model.decoder(model.embedding(torch.tensor([[5]])), state)
        model._scores(hidden, read).sum().backward(retain_graph=True)
        looked_at = 0 if read.grad is None else int(read.grad.abs().sum(-1).gt(0).sum())
        assert looked_at == (n_kept if attention else 0)


BAD = [
    (lambda: RNNCell(0, 3), ValueError, "d_input must be at least 1"),
    (lambda: LSTMCell(3, 0), ValueError, "d_state must be at least 1"),
    (lambda: RecurrentConfig(10, cell="gru"), ValueError, r"cell must be one of \['lstm', 'rnn'\]"),
    (lambda: RecurrentConfig(0), ValueError, "vocab_size must be at least 1"),
    (lambda: set_spectral_radius(RNNCell(2, 2), -1.0), ValueError, "radius must be at least 0"),
    (
        lambda: RecurrentLayer(RNNCell(2, 3))(torch.zeros(1, 4, 5)),
        ValueError,
        "x has vectors of length 5; the cell reads d_input = 2",
    ),
    (
        lambda: RecurrentLayer(LSTMCell(2, 3))(torch.zeros(1, 4, 2), (torch.zeros(1, 3),)),
        ValueError,
        r"need 2 of shape \(1, 3\)",
    ),
    (
        lambda: RecurrentLayer(RNNCell(2, 3))(torch.zeros(2, 4, 2), (torch.zeros(1, 3),)),
        ValueError,
        "carry a state between batches of one size",
    ),
    (lambda: _model()(torch.tensor([[7]])), ValueError, "ids 0 to 6"),
    (lambda: _model()(torch.tensor([[1]]), ()), ValueError, "state is of 0 layers"),
    (lambda: mean_surprise(_model(), []), ValueError, "batches holds no batch"),
    (lambda: continue_tokens(_model(), [], 3), ValueError, "prompt is empty"),
    (lambda: continue_tokens(_model(), [1], 3, temperature=0.0), ValueError, "temperature above 0"),
    (
        lambda: next(
            truncated_backpropagation(
                _model(), [], torch.optim.SGD([torch.zeros(1)]), carry_state=True, max_norm=0.0
            )
        ),
        ValueError,
        "None turns clipping off",
    ),
    (lambda: RecurrentEncoderDecoder(0, 4), ValueError, "vocab_size must be at least 1"),
    (
        lambda: RecurrentEncoderDecoder(5, 4)(torch.tensor([[5]]), torch.tensor([[0]])),
        ValueError,
        "source holds ids outside 0 to 4",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD)
def test_bad_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_an_empty_prompt_of_batches_trains_nothing_and_the_base_cell_is_abstract():
    model = _model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    assert list(islice(truncated_backpropagation(model, [], optimizer, carry_state=True), 3)) == []
    with pytest.raises(AttributeError):
        RecurrentCell(2, 3)
