"""Contrastive search: a probable token whose hidden state is unlike those of the text so far."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from course_lib.config import check_positive
from course_lib.generation.engine import check_prompt, check_room, evaluating
from course_lib.models import Decoder


@torch.inference_mode()
def contrastive_search(
    model: Decoder,
    prompt: Sequence[int],
    *,
    max_new_tokens: int,
    n_candidates: int = 4,
    penalty: float = 0.6,
) -> list[int]:
    """Continue a prompt without drawing and with little repetition.

    Of the k most probable tokens v it takes the one with the greatest

        (1 − α) · p(v) − α · maxⱼ cos(h(v), h(xⱼ)),

    where h is the last hidden state (after the final norm) at a token, v's after reading it, and j
    runs over all tokens so far. With α = 0 or k = 1 it is greedy decoding.

    Source: Su et al. 2022, equation 5.

    Args:
        model: a `GPT2` or a `Transformer`.
        prompt: what to continue.
        max_new_tokens: how many tokens to add.
        n_candidates: k. Each step reads k tokens, one row each.
        penalty: α.

    Returns:
        The new tokens.

    Raises:
        ValueError, TypeError: a number is out of range, the prompt is empty or too long.
    """
    check_positive("max_new_tokens", max_new_tokens)
    check_positive("n_candidates", n_candidates)
    check_prompt(model, prompt)
    check_room(model, len(prompt), max_new_tokens)
    if not 0 <= penalty <= 1:
        raise ValueError(f"penalty is a weight and must be in [0, 1], got {penalty}")
    device = next(model.parameters()).device
    cache = model.make_cache(1, len(prompt) + max_new_tokens)
    tokens: list[int] = []
    with evaluating(model):
        hidden = model.hidden_states(torch.tensor([list(prompt)], device=device), cache=cache)[0]
        last, directions = hidden[-1], F.normalize(hidden, dim=-1)
        for _ in range(max_new_tokens):
            probabilities = model.unembed(last).softmax(dim=-1)
            best = probabilities.topk(min(n_candidates, len(probabilities)))
            cache.select(torch.zeros_like(best.indices))  # one row for each candidate
            after = model.hidden_states(best.indices[:, None], cache=cache)[:, 0]
            cosines = F.normalize(after, dim=-1) @ directions.T  # [k, tokens so far]
            score = (1 - penalty) * best.values - penalty * cosines.amax(dim=-1)
            row = score.argmax()
            cache.select(row[None])
            tokens.append(int(best.indices[row]))
            last = after[row]
            directions = torch.cat([directions, F.normalize(last, dim=-1)[None]])
    return tokens
