"""MiniLM, a small published encoder of the BERT kind, and its vectors of words in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.assets import asset_path


def load_minilm() -> tuple[Any, Any]:
    """Load all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019) and its tokenizer.

    6 layers, d_model 384, 12 heads; trained so that sentences with similar meaning have similar
    mean vectors.

    Returns:
        The model in float32 and in evaluation mode, and its tokenizer, both from `transformers`.

    Raises:
        AssetMissingError: the model was not fetched yet.
    """
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    folder = asset_path("minilm")
    had_bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model = AutoModel.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        return model, AutoTokenizer.from_pretrained(folder)
    finally:
        if had_bars:
            logging.enable_progress_bar()


@torch.no_grad()
def word_in_context(
    model: Any, tokenizer: Any, sentences: Sequence[str], word: str
) -> Float[Tensor, "layers N D"]:
    """Return the vectors of one word in each of N sentences, after each layer.

    Where the tokenizer cuts the word into pieces, their vectors are averaged. The first entry of
    the first axis is what enters the first layer: the word's own embedding plus that of its
    position.

    Args:
        model: as `load_minilm` returns it.
        tokenizer: as `load_minilm` returns it.
        sentences: each with the word once or more; the first time counts, in any case of letters.
        word: what to look for, as a whole word.

    Raises:
        ValueError: a sentence does not hold the word.
    """
    import regex

    pattern = regex.compile(rf"\b{regex.escape(word)}\b", regex.IGNORECASE)
    places = []
    for sentence in sentences:
        match = pattern.search(sentence)
        if match is None:
            raise ValueError(f"the sentence {sentence!r} does not hold the word {word!r}")
        places.append(match.span())
    batch = tokenizer(
        list(sentences), return_tensors="pt", padding=True, return_offsets_mapping=True
    )
    offsets = batch.pop("offset_mapping")
    hidden = torch.stack(model(**batch, output_hidden_states=True).hidden_states)
    vectors = []
    for i, (start, end) in enumerate(places):
        starts, ends = offsets[i].T
        inside = (starts >= start) & (ends <= end) & (ends > starts)
        vectors.append(hidden[:, i, inside].mean(dim=1))
    return torch.stack(vectors, dim=1)
