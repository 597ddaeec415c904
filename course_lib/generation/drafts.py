"""Who proposes and who checks in speculative decoding: a model with its cache, or a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.generation.engine import check_prompt, check_room
from course_lib.generation.fast_step import FastStep
from course_lib.models import Decoder

NextProbabilities = Callable[[Sequence[int]], Tensor | None]
"""The text so far → probabilities of its next token, [V]; None where it has no guess."""


@runtime_checkable
class NextLogits(Protocol):
    """Scores the token after each of the last beginnings of a text."""

    def logits(self, text: Sequence[int], n_last: int) -> Float[Tensor, "N V"] | None:
        """Score what follows the last `n_last` tokens of a text; None: no guess."""

    def forget(self, n_tokens: int) -> None:
        """The text was cut back to so many tokens; what was read behind them does not count."""


class CachedLogits:
    """`NextLogits` of a model; what it has read stays in its cache.

    Args:
        model: on any device; the logits come back on the CPU.
        role: its name in messages.
        prompt: what will be continued.
        n_new: by how many tokens, at most.

    Raises:
        ValueError: the prompt is empty, or does not fit the model together with the new tokens.
    """

    def __init__(self, model: Decoder, role: str, prompt: Sequence[int], n_new: int) -> None:
        check_prompt(model, prompt)
        check_room(model, len(prompt), n_new, role)
        self.model = model
        self.device = next(model.parameters()).device
        self.cache = model.make_cache(1, len(prompt) + n_new)
        fast = FastStep.supports(model)
        self.step = FastStep(model, self.cache, n_steps=n_new) if fast else None

    def logits(self, text: Sequence[int], n_last: int) -> Float[Tensor, "N V"]:
        """Read what is new of the text, and score."""
        new = torch.tensor([text[self.cache.length :]], device=self.device)
        if self.step is not None and new.shape[1] == n_last == 1:
            return self.step(new[0])
        hidden = self.model.hidden_states(new, cache=self.cache)
        return self.model.unembed(hidden[0, -n_last:]).cpu()

    def forget(self, n_tokens: int) -> None:
        """Cut the cache back."""
        self.cache.truncate(min(self.cache.length, n_tokens))


class FunctionLogits:
    """`NextLogits` of a function that gives probabilities; it has nothing to forget.

    Args:
        function: the text so far → probabilities, or None.
        vocab_size: V.
    """

    def __init__(self, function: NextProbabilities, vocab_size: int) -> None:
        self.function = function
        self.vocab_size = vocab_size

    def logits(self, text: Sequence[int], n_last: int) -> Float[Tensor, "1 V"] | None:
        """Ask the function, and take the logarithm; only `n_last` = 1 can be asked for.

        Raises:
            ValueError: what it returns are no probabilities, or not of V tokens.
        """
        if n_last != 1:
            raise ValueError(f"a function scores the next token only, asked for {n_last}")
        q = self.function(text)
        if q is None:
            return None
        if q.shape != (self.vocab_size,) or not (bool((q >= 0).all()) and float(q.sum()) > 0):
            raise ValueError(
                f"draft must return probabilities of the target's {self.vocab_size} tokens, or "
                f"None; got shape {tuple(q.shape)}, sum {float(q.sum()):.3g}, min {q.min():.3g}"
            )
        return q.log()[None]

    def forget(self, n_tokens: int) -> None:
        """Do nothing."""
