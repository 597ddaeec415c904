import dataclasses
import math

import pytest
import torch

from course_lib.config import GPT2Config
from course_lib.evaluation import (
    Accuracy,
    ClozeQuestion,
    TextModel,
    choice,
    course_text_model,
    frequency_choice,
    frequency_word,
    last_word_score,
    recency_choice,
    recency_word,
)
from course_lib.models import GPT2
from course_lib.tokenizers import BytePairTokenizer

PIECES = [" the", " nation", "al", ".", " law", "<|endoftext|>"]
THE, NATION, AL, MARK, LAW, START = range(6)


def fixed_model(table):
    """A model whose next token depends on the last one only; table: last → probabilities."""
    rows = torch.full((6, 6), 1e-9)
    for last, chances in table.items():
        for token, chance in chances.items():
            rows[last, token] = chance

    def encode(text):
        found = []
        while text:
            token = max((p for p in PIECES if text.startswith(p)), key=len)
            found.append(PIECES.index(token))
            text = text[len(token) :]
        return found

    return TextModel("fixed", lambda ids: rows.log()[ids], encode, PIECES, 16, START)


def free(answer="nation", before=" the"):
    return ClozeQuestion(before, answer, ".", (), 0, "made")


TABLE = {
    START: {THE: 1.0},
    THE: {THE: 0.5, NATION: 0.4, LAW: 0.1},
    NATION: {AL: 0.7, MARK: 0.2, LAW: 0.1},
    AL: {MARK: 0.5, THE: 0.5},
    LAW: {MARK: 1.0},
}


def test_a_word_must_end():
    """p(nation) = 0.4 · (0.2 + 0.1), the mark and the new word; "national" has 0.4 · 0.7."""
    model = fixed_model(TABLE)
    score = last_word_score(model, free())
    assert score.log_probability == pytest.approx(math.log(0.4 * 0.3), abs=1e-5)
    assert (score.n_tokens, score.is_guess, score.is_guess_filtered) == (1, False, False)
    longer = last_word_score(model, free("national"))
    assert longer.log_probability == pytest.approx(math.log(0.4 * 0.7 * 1.0), abs=1e-5)
    assert (longer.n_tokens, longer.is_guess, longer.is_guess_filtered) == (2, False, True)


def test_the_filter_bars_stop_words():
    score = last_word_score(fixed_model({**TABLE, THE: {THE: 0.5, LAW: 0.5}}), free("law"))
    assert score.is_guess_filtered
    assert last_word_score(fixed_model({**TABLE, THE: {LAW: 1.0}}), free("law")).is_guess


def test_sentence_only_leaves_the_passage_out():
    question = dataclasses.replace(free("law", " nation the"), last_sentence=7)
    assert question.sentence == " the"
    assert last_word_score(fixed_model(TABLE), question, sentence_only=True).n_tokens == 1


def test_the_rest_of_the_sentence_counts():
    """ "law" is likelier after "the", but "nation" is likelier before "al"."""
    table = {**TABLE, THE: {LAW: 0.6, NATION: 0.4}, LAW: {AL: 0.1, MARK: 0.9}}
    question = ClozeQuestion(" the", "nation", "al", ("law", "nation"), 0, "made")
    assert choice(fixed_model(table), question) == 1
    assert choice(fixed_model(table), dataclasses.replace(question, after=".")) == 0


def tiny():
    tokenizer = BytePairTokenizer.train(
        ["the king of the land and the king's men"] * 3, 270, special_tokens=["<|endoftext|>"]
    )
    config = GPT2Config(
        vocab_size=tokenizer.vocab_size, context_length=24, d_model=16, n_heads=2, n_layers=2
    )
    model = GPT2(config, generator=torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(5)
    return course_text_model(model, tokenizer, "tiny")


def test_reading_on_equals_reading_whole():
    fast = tiny()
    clear = dataclasses.replace(fast, read_on=None)
    for prefix in ("the king", "the king of the land and the king of all of the lands there are"):
        ids = fast.encode(prefix)
        options = [fast.encode(text) for text in (" and", " of the men", " king")]
        for a, b in zip(
            fast.log_probabilities(ids, options), clear.log_probabilities(ids, options), strict=True
        ):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(a.exp().sum(-1), torch.ones(len(a)))


def test_continuation_log_probability_is_the_score_of_the_text():
    model = tiny()
    prefix, rest = model.split("the king", " of the land")
    (log_p,) = model.log_probabilities(prefix, [rest])
    both = model.score("the king of the land").total_nats - model.score("the king").total_nats
    assert -float(log_p[range(len(rest)), rest].sum()) == pytest.approx(both, rel=1e-4)


def test_split_gives_the_encoding_of_the_whole():
    model = tiny()
    for before, option in (("the king", "s"), ("the ki", "ng's"), ("", "the"), ("th", "e")):
        a, b = model.split(before, option)
        assert a + b == model.encode(before + option)
        assert b


def test_score_adds_up_over_texts():
    model = tiny()
    parts = [model.score(text) for text in ("the king", "of all men")]
    both = model.score(["the king", "", "of all men"])
    assert both.n_tokens == sum(part.n_tokens for part in parts)
    assert both.total_nats == pytest.approx(sum(part.total_nats for part in parts))
    assert both.n_bytes == 18


CANDIDATES = ClozeQuestion(
    "A king saw a dog. The dog saw a cat. The king met a dog and the",
    "king",
    " ran.",
    ("king", "dog", "cat", "cow"),
    37,
    "made",
)


def test_rules():
    assert frequency_choice(CANDIDATES) == 1  # dog 3, king 2
    assert recency_choice(CANDIDATES) == 1
    assert frequency_word(CANDIDATES) == "saw"  # twice, like dog, and later
    assert recency_word(CANDIDATES) == "cat"


def test_accuracy():
    accuracy = Accuracy.of([True, False, True, True])
    assert (accuracy.n_right, accuracy.n, accuracy.share) == (3, 4, 0.75)
    assert accuracy.interval[0] < 0.75 < accuracy.interval[1]


def test_context_is_cut_from_the_left():
    model = tiny()
    seen = []
    spy = dataclasses.replace(
        model, read_on=None, logits=lambda ids: (seen.append(ids), model.logits(ids))[1]
    )
    spy.log_probabilities(list(range(100, 150)), [[5, 6]])
    assert seen[0].tolist() == [[*range(128, 150), 5, 6]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: choice(fixed_model(TABLE), free()), "has no candidates"),
        (lambda: frequency_choice(free()), "has no candidates"),
        (lambda: recency_choice(free()), "has no candidates"),
        (lambda: recency_word(free()), "no word that may be asked for"),
        (lambda: tiny().log_probabilities([1], []), "continuations must hold at least one"),
        (lambda: tiny().log_probabilities([1], [[]]), "none may be empty"),
        (lambda: tiny().log_probabilities([1], [[1] * 24]), "a continuation has 24 tokens"),
        (lambda: tiny().score(["", ""]), "no text to score"),
        (lambda: Accuracy(0, 0).interval, "n must be at least 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
