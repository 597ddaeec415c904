"""What is refused in the folder of a GPT-2; the rest is in test_saved_models."""

import pytest
import torch

from course_lib.config import GPT2Config
from course_lib.models import GPT2, load_gpt2, save_gpt2

TINY = GPT2Config(vocab_size=13, context_length=8, d_model=12, n_heads=3, n_layers=2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "llama"}, 'must be "gpt2", got .llama'),
        ({"activation_function": "relu"}, "got 'relu'"),
        ({"scale_attn_by_inverse_layer_idx": True}, "inverse_layer_idx is not supported"),
    ],
)
def test_settings_of_another_model(tmp_path, damage, changes, message):
    save_gpt2(GPT2(TINY, generator=torch.Generator().manual_seed(0)), tmp_path)
    damage(tmp_path, config=changes)
    with pytest.raises(ValueError, match=message):
        load_gpt2(tmp_path)
