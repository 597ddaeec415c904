import math

import pytest
import torch

from course_lib.config import GPT2_SIZES, GPT2Config
from course_lib.models import GPT2

TINY = GPT2Config(vocab_size=13, context_length=8, d_model=12, n_heads=3, n_layers=2, dropout=0.0)


@pytest.fixture
def model():
    """Larger weights than usual, so that attention and positions matter."""
    model = GPT2(TINY, generator=torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(10)
    return model


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
    ],
)
def test_parameter_counts(size, count):
    with torch.device("meta"):
        model = GPT2(GPT2_SIZES[size])
    assert model.n_parameters() == count


def test_initial_weights():
    config = GPT2Config(vocab_size=500, context_length=64, d_model=96, n_heads=3, n_layers=8)
    model = GPT2(config, generator=torch.Generator().manual_seed(0))
    residual = 0.02 / math.sqrt(16)
    for name, parameter in model.named_parameters():
        if name.endswith("norm.gain"):
            assert torch.equal(parameter, torch.ones_like(parameter))
        elif name.endswith("bias"):
            assert not parameter.any()
        else:
            is_residual = name.endswith(("attention.output.weight", "narrow.weight"))
            expected = residual if is_residual else 0.02
            assert parameter.std().item() == pytest.approx(expected, rel=0.05), name
            assert abs(parameter.mean().item()) < 4 * expected / math.sqrt(parameter.numel()), name


def test_initial_loss_is_that_of_guessing():
    model = GPT2(TINY, generator=torch.Generator().manual_seed(1))
    logits = model(torch.randint(13, (4, 8)))
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.randint(13, (32,)))
    assert loss.item() == pytest.approx(math.log(13), abs=0.05)


def test_same_generator_same_weights():
    one, two = (GPT2(TINY, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("time", [1, 5, 8])
def test_shape(model, batch, time):
    assert model(torch.zeros(batch, time, dtype=torch.int64)).shape == (batch, time, 13)


@pytest.mark.parametrize("place", range(8))
def test_no_position_sees_a_later_one(model, place):
    tokens = torch.randint(13, (2, 8), generator=torch.Generator().manual_seed(0))
    changed = tokens.clone()
    changed[:, place] = (changed[:, place] + 1) % 13
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(before[:, :place], after[:, :place], atol=1e-6, rtol=0)
    for later in range(place, 8):
        assert not torch.allclose(before[:, later], after[:, later], atol=1e-3)


def test_fused_equals_clear(model):
    clear = GPT2(TINY, fused=False).eval()
    clear.load_state_dict(model.state_dict())
    tokens = torch.randint(13, (3, 8))
    is_token = torch.ones(3, 8, dtype=torch.bool)
    is_token[1, :2] = False
    is_token[2, 6:] = False
    for mask in (None, is_token):
        torch.testing.assert_close(
            model(tokens, attention_mask=mask),
            clear(tokens, attention_mask=mask),
            atol=1e-4,
            rtol=1e-4,
        )


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_changes_nothing(model, side):
    tokens = torch.randint(13, (1, 5))
    padding = torch.full((1, 3), 7)
    on, off = torch.ones(1, 5, dtype=torch.bool), torch.zeros(1, 3, dtype=torch.bool)
    if side == "left":
        padded, mask = torch.cat([padding, tokens], 1), torch.cat([off, on], 1)
        out = model(padded, attention_mask=mask)[:, 3:]
    else:
        padded, mask = torch.cat([tokens, padding], 1), torch.cat([on, off], 1)
        out = model(padded, attention_mask=mask)[:, :5]
    torch.testing.assert_close(out, model(tokens), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("pieces", [[1] * 8, [5, 3], [8], [7, 1]])
@pytest.mark.parametrize("padded", [False, True])
def test_cache_equals_no_cache(model, pieces, padded):
    tokens = torch.randint(13, (2, 8), generator=torch.Generator().manual_seed(0))
    mask = None
    if padded:
        mask = torch.ones(2, 8, dtype=torch.bool)
        mask[1, :3] = False
    cache = model.make_cache(2)
    parts = []
    for piece in tokens.split(pieces, dim=1):
        end = cache.length + piece.shape[1]
        seen = None if mask is None else mask[:, :end]
        parts.append(model(piece, attention_mask=seen, cache=cache))
    got, expected = torch.cat(parts, dim=1), model(tokens, attention_mask=mask)
    if mask is not None:
        got, expected = got[mask], expected[mask]
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_gradients_reach_every_parameter():
    model = GPT2(TINY)
    model(torch.randint(13, (2, 8))).logsumexp(-1).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(
    ("shape", "mask_shape", "message"),
    [
        ((1, 9), None, "1 to 8 tokens .*got 9"),
        ((1, 0), None, "1 to 8 tokens .*got 0"),
        ((2, 3), (2, 4), r"must have shape \(2, 3\).*got \(2, 4\)"),
        ((2, 3), (1, 3), "attention_mask"),
    ],
)
def test_bad_inputs(model, shape, mask_shape, message):
    tokens = torch.zeros(shape, dtype=torch.int64)
    mask = None if mask_shape is None else torch.ones(mask_shape, dtype=torch.bool)
    with pytest.raises((ValueError, TypeError), match=message):
        model(tokens, attention_mask=mask)


def test_cache_and_new_tokens_must_fit_together(model):
    cache = model.make_cache(1)
    model(torch.zeros(1, 8, dtype=torch.int64), cache=cache)
    with pytest.raises(ValueError, match="got 9"):
        model(torch.zeros(1, 1, dtype=torch.int64), cache=cache)
    assert cache.length == 8
