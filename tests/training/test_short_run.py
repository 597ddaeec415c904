"""Short runs: what is counted, what is scored, and that a run can be made again."""

import math

import pytest
import torch

from course_lib.config import TransformerConfig
from course_lib.data import Document, Splits
from course_lib.models import Transformer
from course_lib.tokenizers import BytePairTokenizer
from course_lib.training import short_run
from course_lib.training.short_run import (
    ShortRun,
    held_out_score,
    matrix_parameters,
    small_tokenizer,
)

CONFIG = TransformerConfig(300, 16, d_model=8, n_heads=2, n_layers=1)


@pytest.fixture(autouse=True)
def small_corpus(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    documents = [
        Document(f"d{i}", f"Fellow citizens, this is speech number {i}. " * 20) for i in range(6)
    ]
    splits = Splits(train=documents[1:], validation=documents[:1])
    monkeypatch.setattr(short_run, "course_corpus", lambda: splits)
    return splits


class TestTokenizer:
    def test_is_the_beginning_of_the_course_tokenizer(self) -> None:
        whole, small = small_tokenizer(8192), small_tokenizer(300)
        assert small.vocab_size == 300
        assert small.merges == whole.merges[:43]
        assert small.decode(small.encode("Fellow citizens")) == "Fellow citizens"

    def test_is_what_training_with_this_size_gives(self, small_corpus) -> None:
        texts = [document.text for document in small_corpus.train]
        large, small = (BytePairTokenizer.train(texts, size) for size in (280, 265))
        assert large.merges[: len(small.merges)] == small.merges

    @pytest.mark.parametrize("size", [256, 8193])
    def test_refuses(self, size: int) -> None:
        with pytest.raises(ValueError, match=f"vocab_size is {size}; it must be from 257 to 8192"):
            small_tokenizer(size)


def test_positions_take_part_in_no_product() -> None:
    model = Transformer(CONFIG)
    assert matrix_parameters(CONFIG) == model.n_parameters() - 16 * 8
    rotary = TransformerConfig(300, 16, d_model=8, n_heads=2, n_layers=1, positions="rotary")
    assert matrix_parameters(rotary) == Transformer(rotary).n_parameters()


def test_a_model_that_knows_nothing_scores_the_logarithm_of_the_vocabulary(small_corpus) -> None:
    model = Transformer(CONFIG)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    tokenizer = small_tokenizer(300)
    score = held_out_score(model, tokenizer, 16)
    assert score["nats"] == pytest.approx(math.log(300), abs=1e-4)
    text = small_corpus.validation[0].text
    per_byte = (len(tokenizer.encode(text)) + 1) / len(text.encode())
    assert score["bits_per_byte"] == pytest.approx(math.log2(300) * per_byte, abs=1e-3)


class TestShortRun:
    def test_reads_what_it_says_and_can_be_made_again(self) -> None:
        run = ShortRun(CONFIG, tokens=64 * 90, rate=1e-2)
        first, second = run.make(), run.make()
        assert (first["updates"], first["tokens"]) == (90, 64 * 90)
        assert first["operations"] == 6 * matrix_parameters(CONFIG) * 64 * 90
        assert len(first["curve"]) == 40
        assert first["curve"][-1][0] == 64 * 90
        assert first["curve"][-1][1] < first["curve"][0][1]
        assert {**first, "seconds": 0} == {**second, "seconds": 0}

    def test_the_seed_draws_weights_and_order(self) -> None:
        one, other = (
            next(ShortRun(CONFIG, 640, 1e-2, seed).training().steps()).loss for seed in (0, 1)
        )
        assert one != other
