"""A tiny model and data that every training test uses."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from course_lib.config import GPT2Config
from course_lib.models.gpt2 import GPT2

TINY = GPT2Config(vocab_size=17, context_length=8, d_model=12, n_heads=3, n_layers=2, dropout=0.1)


class CountedBatches:
    """Batch number n is drawn by a generator seeded with n."""

    def __init__(self, batch_size: int = 4) -> None:
        self.batch_size = batch_size
        self.n = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        while True:
            generator = torch.Generator().manual_seed(self.n)
            self.n += 1
            start = torch.randint(17, (self.batch_size, 1), generator=generator)
            rows = (start + 3 * torch.arange(9)) % 17
            yield rows[:, :-1], rows[:, 1:]

    def state_dict(self) -> dict[str, Any]:
        return {"n": self.n}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.n = state["n"]


def tiny_model(seed: int = 0) -> GPT2:
    return GPT2(TINY, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def model() -> GPT2:
    torch.manual_seed(0)  # for dropout
    return tiny_model()


@pytest.fixture
def batches() -> CountedBatches:
    return CountedBatches()
