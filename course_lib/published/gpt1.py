"""Figures of Radford et al. 2018, the paper of GPT-1."""

from __future__ import annotations

from collections.abc import Mapping

from course_lib.published.figure import Published

GPT1_LAYERS = Published(12, "layers", "radford2018improving", "section 4.1")

GPT1_WIDTH = Published(768, "features", "radford2018improving", "section 4.1")

GPT1_CONTEXT = Published(512, "tokens", "radford2018improving", "section 4.1")

GPT1_BATCH = Published(64, "sequences", "radford2018improving", "section 4.1")

GPT1_MERGES = Published(40_000, "merges", "radford2018improving", "section 4.1")

GPT1_VOCABULARY = Published(40_478, "tokens", "openai2018finetune", "encoder file")

GPT1_HEADS = Published(12, "heads", "radford2018improving", "section 4.1")

GPT1_INNER = Published(3072, "inner features", "radford2018improving", "section 4.1")

GPT1_BOOKS = Published(7000, "books and more", "radford2018improving", "section 4.1")

GPT1_EPOCHS = Published(100, "epochs", "radford2018improving", "section 4.1")

GPT1_RATE = Published(2.5e-4, "peak learning rate", "radford2018improving", "section 4.1")

GPT1_WARMUP = Published(2000, "warm-up updates", "radford2018improving", "section 4.1")

GPT1_DROPOUT = Published(0.1, "dropout", "radford2018improving", "section 4.1")

GPT1_DECAY = Published(0.01, "weight decay", "radford2018improving", "section 4.1")

GPT1_PERPLEXITY = Published(18.4, "per token, BooksCorpus", "radford2018improving", "section 4.1")

GPT1_IMPROVED = Published(9, "of 12 data sets improved", "radford2018improving", "abstract")

GPT1_LSTM_UNITS = Published(2048, "units in one LSTM layer", "radford2018improving", "section 5")

GPT1_LSTM_DROP = Published(5.6, "points of the average score", "radford2018improving", "section 5")

GPT1_TABLE_5: Mapping[str, Published] = {
    name: Published(value, "average score", "radford2018improving", "table 5")
    for name, value in (
        ("full model", 74.7),
        ("without auxiliary LM", 75.0),
        ("without pretraining", 59.9),
        ("LSTM", 69.1),
    )
}
"""What GPT-1 loses without one of its parts: the average score over eight sets of labels."""
