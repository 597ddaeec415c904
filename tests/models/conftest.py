import json

import pytest
import torch
from safetensors.torch import load_file, save_file


@pytest.fixture
def damage():
    """A function that changes settings and tensors in a model's folder; None takes one away.

    A tensor is given by its new shape.
    """

    def change(folder, *, config=None, weights=None):
        values = json.loads((folder / "config.json").read_text()) | (config or {})
        kept = {name: value for name, value in values.items() if value is not None}
        (folder / "config.json").write_text(json.dumps(kept))
        tensors = load_file(folder / "model.safetensors")
        for name, shape in (weights or {}).items():
            if shape is None:
                del tensors[name]
            else:
                tensors[name] = torch.ones(shape)
        save_file(tensors, folder / "model.safetensors")

    return change
