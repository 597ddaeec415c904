"""How much of a pretrained model is taken over."""

from __future__ import annotations

import torch

from course_lib.models import Transformer


@torch.no_grad()
def transfer(
    pretrained: Transformer,
    *,
    n_layers: int,
    embeddings: bool = True,
    generator: torch.Generator | None = None,
) -> Transformer:
    """Return a fresh model with the embeddings and the first blocks of a pretrained one.

    The blocks above `n_layers` are fresh. Tokens and positions go together. With all blocks and
    the embeddings it is the pretrained model; with nothing it is trained from scratch.

    Source: Radford et al. 2018, section 5 and figure 2 (left).

    Args:
        pretrained: stays as it is; post-norm, so there is no final norm to be taken over.
        n_layers: number of blocks taken over, from the bottom.
        embeddings: whether token and position vectors are taken over.
        generator: draws the fresh weights.

    Raises:
        ValueError: the model does not have that many blocks, or its norm is not "post".
    """
    config = pretrained.config
    if not 0 <= n_layers <= config.n_layers:
        raise ValueError(f"n_layers must be from 0 to {config.n_layers}, got {n_layers}")
    if config.norm_place != "post":
        raise ValueError('pretrained must be a post-norm model (norm_place="post"), as GPT-1 is')
    model = Transformer(config, generator=generator)
    target = model.state_dict()
    for name, weight in pretrained.state_dict().items():
        is_block = name.startswith("blocks.")
        if embeddings if not is_block else int(name.split(".")[1]) < n_layers:
            target[name].copy_(weight)
    return model
