import itertools

import pytest
import torch

from course_lib.generation import translate_greedily, translate_with_beam
from course_lib.models import EncoderDecoder, EncoderDecoderConfig

START, END = 1, 2


def make_model(seed, vocab_size=5):
    config = EncoderDecoderConfig(
        vocab_size=vocab_size, context_length=8, d_model=8, n_heads=2, n_layers=1, dropout=0.0
    )
    model = EncoderDecoder(config, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():  # sharper than a new model, so that scores differ
        model.token_embedding.weight.mul_(3.0)
    return model.eval()


@torch.no_grad()
def exhaustive(model, source, n, length_penalty):
    """Score every target: of n tokens, or shorter and ended by the end token."""
    every = list(itertools.product(range(model.config.vocab_size), repeat=n))
    inputs = torch.tensor([[START, *ids[:-1]] for ids in every])
    rows = torch.tensor([source]).expand(len(every), -1)
    steps = model(rows, inputs).double().log_softmax(-1)
    totals = steps.gather(-1, torch.tensor(every)[..., None]).squeeze(-1).cumsum(-1).tolist()
    found = {}
    for ids, sums in zip(every, totals, strict=True):
        length = ids.index(END) + 1 if END in ids else n
        found[ids[:length]] = sums[length - 1] / length**length_penalty
    return sorted(((score, ids) for ids, score in found.items()), reverse=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0, 2.0])
def test_wide_beam_is_exhaustive(seed, length_penalty):
    model = make_model(seed)
    expected = exhaustive(model, [3, 4, 3], 4, length_penalty)
    got = translate_with_beam(
        model,
        [3, 4, 3],
        start=START,
        end=END,
        beam_width=5**3,
        max_new_tokens=4,
        length_penalty=length_penalty,
    )
    assert [h.tokens for h in got[:10]] == [ids for _, ids in expected[:10]]
    for hypothesis, (score, _) in zip(got[:10], expected, strict=False):
        assert hypothesis.score == pytest.approx(score, abs=1e-4)
        assert hypothesis.finished == (hypothesis.tokens[-1] == END)


@pytest.mark.parametrize("seed", range(4))
def test_width_one_is_greedy(seed):
    model = make_model(seed, vocab_size=9)
    source = [3, 7, 8]
    (greedy,) = translate_greedily(model, [source], start=START, end=END, max_new_tokens=6)
    (beam,) = translate_with_beam(
        model, source, start=START, end=END, beam_width=1, max_new_tokens=6
    )
    assert [token for token in beam.tokens if token != END] == greedy


def test_batches_do_not_change_the_answers():
    model = make_model(0, vocab_size=9)
    sources = [[3], [4, 5, 6, 7], [8, 8], [3, 4, 5]]
    alone = [
        translate_greedily(model, [source], start=START, end=END, max_new_tokens=6)[0]
        for source in sources
    ]
    for batch_size in (1, 2, 4):
        together = translate_greedily(
            model, sources, start=START, end=END, max_new_tokens=6, batch_size=batch_size
        )
        assert together == alone


def test_training_mode_is_put_back():
    model = make_model(0).train()
    translate_greedily(model, [[3]], start=START, end=END, max_new_tokens=2)
    assert model.training


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": []}, "at least one source"),
        ({"sources": [[3], []]}, "no empty one"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"max_new_tokens": 9}, "max_new_tokens=9 is more than context_length"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
    ],
)
def test_bad_greedy_arguments(changes, message):
    arguments = {"sources": [[3]], "start": START, "end": END, "max_new_tokens": 2} | changes
    sources = arguments.pop("sources")
    with pytest.raises(ValueError, match=message):
        translate_greedily(make_model(0), sources, **arguments)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"beam_width": 0}, "beam_width must be at least 1"),
        ({"length_penalty": -0.1}, "length_penalty must be at least 0"),
        ({"source": []}, "no empty one"),
    ],
)
def test_bad_beam_arguments(changes, message):
    arguments = {"source": [3], "start": START, "end": END, "beam_width": 2, "max_new_tokens": 2}
    arguments |= changes
    source = arguments.pop("source")
    with pytest.raises(ValueError, match=message):
        translate_with_beam(make_model(0), source, **arguments)
