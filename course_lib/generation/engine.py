"""The decoding loop: feed tokens, choose the next, feed it back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from course_lib.config import check_positive
from course_lib.generation.fast_sampling import choose_one
from course_lib.generation.fast_step import FastStep
from course_lib.generation.sampling import SamplingConfig, choose
from course_lib.models import Decoder


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Switch dropout off inside a `with` block, and back on after it if it was on."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def window_start(n_tokens: int, context_length: int) -> int:
    """Where the part of a sequence that the model sees begins.

    A sequence that fits is seen whole. Whenever one token more than the context would be needed,
    the window moves on by half a context, so that the rest is encoded anew only now and then.

    >>> [window_start(n, 4) for n in range(1, 10)]
    [0, 0, 0, 0, 2, 2, 4, 4, 6]
    """
    half = max(1, context_length // 2)
    return -(-max(0, n_tokens - context_length) // half) * half


class _Reader:
    """Feeds a growing sequence to the model, new tokens only, and gives the last logits."""

    def __init__(
        self,
        model: Decoder,
        tokens: Tensor,
        is_token: Tensor | None,
        *,
        n_steps: int,
        use_cache: bool,
    ) -> None:
        self.model = model
        self.tokens = tokens
        self.is_token = is_token
        batch, room = tokens.shape
        self.context_length = model.config.context_length
        self.cache = model.make_cache(batch, min(room, self.context_length)) if use_cache else None
        self.start = 0
        fast = use_cache and batch == 1 and FastStep.supports(model)
        self.step = (
            FastStep(model, self.cache, n_steps=n_steps)
            if fast and self.cache is not None
            else None
        )

    def logits(self, n_tokens: int) -> Tensor:
        """Score what follows the first `n_tokens` tokens."""
        start = window_start(n_tokens, self.context_length)
        if self.cache is not None and start != self.start:
            self.cache.truncate(0)
        self.start = start
        read = start + (0 if self.cache is None else self.cache.length)
        if self.step is not None and n_tokens - read == 1:
            return self.step(self.tokens[0, read:n_tokens])
        mask = None if self.is_token is None else self.is_token[:, start:n_tokens]
        if mask is not None and bool(mask.all()):
            mask = None
        hidden = self.model.hidden_states(
            self.tokens[:, read:n_tokens], attention_mask=mask, cache=self.cache
        )
        return self.model.unembed(hidden[:, -1])


def check_prompt(model: Decoder, prompt: Sequence[int], name: str = "the prompt") -> None:
    """Raise ValueError unless the prompt holds tokens, and only ids of the vocabulary."""
    vocab_size = model.config.vocab_size
    if len(prompt) == 0:
        raise ValueError(f"{name} is empty; give at least one token, such as the end-of-text token")
    for token in prompt:
        if not 0 <= token < vocab_size:
            raise ValueError(f"{name} holds token {token}; ids must be in [0, {vocab_size})")


def check_room(model: Decoder, n_prompt: int, n_new: int, role: str = "") -> None:
    """Raise ValueError unless a prompt and the new tokens fit into the model's context."""
    limit = model.config.context_length
    if n_prompt + n_new > limit:
        place = f"the context_length of the {role}" if role else "context_length"
        raise ValueError(
            f"the prompt ({n_prompt} tokens) and max_new_tokens ({n_new}) must fit into {place} "
            f"({limit}) together; shorten one of them"
        )


