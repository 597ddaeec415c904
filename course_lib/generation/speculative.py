"""Speculative decoding: a cheap draft proposes several tokens, the target checks them in one pass.

`speculate` knows nothing of models; `speculative_generate` runs it on a decoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.config import check_positive
from course_lib.generation.drafts import (
    CachedLogits,
    FunctionLogits,
    NextLogits,
    NextProbabilities,
)
from course_lib.generation.engine import evaluating
from course_lib.generation.sampling import SamplingConfig, draw, filter_logits
from course_lib.models import GPT2, Decoder, Transformer


@dataclass(frozen=True)
class SpeculativeResult:
    """What was written, and how it came about.

    Attributes:
        tokens: the new tokens.
        drafted: for each round, how many tokens the draft proposed.
        accepted: for each round, how many of them were kept; one token more was written.
    """

    tokens: tuple[int, ...]
    drafted: tuple[int, ...]
    accepted: tuple[int, ...]

    @property
    def rounds(self) -> int:
        """How often the target was run."""
        return len(self.accepted)

    @property
    def acceptance(self) -> float:
        """Share of tokens kept among those tested: behind a rejection nothing is tested."""
        n_tested = sum(min(a + 1, n) for a, n in zip(self.accepted, self.drafted, strict=True))
        return sum(self.accepted) / n_tested if n_tested else 0.0


def expected_tokens(acceptance: float, n_draft: int) -> float:
    """Tokens per round if each draft is kept with probability α: (1 − αᵏ⁺¹) / (1 − α).

    Source: Leviathan et al. 2023, equation 1.

    >>> expected_tokens(0.5, 2)  # 1 + 0.5 + 0.25
    1.75
    """
    return float(sum(acceptance**i for i in range(n_draft + 1)))


def residual(p: Float[Tensor, " V"], q: Float[Tensor, " V"]) -> Float[Tensor, " V"]:
    """Where a rejected draft is drawn anew from: max(0, p − q), normalized.

    Where p = q nothing is ever rejected; then it is p.
    """
    missing = (p - q).clamp(min=0)
    total = missing.sum()
    return missing / total if total > 0 else p


def accept_or_resample(
    token: int,
    p: Float[Tensor, " V"],
    q: Float[Tensor, " V"],
    generator: torch.Generator | None = None,
) -> int:
    """Turn a draw from q into a draw from p: keep it with min(1, p/q), else draw from `residual`.

    A token that comes back changed was rejected: the residual is 0 at a rejected token.

    Source: Leviathan et al. 2023, section 2.3; Chen et al. 2023, algorithm 2.
    """
    u = torch.rand((), generator=generator, dtype=p.dtype)
    if u * q[token] < p[token]:
        return token
    return int(draw(residual(p, q), generator))


def distribution(
    logits: Float[Tensor, " V"], text: Sequence[int], sampling: SamplingConfig
) -> Float[Tensor, " V"]:
    """Return what `sampling` draws the next token from; if greedy, all is on one token."""
    filtered = filter_logits(logits.double(), torch.tensor(text), sampling)
    if sampling.greedy:
        return torch.zeros_like(filtered).index_fill(0, filtered.argmax(), 1.0)
    return filtered.softmax(dim=-1)


def speculate(
    target: NextLogits,
    draft: NextLogits,
    prompt: Sequence[int],
    *,
    max_new_tokens: int,
    n_draft: int,
    sampling: SamplingConfig,
    generator: torch.Generator | None = None,
) -> SpeculativeResult:
    """Draft, check, keep; arguments and method as in `speculative_generate`."""
    text, end = list(prompt), len(prompt) + max_new_tokens
    drafted, accepted = [], []
    while len(text) < end:
        guesses: list[int] = []
        beliefs: list[Tensor] = []
        for _ in range(min(n_draft, end - len(text) - 1)):
            scores = draft.logits([*text, *guesses], 1)
            if scores is None:
                break
            beliefs.append(distribution(scores[0], [*text, *guesses], sampling))
            guesses.append(int(draw(beliefs[-1], generator)))
        scores = target.logits([*text, *guesses], len(guesses) + 1)
        assert scores is not None
        n_kept = 0
        for guess, q, row in zip(guesses, beliefs, scores, strict=False):
            p = distribution(row, text, sampling)
            text.append(accept_or_resample(guess, p, q, generator))
            if text[-1] != guess:
                break
            n_kept += 1
        else:  # nothing was rejected: the last row is for one token more
            text.append(int(draw(distribution(scores[-1], text, sampling), generator)))
        target.forget(len(text) - 1)
        draft.forget(len(text) - 1)
        drafted.append(len(guesses))
        accepted.append(n_kept)
    return SpeculativeResult(tuple(text[len(prompt) :]), tuple(drafted), tuple(accepted))


@torch.inference_mode()
def speculative_generate(
    target: Decoder,
    draft: Decoder | NextProbabilities,
    prompt: Sequence[int],
    *,
    max_new_tokens: int,
    n_draft: int = 4,
    sampling: SamplingConfig | None = None,
    generator: torch.Generator | None = None,
) -> SpeculativeResult:
    """Write what `generate` would write with the target, running it once for several tokens.

    In each round the draft writes up to `n_draft` tokens, the target scores all of them in one
    pass, and `accept_or_resample` goes through them until one is rejected. If none is, the target's
    last row gives one token more. So a round writes at least one token, and each token is a draw
    from the target's distribution whatever the draft is. Greedy texts are equal token for token,
    unless two logits of the target are equal up to rounding.

    Source: Leviathan et al. 2023, algorithm 1; Chen et al. 2023, algorithm 2.

    Args:
        target: the model whose text is wanted.
        draft: a smaller model with the same tokenizer, or a function: text so far → probabilities
            [V], or None where it has no guess (the round then goes on with the guesses so far).
        prompt: what to continue.
        max_new_tokens: how many tokens to add.
        n_draft: the most tokens drafted in a round.
        sampling: filters, applied to both distributions.
        generator: makes drawing repeatable.

    Raises:
        ValueError, TypeError: a number is out of range, the prompt is empty or too long for one
            of the models, or their vocabularies differ in size.
    """
    check_positive("max_new_tokens", max_new_tokens)
    check_positive("n_draft", n_draft)
    vocab_size = target.config.vocab_size
    proposer: NextLogits
    with evaluating(target), evaluating(draft if isinstance(draft, GPT2 | Transformer) else target):
        checker = CachedLogits(target, "target", prompt, max_new_tokens)
        if isinstance(draft, GPT2 | Transformer):
            if draft.config.vocab_size != vocab_size:
                raise ValueError(
                    f"target and draft must share a vocabulary; they have {vocab_size} and "
                    f"{draft.config.vocab_size} tokens"
                )
            proposer = CachedLogits(draft, "draft", prompt, max_new_tokens)
        else:
            proposer = FunctionLogits(draft, vocab_size)
        return speculate(
            checker, proposer, prompt, max_new_tokens=max_new_tokens, n_draft=n_draft,
            sampling=sampling or SamplingConfig(), generator=generator,
        )  # fmt: skip
