import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.classical import (
    Additive,
    CountTable,
    Interpolated,
    MaximumLikelihood,
    NGramModel,
    Vocabulary,
    followers,
    interpolated_probability,
)

ids = st.integers(0, 3)
texts = st.lists(ids, min_size=5, max_size=50)
orders = st.integers(1, 5)
weights = st.floats(1e-3, 1e3)
smoothings = {
    "additive": lambda order, epsilon: Additive(epsilon),
    "interpolated": lambda order, epsilon: Interpolated(
        tuple(epsilon * 2.0**k for k in range(order))
    ),
}


@pytest.mark.parametrize("make", smoothings.values(), ids=smoothings)
@settings(max_examples=25, deadline=None)
@given(text=texts, order=orders, epsilon=weights, context=st.lists(st.integers(0, 4), max_size=6))
def test_sums_to_one_and_gives_every_token_something(make, text, order, epsilon, context):
    model = NGramModel.fit(text, 5, order=order, smoothing=make(order, epsilon))
    distribution = model.distribution(context)
    assert distribution.sum() == pytest.approx(1, abs=1e-12)
    assert distribution.min() > 0
    row = [model.probabilities([*context, token])[-1] for token in range(5)] if context else []
    assert row == pytest.approx(distribution.tolist() if context else [], rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(text=texts, order=orders)
def test_maximum_likelihood_is_shares_of_counts(text, order):
    model = NGramModel.fit(text, 4, order=order)
    for start in range(len(text) - order):
        context = text[start : start + order - 1]
        seen = followers(text, context)
        shares = [seen.count(token) / len(seen) for token in range(4)]
        assert model.distribution(context).tolist() == pytest.approx(shares)
        gram = [*context, text[start + order - 1]]
        assert model.count(gram) == seen.count(gram[-1])
    assert model.seen(text).all()
    assert math.isfinite(model.perplexity(text))


@settings(max_examples=25, deadline=None)
@given(text=texts, test=st.lists(ids, min_size=2, max_size=9), order=orders, epsilon=weights)
def test_equals_the_clear_version(text, test, order, epsilon):
    smoothing = smoothings["interpolated"](order, epsilon)
    model = NGramModel.fit(text, 4, order=order, smoothing=smoothing)
    clear = [
        interpolated_probability(text, test[:i], test[i], epsilons=smoothing.epsilons, vocab_size=4)
        for i in range(1, len(test))
    ]
    assert model.probabilities(test).tolist() == pytest.approx(clear, rel=1e-9)
    mean = -sum(map(math.log, clear)) / len(clear)
    assert model.perplexity(test) == pytest.approx(math.exp(mean), rel=1e-9)


def test_unseen_contexts():
    text = [0, 1, 0, 2, 0, 1, 2]
    counts = NGramModel.fit(text, 4, order=3)
    unseen = [3, 3]
    with pytest.raises(ValueError, match="followed by nothing"):
        counts.distribution(unseen)
    assert counts.probabilities([3, 3, 1])[-1] == 0
    assert counts.perplexity([3, 3, 1]) == math.inf
    assert counts.with_smoothing(Additive(1)).distribution(unseen).tolist() == [0.25] * 4
    mixed = counts.with_smoothing(Interpolated((1.0, 2.0, 3.0)))
    shorter = mixed.with_order(2)
    # [3, 0] never occurred: what is left is the bigram after 0, exactly.
    assert mixed.distribution([3, 0]) == pytest.approx(shorter.distribution([0]), rel=1e-14)
    assert mixed.distribution([3, 3]) == pytest.approx(
        mixed.with_order(1).distribution(), rel=1e-14
    )


def test_a_context_at_the_end_of_the_text_is_not_counted():
    model = NGramModel.fit([0, 1, 0, 1, 0, 2], 3, order=2)
    assert model.distribution([0]).tolist() == pytest.approx([0, 2 / 3, 1 / 3])
    with pytest.raises(ValueError, match="followed by nothing"):
        model.distribution([2])


def test_weights_that_are_large_and_small_reach_the_neighboring_orders():
    text = torch.randint(6, (400,), generator=torch.Generator().manual_seed(0))
    counts = NGramModel.fit(text, 6, order=3)
    heavy = counts.with_smoothing(Interpolated((1e-9, 1e-9, 1e12)))
    light = counts.with_smoothing(Interpolated((1e-9, 1e-9, 1e-12)))
    context = text[:2].tolist()
    bigrams = counts.with_order(2).distribution(context)
    assert heavy.distribution(context) == pytest.approx(bigrams, abs=1e-8)
    assert light.distribution(context) == pytest.approx(counts.distribution(context), abs=1e-8)


def test_orders_share_their_counts():
    text = np.array([0, 1, 2, 0, 1, 3, 0, 1, 2])
    five = NGramModel.fit(text, 4, order=5, smoothing=Interpolated((1.0,) * 5))
    for order in range(1, 6):
        own = NGramModel.fit(text, 4, order=order, smoothing=Interpolated((1.0,) * order))
        assert five.with_order(order).perplexity(text) == own.perplexity(text)
        different = {tuple(text[i : i + order]) for i in range(len(text) - order + 1)}
        assert five.n_kinds(order) == len(different)
    assert five.count([0, 1]) == 3
    assert (five.total([]), five.total([0]), five.total([1, 2]), five.total([3, 3])) == (9, 3, 1, 0)
    assert five.count([3, 3, 3]) == 0
    assert five.with_order(3).seen([0, 1, 2, 3]).tolist() == [True, False]


def test_a_uniform_text_has_the_perplexity_of_its_vocabulary():
    model = NGramModel.fit(list(range(8)), 8, order=1, smoothing=Interpolated((5.0,)))
    assert model.perplexity([3, 1, 4, 1, 5]) == pytest.approx(8)


def test_samples_have_the_shares_of_the_distribution():
    text = [0, 1, 0, 1, 0, 2, 0]
    model = NGramModel.fit(text, 3, order=2)
    generator = torch.Generator().manual_seed(3)
    drawn = model.sample(3000, context=[1], generator=generator)
    assert drawn[0] == 0
    assert set(drawn[::2]) == {0}
    assert drawn[1::2].count(1) / 1500 == pytest.approx(2 / 3, abs=0.05)
    again = model.sample(3000, context=[1], generator=torch.Generator().manual_seed(3))
    assert again == drawn


def test_sampling_stops_and_shortens_dead_ends():
    model = NGramModel.fit([0, 1, 2, 3], 4, order=3)
    assert model.sample(3, context=[0], generator=torch.Generator().manual_seed(0)) == [1, 2, 3]
    assert model.sample(9, context=[0], stop_token=3) == [1, 2]
    after_the_end = model.sample(1, context=[2, 3], generator=torch.Generator().manual_seed(0))
    assert after_the_end[0] in range(4)
    assert model.sample(0) == []


def test_vocabulary_and_count_table():
    vocabulary = Vocabulary.of(list("babcab"), min_count=2)
    assert vocabulary.words == ("<unk>", "b", "a")
    assert vocabulary.encode(["a", "c", "b"]).tolist() == [2, 0, 1]
    assert vocabulary.decode([2, 0]) == ["a", "<unk>"]
    assert len(vocabulary) == 3
    empty = CountTable.count(np.zeros(0, dtype=np.int64))
    assert empty[np.array([1])].tolist() == [0]


def fitted(order=3):
    return NGramModel.fit([0, 1, 2, 0, 1], 3, order=order)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: NGramModel.fit([0, 1, 2], 3, order=0), ValueError, "order is 0"),
        (lambda: NGramModel.fit([0, 1, 2], 3, order=6), ValueError, "1 to 5"),
        (lambda: NGramModel.fit([0, 1], 3, order=3), ValueError, "at least 3 ids"),
        (lambda: NGramModel.fit([0, 1, 3], 3, order=2), ValueError, "between 0 and 2"),
        (lambda: NGramModel.fit([0, 1, -1], 3, order=2), ValueError, "from -1"),
        (lambda: NGramModel.fit([0, 1, 1], 0, order=2), ValueError, "vocab_size is 0"),
        (lambda: fitted().with_order(4), ValueError, "orders 1 to 3"),
        (lambda: fitted().with_smoothing(Interpolated((1.0,))), ValueError, "1 epsilons for"),
        (lambda: inspect.unwrap(NGramModel)(3, (), "laplace"), TypeError, "MaximumLikelihood"),
        (lambda: fitted().probabilities([1]), ValueError, "at least 2 ids"),
        (lambda: fitted().perplexity([1, 3]), ValueError, "1 to 3"),
        (lambda: fitted().count([]), ValueError, "at least 1 ids"),
        (lambda: fitted().count([0, 0, 0, 0]), ValueError, "counts up to 3"),
        (lambda: fitted().total([0, 0, 0]), ValueError, "looks at 2"),
        (lambda: fitted().seen([0, 1]), ValueError, "at least 3"),
        (lambda: fitted().distribution([7]), ValueError, "7 to 7"),
        (lambda: fitted().sample(-1), ValueError, "n_tokens is -1"),
        (lambda: Additive(0), ValueError, "alpha is 0"),
        (lambda: Interpolated(()), ValueError, "one positive number"),
        (lambda: Interpolated((1.0, -1.0)), ValueError, "one positive number"),
        (lambda: Vocabulary.of("some text"), TypeError, "split it into words"),
        (lambda: Vocabulary.of(["a"], min_count=0), ValueError, "min_count is 0"),
        (lambda: Vocabulary.of(["a"]).encode("a"), TypeError, "split it into words"),
        (lambda: Vocabulary(("a", "b", "a")), ValueError, r"given twice: \['a'\]"),
    ],
)
def test_bad_inputs(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_the_smoothings_tell_what_they_are():
    assert MaximumLikelihood() == MaximumLikelihood()
    assert fitted().smoothing == MaximumLikelihood()