def _left_pad(
    prompts: Sequence[Sequence[int]], room: int, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """Stack prompts so that all end at the same column; padding repeats a row's first token."""
    longest = max(map(len, prompts))
    tokens = torch.zeros(len(prompts), longest + room, dtype=torch.int64)
    is_token = torch.ones(tokens.shape, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        padding = longest - len(prompt)
        tokens[row, :padding] = prompt[0]
        tokens[row, padding:longest] = torch.tensor(prompt)
        is_token[row, :padding] = False
    mask = None if bool(is_token.all()) else is_token.to(device)
    return tokens.to(device), mask


@torch.inference_mode()
def _decode(
    model: Decoder,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    sampling: SamplingConfig,
    generator: torch.Generator | None,
    use_cache: bool,
) -> Iterator[list[int]]:
    """Yield the next token of every sequence, `max_new_tokens` times."""
    device = next(model.parameters()).device
    tokens, is_token = _left_pad(prompts, max_new_tokens, device)
    reader = _Reader(model, tokens, is_token, n_steps=max_new_tokens, use_cache=use_cache)
    chooser = choose_one if len(prompts) == 1 else choose
    first = tokens.shape[1] - max_new_tokens
    for end in range(first, first + max_new_tokens):
        chosen = chooser(reader.logits(end), tokens[:, :end], sampling, generator)
        tokens[:, end] = chosen
        yield chosen.tolist()


def stream(
    model: Decoder,
    prompt_ids: Sequence[int],
    *,
    max_new_tokens: int,
    sampling: SamplingConfig | None = None,
    stop_tokens: Collection[int] = (),
    generator: torch.Generator | None = None,
    use_cache: bool = True,
) -> Iterator[int]:
    """Continue one prompt, handing out each token as soon as it is chosen.

    Arguments and errors as in `generate`; mistakes are raised by the call itself, not by the
    first step. A stop token ends the stream and is not handed out.
    """
    check_positive("max_new_tokens", max_new_tokens)
    check_prompt(model, prompt_ids)
    sampling = SamplingConfig() if sampling is None else sampling

    def tokens() -> Iterator[int]:
        with evaluating(model):
            steps = _decode(model, [prompt_ids], max_new_tokens, sampling, generator, use_cache)
            for (token,) in steps:
                if token in stop_tokens:
                    return
                yield token

    return tokens()


def generate(
    model: Decoder,
    prompt_ids: Sequence[int] | Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    sampling: SamplingConfig | None = None,
    stop_tokens: Collection[int] = (),
    generator: torch.Generator | None = None,
    use_cache: bool = True,
) -> list[list[int]]:
    """Continue one prompt or several at once.

    Prompts of different lengths are padded on the left and the padding is masked, so each gets
    the continuation it would get alone (when greedy; drawn ones share the generator). Dropout is
    off while generating. When a sequence outgrows the context, the model goes on with its newer
    half (`window_start`); in a batch, padding counts as length.

    Args:
        model: a `GPT2` or a `Transformer`.
        prompt_ids: token ids of one prompt, or a list of prompts.
        max_new_tokens: the most tokens to add to each.
        sampling: how tokens are chosen; where not given, drawn from the model's distribution.
        stop_tokens: a sequence ends when one of these is chosen; it is not returned.
        generator: makes drawing repeatable.
        use_cache: keep keys and values (fast). The tokens are the same without.

    Returns:
        For each prompt the new token ids, without the prompt.

    Raises:
        ValueError, TypeError: a prompt is empty or holds an id outside the vocabulary, or
            `max_new_tokens` is not a positive integer.
    """
    check_positive("max_new_tokens", max_new_tokens)
    prompts: list[Sequence[int]] = []
    if len(prompt_ids) > 0 and isinstance(prompt_ids[0], int):
        prompts.append(prompt_ids)  # type: ignore[arg-type]
    else:
        prompts.extend(prompt_ids)  # type: ignore[arg-type]
    if not prompts:
        raise ValueError("prompt_ids must hold at least one prompt, got none")
    for index, prompt in enumerate(prompts):
        check_prompt(model, prompt, f"prompt {index}")
    sampling = SamplingConfig() if sampling is None else sampling
    out: list[list[int]] = [[] for _ in prompts]
    running = set(range(len(prompts)))
    with evaluating(model):
        steps = _decode(model, prompts, max_new_tokens, sampling, generator, use_cache)
        for tokens in steps:
            running -= {row for row in running if tokens[row] in stop_tokens}
            if not running:
                break
            for row in running:
                out[row].append(tokens[row])
    return out
