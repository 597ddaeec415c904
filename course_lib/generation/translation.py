"""From a source to a target with an encoder–decoder: greedy for many at once, beam for one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from course_lib.config import check_positive
from course_lib.data.pair_batches import pad_rows
from course_lib.generation.beam_search import Hypothesis, search
from course_lib.generation.engine import evaluating
from course_lib.models.encoder_decoder import EncoderDecoder


def _check(model: EncoderDecoder, sources: Sequence[Sequence[int]], max_new_tokens: int) -> None:
    check_positive("max_new_tokens", max_new_tokens)
    limit = model.config.context_length
    if max_new_tokens > limit:
        raise ValueError(
            f"max_new_tokens={max_new_tokens} is more than context_length ({limit}) has room for"
        )
    if not sources or not all(sources):
        raise ValueError("sources: give at least one source, and no empty one")


@torch.inference_mode()
def translate_greedily(
    model: EncoderDecoder,
    sources: Sequence[Sequence[int]],
    *,
    start: int,
    end: int,
    max_new_tokens: int,
    batch_size: int = 64,
) -> list[list[int]]:
    """Write each target token by token, always the most probable one, until the end token.

    Sources of like length share a batch; the answers come in the order of the sources.

    Args:
        model: an encoder–decoder.
        sources: token ids of each source.
        start: token that begins what the decoder reads.
        end: token that ends a target; it is not part of the result.
        max_new_tokens: the most tokens of a target.
        batch_size: how many are translated at a time.

    Raises:
        ValueError, TypeError: a source is empty, or a number is out of range.
    """
    _check(model, sources, max_new_tokens)
    check_positive("batch_size", batch_size)
    order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
    found: dict[int, list[int]] = {}
    with evaluating(model):
        for begin in range(0, len(order), batch_size):
            places = order[begin : begin + batch_size]
            rows = pad_rows([sources[i] for i in places], padding=model.config.padding_id)
            source = rows.to(model.token_embedding.weight.device)
            written = _greedy_batch(model, source, start, end, max_new_tokens)
            for place, row in zip(places, written.tolist(), strict=True):
                found[place] = row[: row.index(end)] if end in row else row
    return [found[place] for place in range(len(sources))]


def _greedy_batch(
    model: EncoderDecoder,
    source: Int[Tensor, "B S"],
    start: int,
    end: int,
    max_new_tokens: int,
) -> Int[Tensor, "B T"]:
    memory = model.encode(source)
    cache = model.make_cache(source.shape[0], max_new_tokens)
    newest = torch.full_like(source[:, :1], start)
    is_done = torch.zeros_like(newest, dtype=torch.bool)
    written = []
    for _ in range(max_new_tokens):
        newest = model.decode(newest, memory, source, cache=cache)[:, -1:].argmax(dim=-1)
        written.append(newest)
        is_done |= newest == end
        if bool(is_done.all()):
            break
    return torch.cat(written, dim=1)


class _SourceScores:
    """`NextScores` of an encoder–decoder that has read one source."""

    def __init__(
        self, model: EncoderDecoder, source: Sequence[int], start: int, max_new_tokens: int
    ) -> None:
        self.model = model
        device = model.token_embedding.weight.device
        self.source = torch.tensor([list(source)], device=device)
        self.memory = model.encode(self.source)
        self.start = torch.tensor([[start]], device=device)
        self.cache = model.make_cache(1, max_new_tokens)

    def first(self) -> Tensor:
        return self._score(self.start)

    def following(self, rows: Tensor, tokens: Tensor) -> Tensor:
        self.cache.select(rows)
        return self._score(tokens[:, None])

    def _score(self, tokens: Tensor) -> Tensor:
        n_rows = tokens.shape[0]
        memory = self.memory.expand(n_rows, -1, -1)
        source = self.source.expand(n_rows, -1)
        return self.model.decode(tokens, memory, source, cache=self.cache)[:, -1]


@torch.inference_mode()
def translate_with_beam(
    model: EncoderDecoder,
    source: Sequence[int],
    *,
    start: int,
    end: int,
    beam_width: int,
    max_new_tokens: int,
    length_penalty: float = 0.0,
) -> list[Hypothesis]:
    """Look for the most probable target of one source by beam search.

    Args:
        model: an encoder–decoder.
        source: its token ids.
        start: token that begins what the decoder reads.
        end: token that ends a target; it is the last token of a finished hypothesis.
        beam_width: number of hypotheses kept; 1 is greedy.
        max_new_tokens: the most tokens of a target, the end token included.
        length_penalty: log-probabilities are divided by length ** length_penalty; see
            `beam_search`.

    Returns:
        Up to `beam_width` hypotheses, best first.

    Raises:
        ValueError, TypeError: the source is empty, or a number is out of range.
    """
    _check(model, [source], max_new_tokens)
    with evaluating(model):
        return search(
            _SourceScores(model, source, start, max_new_tokens),
            beam_width=beam_width,
            max_new_tokens=max_new_tokens,
            length_penalty=length_penalty,
            stop_tokens=(end,),
        )
