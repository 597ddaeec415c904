import pytest
import torch

from course_lib.config import GPT2Config
from course_lib.models import GPT2


@pytest.fixture(autouse=True)
def _one_thread():
    """At these sizes more threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_model():
    """Return a maker of tiny models whose outputs vary with the input: weights ten times larger."""

    def make(seed=0, **changes):
        sizes = {"vocab_size": 29, "context_length": 16, "d_model": 24, "n_heads": 3, "n_layers": 2}
        config = GPT2Config(**(sizes | changes))
        model = GPT2(config, generator=torch.Generator().manual_seed(seed)).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(10)
        return model

    return make


@pytest.fixture
def model(make_model):
    return make_model()
