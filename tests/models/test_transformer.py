import pytest
import torch

from course_lib.config import GPT2Config
from course_lib.layers import causal_mask, full_mask, padding_mask, prefix_mask
from course_lib.models import GPT2, Transformer, TransformerConfig

SMALL = TransformerConfig(vocab_size=13, context_length=8, d_model=16, n_heads=4, n_layers=2)
SCHEMES = ["learned", "sinusoidal", "rotary", "alibi", "none"]


def _make(**changes):
    return Transformer(
        TransformerConfig.from_dict(SMALL.to_dict() | {"d_ff": 0, "n_kv_heads": 0} | changes),
        generator=torch.Generator().manual_seed(0),
    ).eval()


def test_the_defaults_are_gpt2():
    gpt2 = GPT2(GPT2Config(13, 8, 16, 4, 2, dropout=0.0)).eval()
    ours = _make()
    weights = {}
    for name, tensor in gpt2.state_dict().items():
        if ".query_key_value." in name:
            for part, piece in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                weights[name.replace("query_key_value", part)] = piece
        else:
            weights[name] = tensor
    ours.load_state_dict(weights)
    tokens = torch.randint(13, (3, 8))
    torch.testing.assert_close(ours(tokens), gpt2(tokens))
    assert ours.n_parameters() == gpt2.n_parameters()


@pytest.mark.parametrize("positions", SCHEMES)
@pytest.mark.parametrize("n_kv_heads", [1, 4])
def test_token_by_token_equals_at_once(positions, n_kv_heads):
    model = _make(positions=positions, n_kv_heads=n_kv_heads)
    tokens = torch.randint(13, (2, 8))
    cache = model.make_cache(2)
    with torch.no_grad():
        parts = [model(tokens[:, :3], cache=cache)]
        parts += [model(tokens[:, i : i + 1], cache=cache) for i in range(3, 8)]
        torch.testing.assert_close(torch.cat(parts, dim=1), model(tokens))


@pytest.mark.parametrize("positions", SCHEMES)
def test_only_learned_positions_end(positions):
    model, tokens = _make(positions=positions), torch.randint(13, (1, 9))
    if positions == "learned":
        with pytest.raises(ValueError, match="learned positions for 8 tokens"):
            model(tokens)
    else:
        assert model(tokens).shape == (1, 9, 13)


@pytest.mark.parametrize("positions", SCHEMES)
def test_only_no_positions_ignore_the_order(positions):
    """The last token of an encoder's output, with the tokens before it in another order."""
    model = _make(positions=positions)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3, generator=torch.manual_seed(1))
    tokens, mask = torch.tensor([[1, 2, 3, 4], [3, 1, 2, 4]]), full_mask(4)
    one, other = model(tokens, mask=mask)[:, -1]
    assert torch.allclose(one, other, atol=1e-5) == (positions == "none")


@pytest.mark.parametrize(
    "changes",
    [
        {"norm": "rms"},
        {"norm_place": "post"},
        {"feed_forward": "relu"},
        {"feed_forward": "swiglu"},
        {"bias": False},
        {"tied": False},
        {"dropout": 0.5},
    ],
)
def test_every_choice_runs_and_trains(changes):
    model = _make(**changes).train()
    tokens = torch.randint(13, (2, 8))
    loss = torch.nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten())
    loss.backward()
    assert loss.item() == pytest.approx(2.565, abs=0.3)  # ln 13: it knows nothing yet
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_mask_replaces_the_causal_one():
    model, tokens = _make(), torch.randint(13, (2, 6))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.0, 0.3)
    torch.testing.assert_close(model(tokens, mask=causal_mask(6)), model(tokens))
    changed = tokens.clone()
    changed[:, 3] = (changed[:, 3] + 1) % 13

    def reached(mask):
        return ((model(tokens, mask=mask) - model(changed, mask=mask)).abs().amax(-1) > 1e-4)[0]

    assert reached(None).tolist() == [False] * 3 + [True] * 3
    assert reached(prefix_mask(6, 4)).tolist() == [True] * 6
    assert reached(prefix_mask(6, 3)).tolist() == [False] * 3 + [True] * 3
    hidden = padding_mask(torch.tensor([[1, 1, 1, 0, 1, 1]]).expand(2, -1)) & causal_mask(6)
    assert reached(hidden).tolist() == [False] * 3 + [True] + [False] * 2


def test_config_fills_in_sizes():
    assert (SMALL.d_ff, SMALL.n_kv_heads, SMALL.d_head) == (64, 4, 4)
    gated = TransformerConfig(13, 8, 576, 9, 2, feed_forward="swiglu")
    assert gated.d_ff == 1536  # SmolLM2-135M's
    assert TransformerConfig.from_dict(SMALL.to_dict()) == SMALL


