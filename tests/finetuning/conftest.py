import pytest
import torch

from course_lib.config import TransformerConfig
from course_lib.models import Transformer


@pytest.fixture
def small():
    """A GPT-1 of toy size, without dropout."""
    config = TransformerConfig(20, 16, d_model=24, n_heads=2, n_layers=3, norm_place="post")
    return Transformer(config, generator=torch.Generator().manual_seed(0)).eval()
