"""Vectors of words in sentences, from the real MiniLM."""

import pytest
import torch

from course_lib.assets import AssetMissingError
from course_lib.models import load_minilm, word_in_context


def test_missing_model_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    with pytest.raises(AssetMissingError, match="python -m course_lib fetch"):
        load_minilm()


@pytest.mark.needs_assets("minilm")
def test_vectors_are_those_of_the_words_own_tokens():
    model, tokenizer = load_minilm()
    sentences = ["The python sleeps.", "I like Python, and it works well on my old machine."]
    vectors = word_in_context(model, tokenizer, sentences, "python")
    assert vectors.shape == (7, 2, 384)
    batch = tokenizer(sentences[0], return_tensors="pt")
    place = tokenizer.convert_ids_to_tokens(batch["input_ids"][0]).index("python")
    with torch.no_grad():
        alone = model(**batch).last_hidden_state[0, place]
    torch.testing.assert_close(vectors[-1, 0], alone, atol=1e-4, rtol=1e-4)
    pieces = word_in_context(model, tokenizer, ["A pangolin!"], "pangolin")
    batch = tokenizer("A pangolin!", return_tensors="pt")
    with torch.no_grad():
        whole = model(**batch).last_hidden_state[0]
    names = tokenizer.convert_ids_to_tokens(batch["input_ids"][0])
    assert len(names) > 5  # the word is cut into several pieces
    torch.testing.assert_close(pieces[-1, 0], whole[2:-2].mean(0), atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="does not hold the word 'python'"):
        word_in_context(model, tokenizer, ["pythons sleep"], "python")