def test_swiglu_has_as_many_weights():
    gelu, gated = (_make(feed_forward=f, bias=False, d_model=48) for f in ("gelu", "swiglu"))
    assert gelu.n_parameters() == gated.n_parameters()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_heads": 3, "n_kv_heads": 3}, "n_heads=3 must divide d_model=16"),
        ({"n_kv_heads": 3}, "n_kv_heads=3 must divide n_heads=4"),
        ({"d_model": 12, "positions": "rotary"}, "even d_head, got 3"),
        ({"d_model": 15, "n_heads": 3, "n_kv_heads": 3, "positions": "sinusoidal"}, "even d_model"),
        ({"n_layers": 0}, "n_layers must be at least 1"),
        ({"dropout": 1.0}, "dropout is a probability"),
        ({"rotary_base": 1.0}, "rotary_base must be above 1, got 1.0"),
        ({"norm_eps": 0.0}, "norm_eps must be above 0, got 0.0"),
        ({"heads": 2}, "unknown setting 'heads'"),
    ],
)
def test_bad_configs(changes, message):
    with pytest.raises(ValueError, match=message):
        TransformerConfig.from_dict(SMALL.to_dict() | changes)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("positions", "relative", "positions must be one of learned, sinusoidal"),
        ("norm", "batch", "norm must be one of layer, rms"),
        ("norm_place", "middle", "norm_place must be one of pre, post"),
        ("feed_forward", "tanh", "feed_forward must be one of gelu, relu, swiglu"),
    ],
)
def test_unknown_choices(name, value, message):
    config = TransformerConfig(13, 8, 16, 4, 2)
    object.__setattr__(config, name, value)  # beartype, in these tests only, is stricter
    with pytest.raises(ValueError, match=message):
        config.__post_init__()


def test_positions_may_be_given():
    tokens = torch.randint(13, (1, 4))
    for scheme in ("learned", "sinusoidal"):
        model = _make(positions=scheme)
        torch.testing.assert_close(model(tokens, positions=torch.arange(4)), model(tokens))
        assert not torch.allclose(model(tokens, positions=torch.arange(2, 6)), model(tokens))
    with pytest.raises(ValueError, match='positions may be given for "learned"'):
        _make(positions="alibi")(tokens, positions=torch.arange(4))


def test_rotary_looks_at_the_distances_between_given_positions():
    tokens = torch.randint(13, (1, 4), generator=torch.Generator().manual_seed(0))
    model = _make(positions="rotary")
    usual = model(tokens)
    torch.testing.assert_close(model(tokens, positions=torch.arange(5, 9)), usual)
    gap = torch.tensor([0, 1, 3, 4])
    assert not torch.allclose(model(tokens, positions=gap), usual)
    # A stretch of positions is the same text with tokens in it that nobody sees.
    longer = torch.cat([tokens[:, :2], tokens[:, :1], tokens[:, 2:]], dim=1)
    unseen = causal_mask(5)
    unseen[torch.arange(5) != 2, 2] = False
    kept = model(longer, mask=unseen)[:, [0, 1, 3, 4]]
    torch.testing.assert_close(model(tokens, positions=gap), kept)


@pytest.mark.parametrize("positions", SCHEMES)
@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_padding_changes_nothing(positions, side):
    model, tokens = _make(positions=positions), torch.randint(13, (2, 5))
    for parameter in model.parameters():
        parameter.normal_(0.0, 0.3)
    padding = torch.randint(13, (2, 3))
    padded = torch.cat([padding, tokens] if side == "left" else [tokens, padding], dim=1)
    is_token = torch.zeros(2, 8, dtype=torch.bool)
    place = slice(3, None) if side == "left" else slice(None, 5)
    is_token[:, place] = True
    got = model(padded, attention_mask=is_token)[:, place]
    torch.testing.assert_close(got, model(tokens))
    cache = model.make_cache(2)
    parts = [
        model(padded[:, a:b], attention_mask=is_token[:, :b], cache=cache)
        for a, b in [(0, 4), (4, 8)]
    ]
    torch.testing.assert_close(torch.cat(parts, dim=1)[:, place], got)


def test_padding_is_told_in_one_way():
    model, tokens = _make(), torch.zeros(2, 3, dtype=torch.long)
    with pytest.raises(ValueError, match=r"must have shape \(2, 3\) .*, got \(2, 4\)"):
        model(tokens, attention_mask=torch.ones(2, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="give attention_mask, or mask and positions, not both"):
        model(tokens, attention_mask=torch.ones(2, 3, dtype=torch.bool), mask=causal_mask(3))


def test_the_base_and_the_eps_reach_the_layers():
    model = _make(positions="rotary", norm="rms", rotary_base=500.0, norm_eps=1e-3)
    attention = model.blocks[1].attention
    assert (attention.rotary.base, model.final_norm.eps) == (500.0, 1e-3)
    assert (_make(norm="rms").final_norm.eps, _make().blocks[0].attention_norm.eps) == (1e-6, 1e-5)


def test_empty_input():
    with pytest.raises(ValueError, match="at least 1 token"):
        _make()(torch.zeros(1, 0, dtype=torch.long))
