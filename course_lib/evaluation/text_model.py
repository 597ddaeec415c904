"""A language model with its tokenizer, as evaluation sees it: text in, log-probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.evaluation.language_model import LanguageModelScore, perplexity
from course_lib.models import GPT2, Transformer
from course_lib.tokenizers import BytePairTokenizer

Logits = Callable[[Int[Tensor, "B T"]], Float[Tensor, "B T V"]]
ReadOn = Callable[[Int[Tensor, " P"], Int[Tensor, "N T"]], Float[Tensor, "N U V"]]
END_OF_TEXT = "<|endoftext|>"
_LOGITS_AT_ONCE = 60_000_000
_WORD_END = "</w>"  # GPT-1's vocabulary marks the last piece of a word


@dataclass(frozen=True)
class TextModel:
    """What evaluation needs to know of a model.

    Attributes:
        name: for tables.
        logits: maps token ids [B T] to logits [B T V].
        encode: maps a text to ids, without special tokens.
        pieces: the text of every token of the vocabulary.
        context_length: most tokens that are read at once.
        start: id of the token that stands before a text.
        read_on: a faster way of `log_probabilities`: reads a beginning [P] once and N different
            continuations of it [N T]; returns the logits after the beginning and after each token
            of the continuations, [N T+1 V]. By default each row is read as a whole.
    """

    name: str
    logits: Logits = field(repr=False)
    encode: Callable[[str], list[int]] = field(repr=False)
    pieces: Sequence[str] = field(repr=False)
    context_length: int
    start: int
    read_on: ReadOn | None = field(default=None, repr=False)

    def score(self, texts: str | Iterable[str], *, stride: int | None = None) -> LanguageModelScore:
        """Score texts, each on its own and from its first token on, after the start token.

        The bytes are those of the texts, so that bits per byte can be compared between models of
        any tokenizer, as long as encoding loses nothing.

        Raises:
            ValueError: All texts are empty, or the stride is impossible.
        """
        n_tokens, nats, n_bytes = 0, 0.0, 0
        batch = max(1, _LOGITS_AT_ONCE // (self.context_length * len(self.pieces)))
        for text in [texts] if isinstance(texts, str) else texts:
            if not text:
                continue
            n_bytes += len(text.encode())
            one = perplexity(
                self.logits,
                [self.start, *self.encode(text)],
                context_length=self.context_length,
                stride=stride,
                batch_size=batch,
            )
            n_tokens, nats = n_tokens + one.n_tokens, nats + one.total_nats
        if not n_tokens:
            raise ValueError("texts hold no text to score")
        return LanguageModelScore(n_tokens, nats, n_bytes)

    def split(self, before: str, option: str) -> tuple[list[int], list[int]]:
        """Encode a text and how it goes on, so that both together are the encoding of the whole.

        Where a token reaches over the border, it belongs to the second part.
        """
        whole, prefix = self.encode(before + option), self.encode(before)
        shared = 0
        while shared < min(len(prefix), len(whole) - 1) and prefix[shared] == whole[shared]:
            shared += 1
        return whole[:shared], whole[shared:]

    @torch.no_grad()
    def log_probabilities(
        self, prefix: Sequence[int], continuations: Sequence[Sequence[int]]
    ) -> list[Float[Tensor, "_ V"]]:
        """Return ln p(· | prefix, continuation[:i]) for i = 0 … its length, for each continuation.

        The start token stands before the prefix. A prefix that does not fit into the context loses
        its beginning, for all continuations alike.

        Raises:
            ValueError: No continuations, an empty one, or one as long as the context.
        """
        if not continuations or not all(continuations):
            raise ValueError("continuations must hold at least one, and none may be empty")
        longest = max(map(len, continuations))
        if longest >= self.context_length:
            raise ValueError(
                f"a continuation has {longest} tokens; {self.name} reads {self.context_length}, "
                "at least one of them before it"
            )
        kept = [self.start, *prefix][-(self.context_length - longest) :]
        rows = torch.full((len(continuations), longest), self.start)
        for row, tokens in zip(rows, continuations, strict=True):
            row[: len(tokens)] = torch.tensor(tokens)
        read_on = self.read_on or self._read_whole
        logits = read_on(torch.tensor(kept), rows)
        return [
            found[: len(tokens) + 1].float().log_softmax(-1)
            for found, tokens in zip(logits, continuations, strict=True)
        ]

    def _read_whole(
        self, prefix: Int[Tensor, " P"], rows: Int[Tensor, "N T"]
    ) -> Float[Tensor, "N U V"]:
        whole = torch.cat([prefix.expand(len(rows), -1), rows], dim=1)
        return self.logits(whole)[:, len(prefix) - 1 :]

    def may_end_word(self) -> Float[Tensor, " V"]:
        """Return 1 for each token that can follow a finished word: it begins no letter or digit."""
        if any(piece.endswith(_WORD_END) for piece in self.pieces):
            return torch.ones(len(self.pieces))
        return torch.tensor([0.0 if piece[:1].isalnum() else 1.0 for piece in self.pieces])


def course_text_model(
    model: GPT2 | Transformer, tokenizer: BytePairTokenizer, name: str
) -> TextModel:
    """Join a model of the course and its tokenizer, which has the token that parts documents."""

    def read_on(prefix: Int[Tensor, " P"], rows: Int[Tensor, "N T"]) -> Float[Tensor, "N U V"]:
        n, length = rows.shape
        assert isinstance(model, GPT2)
        cache = model.make_cache(1, len(prefix) + length)
        first = model.unembed(model.hidden_states(prefix[None], cache=cache)[:, -1:])
        cache.select(torch.zeros(n, dtype=torch.int64))
        return torch.cat([first.expand(n, -1, -1), model(rows, cache=cache)], dim=1)

    special = {i: text for text, i in tokenizer.special_tokens.items()}
    pieces = [
        special.get(i) or tokenizer.token_bytes(i).decode("utf-8", errors="replace")
        for i in range(tokenizer.vocab_size)
    ]
    return TextModel(
        name,
        model.eval(),
        tokenizer.encode,
        pieces,
        model.config.context_length,
        tokenizer.special_tokens[END_OF_TEXT],
        read_on if isinstance(model, GPT2) else None,
    )


def transformers_text_model(
    model: Any, tokenizer: Any, name: str, *, context_length: int | None = None
) -> TextModel:
    """Join a causal language model of `transformers` and its tokenizer.

    Args:
        model: the language model.
        tokenizer: its tokenizer.
        name: for tables.
        context_length: by default the model's own, at most 1,024.

    Raises:
        ValueError: the tokenizer has no token to put before a text.
    """

    def read_on(prefix: Int[Tensor, " P"], rows: Int[Tensor, "N T"]) -> Float[Tensor, "N U V"]:
        begun = model(prefix[None], use_cache=True)
        cache, first = begun.past_key_values, begun.logits[:, -1:]
        cache.batch_repeat_interleave(len(rows))
        rest = model(rows, past_key_values=cache, use_cache=True).logits
        return torch.cat([first.expand(len(rows), -1, -1), rest], dim=1)

    ids = {text: i for i, text in enumerate(_pieces(tokenizer, len(tokenizer)))}
    candidates = (ids.get(END_OF_TEXT), tokenizer.bos_token_id, tokenizer.eos_token_id)
    start = next((i for i in candidates if i is not None), None)
    if start is None:
        raise ValueError(f"the tokenizer of {name} has no token to put before a text")
    own = getattr(model.config, "max_position_embeddings", 1024)
    return TextModel(
        name,
        lambda tokens: model(tokens).logits,
        lambda text: tokenizer(text, add_special_tokens=False, verbose=False).input_ids,
        _pieces(tokenizer, model.get_output_embeddings().weight.shape[0]),
        context_length or min(own, 1024),
        start,
        read_on if _has_plain_cache(model) else None,
    )


def _has_plain_cache(model: Any) -> bool:
    """Whether the model keeps keys and values of all positions, and can copy them."""
    return model.config.model_type in ("gpt2", "llama", "qwen2", "qwen3", "mistral", "gpt_neox")


def _pieces(tokenizer: Any, size: int) -> list[str]:
    """The text of each token; vocabularies write a space before a word as Ġ or ▁."""
    names = tokenizer.convert_ids_to_tokens(list(range(min(size, len(tokenizer)))))
    pieces = [(name or "").replace("Ġ", " ").replace("▁", " ").replace("Ċ", "\n") for name in names]
    return pieces + [""] * (size - len(pieces))  # rows of the output that no token uses
