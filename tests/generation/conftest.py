import pytest
import torch

from course_lib.config import GPT2Config
from course_lib.models import GPT2, Transformer, TransformerConfig


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


LLAMA = {
    "positions": "rotary",
    "norm": "rms",
    "feed_forward": "swiglu",
    "bias": False,
    "n_kv_heads": 2,
    "norm_eps": 1e-5,
    "rotary_base": 100.0,
}
VARIANTS = {
    "llama": LLAMA,
    "llama, untied, 1 key head": LLAMA | {"tied": False, "n_kv_heads": 1},
    "GPT-1": {"norm_place": "post"},
    "sinusoids, ReLU, own keys": {"positions": "sinusoidal", "feed_forward": "relu"},
    "alibi": {"positions": "alibi", "bias": False},
    "no positions": {"positions": "none", "norm": "rms"},
}


@pytest.fixture
def make_transformer():
    """The same for every kind of `Transformer`."""

    def make(kind, seed=0, **changes):
        sizes = {"vocab_size": 29, "context_length": 16, "d_model": 24, "n_heads": 4, "n_layers": 2}
        config = TransformerConfig(**(sizes | VARIANTS[kind] | changes))
        model = Transformer(config, generator=torch.Generator().manual_seed(seed)).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if not name.endswith("norm.gain"):
                    parameter.mul_(10)
        return model

    return make


@pytest.fixture(params=VARIANTS)
def transformer(request, make_transformer):
    return make_transformer(request.param)
