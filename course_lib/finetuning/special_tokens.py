"""Three new tokens, and a model that has rows for them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from course_lib.config import check_positive
from course_lib.models import Transformer


@dataclass(frozen=True)
class SpecialTokens:
    """Ids of the three tokens that pretraining has never seen.

    Source: Radford et al. 2018, section 3.3 and figure 1.

    Attributes:
        start: ⟨s⟩, begins every row.
        delimiter: $, stands between two texts.
        extract: ⟨e⟩, ends every row; the answer is read from its position.
    """

    start: int
    delimiter: int
    extract: int

    def __post_init__(self) -> None:
        if len({self.start, self.delimiter, self.extract}) < 3:
            raise ValueError(f"start, delimiter and extract must be different tokens, got {self}")

    @classmethod
    def after(cls, vocab_size: int) -> SpecialTokens:
        """Return the three ids that follow a vocabulary.

        >>> SpecialTokens.after(100)
        SpecialTokens(start=100, delimiter=101, extract=102)
        """
        check_positive("vocab_size", vocab_size)
        return cls(vocab_size, vocab_size + 1, vocab_size + 2)


@torch.no_grad()
def grow_vocabulary(
    model: Transformer, n_new: int = 3, *, generator: torch.Generator | None = None
) -> Transformer:
    """Return a copy of a model with rows for more tokens after its old ones.

    The old rows and all other weights are those of the model. New rows are drawn as a fresh model
    draws them. Where the output matrix is the embedding (tied), both grow at once; else both get
    new rows.

    Args:
        model: stays as it is.
        n_new: number of new tokens.
        generator: draws the new rows; the global one where not given.

    Raises:
        ValueError, TypeError: `n_new` is not a positive integer.
    """
    check_positive("n_new", n_new)
    old = model.config.vocab_size
    grown = Transformer(replace(model.config, vocab_size=old + n_new), generator=generator)
    target = grown.state_dict()
    for name, weight in model.state_dict().items():
        if weight.shape == target[name].shape:
            target[name].copy_(weight)
        else:  # the embedding, and the output matrix where it is not the same
            target[name][:old].copy_(weight)
    return grown.to(model.token_embedding.weight.device).train(model.training)
