"""Windows of tokens: shifted by one, in order, each once, and the same again after a resume."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_lib.data import RandomBatches, SequentialBatches, ShuffledBatches


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def take(batches: RandomBatches, count: int) -> list[torch.Tensor]:
    return [batches.draw()[0] for _ in range(count)]


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("context_length", [1, 7])
@pytest.mark.parametrize("kind", ["tensor", "uint16 array"])
def test_random_windows_are_shifted_by_one(batch_size, context_length, kind):
    tokens = torch.arange(50) if kind == "tensor" else np.arange(50, dtype=np.uint16)
    inputs, targets = RandomBatches(tokens, batch_size, context_length, generator=seeded()).draw()
    assert inputs.shape == targets.shape == (batch_size, context_length)
    assert inputs.dtype == targets.dtype == torch.int64
    assert torch.equal(targets, inputs + 1)
    assert torch.equal(inputs - inputs[:, :1], torch.arange(context_length).expand_as(inputs))


def test_random_starts_reach_the_first_and_the_last_window():
    batches = RandomBatches(torch.arange(6), 200, 3, generator=seeded())
    assert set(batches.draw()[0][:, 0].tolist()) == {0, 1, 2}


def test_random_batches_from_the_shortest_text():
    inputs, targets = RandomBatches(torch.arange(4), 2, 3, generator=seeded()).draw()
    assert inputs.tolist() == [[0, 1, 2]] * 2
    assert targets.tolist() == [[1, 2, 3]] * 2


def test_random_batches_are_decided_by_the_generator():
    first, second, other = (
        RandomBatches(torch.arange(1000), 4, 5, generator=seeded(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first.draw()[0], second.draw()[0])
    assert not torch.equal(first.draw()[0], other.draw()[0])


def test_random_batches_resume_exactly():
    batches = RandomBatches(torch.arange(1000), 4, 5, generator=seeded())
    take(batches, 3)
    state = batches.state_dict()
    expected = take(batches, 3)
    resumed = RandomBatches(torch.arange(1000), 4, 5, generator=seeded(99))
    resumed.load_state_dict(state)
    assert all(torch.equal(a, b) for a, b in zip(expected, take(resumed, 3), strict=True))


def test_random_batches_go_on_without_end():
    batches = iter(RandomBatches(torch.arange(10), 1, 2, generator=seeded()))
    assert len([next(batches) for _ in range(100)]) == 100


@given(
    length=st.integers(2, 200),
    batch_size=st.integers(1, 6),
    context_length=st.integers(1, 12),
    offset=st.integers(0, 20),
)
def test_sequential_rows_read_on(length, batch_size, context_length, offset):
    tokens = torch.arange(length)
    if length - offset < batch_size * context_length + 1:
        with pytest.raises(ValueError, match=r"tokens has .* tokens|offset is"):
            SequentialBatches(tokens, batch_size, context_length, offset=offset)
        return
    batches = SequentialBatches(tokens, batch_size, context_length, offset=offset)
    pairs = list(batches)
    assert len(pairs) == len(batches) >= 1
    rows = torch.cat([inputs for inputs, _ in pairs], dim=1)
    targets = torch.cat([targets for _, targets in pairs], dim=1)
    assert torch.equal(targets, rows + 1)  # with tokens 0, 1, 2, …: each row is an unbroken run
    assert rows[0, 0] == offset
    assert torch.equal(rows[:, 1:], rows[:, :-1] + 1)
    assert rows.unique().numel() == rows.numel()  # each token at most once
    left_over = (length - offset - 1) - rows.numel()
    assert left_over < batch_size * (context_length + 1)


def test_sequential_batches_of_an_array_equal_those_of_a_tensor():
    of_array = SequentialBatches(np.arange(40, dtype=np.uint16), 3, 4)
    of_tensor = SequentialBatches(torch.arange(40), 3, 4)
    for (a, b), (c, d) in zip(of_array, of_tensor, strict=True):
        assert torch.equal(a, c)
        assert torch.equal(b, d)


def test_sequential_batches_resume_exactly_and_then_start_over():
    batches = SequentialBatches(torch.arange(41), 2, 5)
    reading = iter(batches)
    next(reading)
    state = batches.state_dict()
    rest = [inputs.tolist() for inputs, _ in reading]
    resumed = SequentialBatches(torch.arange(41), 2, 5)
    resumed.load_state_dict(state)
    assert [inputs.tolist() for inputs, _ in resumed] == rest
    assert len(list(resumed)) == len(batches) == len(rest) + 1
    assert batches.state_dict() == {"batch": 0}


def test_sequential_pass_left_early_begins_anew():
    batches = SequentialBatches(torch.arange(41), 2, 5)
    first = next(iter(batches))[0]
    assert torch.equal(next(iter(batches))[0], first)


LONG = torch.arange(100)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: RandomBatches(LONG[:8], 1, 8, generator=seeded()),
            ValueError,
            "need 9: use a longer",
        ),
        (lambda: SequentialBatches(LONG[:20], 4, 5), ValueError, "need 21: use a longer text"),
        (lambda: SequentialBatches(LONG, 1, 5, offset=100), ValueError, "offset is 100"),
        (lambda: SequentialBatches(LONG, 1, 5, offset=-1), ValueError, "offset is -1"),
        (
            lambda: SequentialBatches(LONG, 0, 5),
            ValueError,
            "batch_size is 0; it must be at least 1",
        ),
        (lambda: RandomBatches(LONG, 1, 0, generator=seeded()), ValueError, "context_length is 0"),
        (lambda: SequentialBatches(LONG.view(10, 10), 1, 5), ValueError, r"shape \(10, 10\)"),
        (lambda: SequentialBatches(LONG.float(), 1, 5), TypeError, "dtype torch.float32"),
    ],
)
def test_bad_inputs(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_state_of_other_data_is_refused():
    with pytest.raises(
        ValueError, match="state is at batch 99, but a pass over these tokens has 4"
    ):
        SequentialBatches(torch.arange(41), 2, 5).load_state_dict({"batch": 99})


class TestShuffledBatches:
    def make(self, seed: int = 0, n_tokens: int = 1000) -> ShuffledBatches:
        generator = torch.Generator().manual_seed(seed)
        return ShuffledBatches(torch.arange(n_tokens), 4, 16, generator=generator)

    def test_a_pass_gives_no_token_twice(self) -> None:
        batches = self.make()
        source = iter(batches)
        inputs = torch.cat([next(source)[0] for _ in range(len(batches))]).flatten()
        assert inputs.numel() == inputs.unique().numel() == 15 * 4 * 16

    def test_targets_are_the_tokens_after(self) -> None:
        inputs, targets = next(iter(self.make()))
        assert inputs.shape == targets.shape == (4, 16)
        assert torch.equal(targets, inputs + 1)

    def test_passes_and_seeds_differ(self) -> None:
        source = iter(self.make())
        passes = [[next(source)[0] for _ in range(15)] for _ in range(2)]
        assert not torch.equal(torch.cat(passes[0]), torch.cat(passes[1]))
        assert not torch.equal(passes[0][0], next(iter(self.make(seed=1)))[0])

    @pytest.mark.parametrize("n_given", [0, 1, 14, 15, 16, 40])
    def test_resumed_source_goes_on_with_the_next_batch(self, n_given: int) -> None:
        first = self.make()
        source = iter(first)
        for _ in range(n_given):
            next(source)
        second = self.make(seed=9)
        second.load_state_dict(first.state_dict())
        resumed = iter(second)
        for _ in range(20):
            assert torch.equal(next(source)[0], next(resumed)[0])

    def test_shortest_text_that_fills_a_pass(self) -> None:
        assert len(self.make(n_tokens=81)) == 1
        next(iter(self.make(n_tokens=81)))
        with pytest.raises(ValueError, match="tokens has 80 tokens"):
            self.make(n_tokens=80)
