import pytest
import torch

from course_lib.models import EncoderDecoder, EncoderDecoderConfig

SIZES = EncoderDecoderConfig(
    vocab_size=19, context_length=10, d_model=8, n_heads=2, n_layers=2, dropout=0.0
)


@pytest.fixture
def model():
    return EncoderDecoder(SIZES, generator=torch.Generator().manual_seed(0)).eval()


def random_tokens(*shape):
    return torch.randint(1, 19, shape, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_no_target_position_sees_a_later_one(model):
    source, target = random_tokens(1, 6), random_tokens(1, 5)
    changed = target.clone()
    changed[0, 3] = 1 + changed[0, 3] % 18
    old, new = model(source, target), model(source, changed)
    torch.testing.assert_close(old[:, :3], new[:, :3])
    assert (old[:, 3:] - new[:, 3:]).abs().amax(-1).min() > 1e-4


@torch.no_grad()
def test_every_target_position_sees_the_whole_source(model):
    source, target = random_tokens(1, 6), random_tokens(1, 5)
    for place in (0, 5):
        changed = source.clone()
        changed[0, place] = 1 + changed[0, place] % 18
        moved = (model(source, target) - model(changed, target)).abs().amax(-1)
        assert moved.min() > 1e-5


@torch.no_grad()
def test_padding_changes_nothing(model):
    source, target = random_tokens(1, 4), random_tokens(1, 5)
    padded = torch.cat([source, torch.zeros(1, 3, dtype=torch.int64)], dim=1)
    torch.testing.assert_close(model(padded, target), model(source, target))


@torch.no_grad()
def test_cache_gives_the_same_logits(model):
    source, target = random_tokens(3, 6), random_tokens(3, 7)
    memory, cache = model.encode(source), model.make_cache(3, 7)
    steps = [
        model.decode(part, memory, source, cache=cache) for part in target.split([1, 3, 3], dim=1)
    ]
    torch.testing.assert_close(torch.cat(steps, dim=1), model(source, target))


def test_cross_attention_weights(model):
    source = random_tokens(2, 6)
    source[0, 4:] = 0
    weights = model.cross_attention_weights(source, random_tokens(2, 5))
    assert weights.shape == (2, 2, 2, 5, 6)  # [L B H T S]
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 2, 2, 5))
    assert weights[:, 0, :, :, 4:].abs().max() == 0


def test_dropout_is_off_in_evaluation():
    model = EncoderDecoder(EncoderDecoderConfig(vocab_size=19, d_model=8, n_heads=2, n_layers=1))
    source, target = random_tokens(2, 6), random_tokens(2, 5)
    assert not torch.equal(model(source, target), model(source, target))
    model.eval()
    assert torch.equal(model(source, target), model(source, target))


def test_config_goes_through_plain_values():
    assert EncoderDecoderConfig.from_dict(SIZES.to_dict()) == SIZES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocab_size": 0}, "vocab_size must be at least 1"),
        ({"n_heads": 3}, "n_heads=3 must divide d_model=8"),
        ({"dropout": 1.0}, "dropout is a probability"),
        ({"padding_id": 19}, "padding_id=19"),
        ({"n_blocks": 2}, "unknown setting 'n_blocks'"),
    ],
)
def test_bad_configurations(settings, message):
    with pytest.raises(ValueError, match=message):
        EncoderDecoderConfig.from_dict(SIZES.to_dict() | settings)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ([[0, 0]], [[1]], "a row has no token"),
        ([[1] * 11], [[1]], "1 to 10 tokens"),
        ([[1]], [[1] * 11], r"1 to 10 tokens \(context_length\), got 11"),
        ([[1], [0]], [[1], [1]], "only padding"),
    ],
)
def test_bad_inputs(model, source, target, message):
    with pytest.raises(ValueError, match=message):
        model(torch.tensor(source), torch.tensor(target))
