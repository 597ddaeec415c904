import pytest
import torch

from course_lib.data import PairBatches, make_pair_batch, pad_rows
from course_lib.data.pair_batches import IGNORED

PAIRS = [([5] * (1 + i % 7), [6] * (1 + i % 5)) for i in range(40)]
SPECIAL = {"start": 1, "end": 2, "padding": 0}


def batches(**changes):
    options = {"max_tokens": 24, "generator": torch.Generator().manual_seed(0)} | changes
    return PairBatches(options.pop("pairs", PAIRS), **SPECIAL, **options)


def test_what_the_decoder_reads_and_says():
    batch = make_pair_batch([([5, 5], [6, 7]), ([5], [8])], **SPECIAL)
    assert batch.source.tolist() == [[5, 5], [5, 0]]
    assert batch.inputs.tolist() == [[1, 6, 7], [1, 8, 0]]
    assert batch.targets.tolist() == [[6, 7, 2], [8, 2, IGNORED]]


def test_an_epoch_holds_every_pair_once():
    rows = []
    for batch in batches().epoch():
        assert max(batch.source.numel(), batch.inputs.numel()) <= 24
        rows += zip((batch.source != 0).sum(1), (batch.targets == 6).sum(1), strict=True)
    lengths = [(int(s), int(t)) for s, t in rows]
    assert sorted(lengths) == sorted((len(s), len(t)) for s, t in PAIRS)


def test_the_generator_decides_the_order():
    def first_epoch(seed):
        found = batches(generator=torch.Generator().manual_seed(seed)).epoch()
        return [batch.source.tolist() for batch in found]

    assert first_epoch(1) == first_epoch(1) != first_epoch(2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_tokens": 0}, "max_tokens must be at least 1"),
        ({"max_tokens": 5}, "less than the longest side, 7"),
        ({"pairs": []}, "pairs is empty"),
        ({"group": 0}, "group must be at least 1"),
    ],
)
def test_bad_arguments(changes, message):
    with pytest.raises(ValueError, match=message):
        batches(**changes)


def test_bad_rows():
    with pytest.raises(ValueError, match="rows is empty"):
        pad_rows([], padding=0)
    with pytest.raises(ValueError, match="a row has 2 tokens"):
        pad_rows([[1, 2]], padding=0, length=1)
