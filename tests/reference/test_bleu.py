"""BLEU equals sacrebleu's, on corpora nobody would write by hand."""

import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from course_lib.evaluation import corpus_bleu, tokenize_13a

WORDS = st.sampled_from(
    ["the", "The", "light", "is", "on", "off", "1.5", "a-b", "(x)", "no.", "&amp;"]
)
SENTENCES = st.lists(WORDS, max_size=9).map(" ".join)
CORPORA = st.lists(st.tuples(SENTENCES, st.lists(SENTENCES, min_size=1, max_size=3)), min_size=1)


def streams(references):
    """Turn lists per hypothesis into sacrebleu's streams, with None where one has fewer."""
    most = max(map(len, references))
    return [[r[i] if i < len(r) else None for r in references] for i in range(most)]


@given(CORPORA, st.sampled_from(["exp", "none"]), st.booleans(), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_equal_to_sacrebleu(corpus, smoothing, lowercase, max_order):
    hypotheses, references = map(list, zip(*corpus, strict=True))
    ours = corpus_bleu(
        hypotheses, references, smoothing=smoothing, lowercase=lowercase, max_order=max_order
    )
    metric = sacrebleu.BLEU(
        smooth_method=smoothing, lowercase=lowercase, max_ngram_order=max_order, force=True
    )
    theirs = metric.corpus_score(hypotheses, streams(references))
    assert ours.score == pytest.approx(theirs.score, abs=1e-9)
    assert ours.precisions == pytest.approx(theirs.precisions)
    assert ours.brevity_penalty == pytest.approx(theirs.bp)
    assert (ours.hypothesis_length, ours.reference_length) == (theirs.sys_len, theirs.ref_len)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_words_are_cut_alike(text):
    assert tokenize_13a(text) == Tokenizer13a()(text.rstrip()).split()
