"""GPT-2's tokenizer: byte-pair encoding over UTF-8 bytes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from operator import index
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Literal, SupportsIndex

from course_lib.tokenizers.byte_unicode import BYTE_IDS, BYTE_ORDER, unprintable
from course_lib.tokenizers.fast_training import train_byte_pair
from course_lib.tokenizers.pair_merging import count_words, word_bytes
from course_lib.tokenizers.streaming import read_text, split_stream
from course_lib.tokenizers.vocabulary_files import read_vocabulary, write_vocabulary
from course_lib.tokenizers.word_encoding import WordCache, encode_any_word

AllowedSpecial = Collection[str] | Literal["all"]


class BytePairTokenizer:
    """Byte-level byte-pair encoding with GPT-2's split pattern.

    Ids: 0–255 are the bytes, in GPT-2's order; then one id per merge; special tokens come last.
    Any text and any bytes have an encoding, and decoding gives them back: there is no "unknown".

    Special tokens such as ``<|endoftext|>`` stand for themselves only where `allowed_special`
    names them; everywhere else their characters are ordinary text, so that no user's text can
    smuggle a control token into a prompt (as `encode_ordinary` does in tiktoken).

    >>> tokenizer = BytePairTokenizer([(b"l", b"o"), (b"lo", b"w")])
    >>> tokenizer.pieces(tokenizer.encode("low tide"))
    ['low', ' ', 't', 'i', 'd', 'e']

    Source: Radford et al. 2019, section 2.2. Raises ValueError when a merge uses a token that no
    earlier merge made, makes a token twice, or a special token is empty, repeated or a token.
    """

    def __init__(
        self, merges: Iterable[tuple[bytes, bytes]], *, special_tokens: Sequence[str] = ()
    ) -> None:
        self.merges = list(merges)
        ids = {bytes([b]): i for i, b in enumerate(BYTE_ORDER)}
        self._merged: dict[tuple[int, int], int] = {}
        for n, (left, right) in enumerate(self.merges):
            if left not in ids or right not in ids or left + right in ids:
                raise ValueError(
                    f"merges: number {n}, {left!r} + {right!r}, must join two earlier tokens into "
                    "a new one; give the merges in the order in which they were learned"
                )
            self._merged[ids[left], ids[right]] = ids[left + right] = 256 + n
        self._token_bytes = {i: token for token, i in ids.items()}
        self.special_tokens = self._check_special(special_tokens)
        self._token_bytes.update((i, word_bytes(s)) for s, i in self.special_tokens.items())
        self._words = {
            errors: WordCache(partial(self._encode_word, errors=errors))
            for errors in ("surrogatepass", "surrogateescape")
        }

    def _check_special(self, special_tokens: Sequence[str]) -> Mapping[str, int]:
        if isinstance(special_tokens, str):
            raise TypeError(f"special_tokens is one str; give a list, [{special_tokens!r}]")
        for n, token in enumerate(special_tokens):
            if not token:
                problem = "is empty"
            elif token in special_tokens[:n]:
                problem = "is listed twice"
            elif self._is_token(token):
                problem = "is how the files write a token that exists already"
            else:
                continue
            raise ValueError(
                f"special_tokens: {token!r} {problem}; each must be a text of its own, "
                "like '<|endoftext|>'"
            )
        first = len(self._token_bytes)
        return MappingProxyType({s: first + n for n, s in enumerate(special_tokens)})

    def _is_token(self, name: str) -> bool:
        try:
            return unprintable(name) in self._token_bytes.values()
        except ValueError:  # not in the alphabet of the files: no token is written like this
            return False

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        *,
        special_tokens: Sequence[str] = (),
        min_count: int = 2,
    ) -> "BytePairTokenizer":
        """Learn the merges from texts, each an independent document.

        The vocabulary is smaller than `vocab_size` if the texts run out of pairs that occur
        `min_count` times. Special tokens written in the texts are left out of the counts.

        Raises ValueError when `vocab_size` has no room for the bytes and the special tokens.
        """
        smallest = 256 + len(special_tokens)
        if vocab_size < smallest:
            raise ValueError(
                f"vocab_size is {vocab_size}; it must be at least {smallest}: 256 bytes and "
                f"{len(special_tokens)} special tokens"
            )
        cls([], special_tokens=special_tokens)  # refuse bad special tokens before the long work
        counts = count_words(texts, special_tokens=special_tokens)
        steps = train_byte_pair(counts, vocab_size - smallest, min_count=min_count)
        return cls([(step.left, step.right) for step in steps], special_tokens=special_tokens)

    @property
    def vocab_size(self) -> int:
        """Number of ids, V: 256 bytes, the merges, and the special tokens."""
        return len(self._token_bytes)

    def encode(self, text: str, *, allowed_special: AllowedSpecial = ()) -> list[int]:
        """Turn text into ids; special tokens named in `allowed_special` (or "all") count as such.

        Raises ValueError when `allowed_special` names a token this tokenizer does not have.
        """
        return list(self._encode_chunks(read_text([text]), allowed_special, "surrogatepass"))

    def encode_bytes(self, data: bytes) -> list[int]:
        """Turn bytes into ids, whether or not they are valid UTF-8.

        For the UTF-8 form of a text this is the encoding of the text.
        """
        text = data.decode("utf-8", errors="surrogateescape")  # bad bytes ↔ U+DC80 … U+DCFF
        return list(self._encode_chunks(read_text([text]), (), "surrogateescape"))

    def encode_stream(
        self, source: Iterable[str] | BinaryIO, *, allowed_special: AllowedSpecial = ()
    ) -> Iterator[int]:
        """Yield the ids of one long text that arrives in pieces, in constant memory.

        `source` gives consecutive pieces of the text, cut anywhere, or is a file opened in binary
        mode, read as UTF-8 (bad bytes as in `encode_bytes`). The ids are those of the whole text.
        Memory grows only with the longest run without a word boundary (GPT-2's pattern cuts at
        every space).

        >>> tokenizer = BytePairTokenizer([(b"l", b"o"), (b"lo", b"w")])
        >>> list(tokenizer.encode_stream(["slo", "w"])) == tokenizer.encode("slow")
        True
        """
        errors = "surrogateescape" if hasattr(source, "read") else "surrogatepass"
        return self._encode_chunks(read_text(source), allowed_special, errors)

    def _encode_chunks(
        self, chunks: Iterable[str], allowed_special: AllowedSpecial, errors: str
    ) -> Iterator[int]:
        parts = split_stream(chunks, self._allowed(allowed_special))
        return chain.from_iterable(self._part_ids(part, errors) for part in parts)

    def _part_ids(self, part: list[str] | str, errors: str) -> Iterable[int]:
        if isinstance(part, str):
            return (self.special_tokens[part],)
        return chain.from_iterable(map(self._words[errors].__getitem__, part))

    def _allowed(self, allowed_special: AllowedSpecial) -> list[str]:
        if allowed_special == "all":
            return list(self.special_tokens)
        if isinstance(allowed_special, str):
            raise TypeError(f"allowed_special is one str; give a list, [{allowed_special!r}]")
        for token in allowed_special:
            if token not in self.special_tokens:
                raise ValueError(
                    f"allowed_special: {token!r} is not a special token of this tokenizer; "
                    f"it has {list(self.special_tokens)}"
                )
        return list(allowed_special)

    def _encode_word(self, word: str, errors: str) -> list[int]:
        data = word.encode("utf-8", errors=errors)
        return encode_any_word(list(data.translate(BYTE_IDS)), self._merged)

    def decode_bytes(self, ids: Iterable[SupportsIndex]) -> bytes:
        """Join the bytes of the ids; a special token gives its own text.

        Raises ValueError naming the first unknown id.
        """
        try:
            return b"".join(map(self._token_bytes.__getitem__, map(index, ids)))
        except KeyError as error:
            raise ValueError(
                f"ids: id {error.args[0]} is unknown; ids of this tokenizer are "
                f"0 to {self.vocab_size - 1}"
            ) from None

    def decode(self, ids: Iterable[SupportsIndex]) -> str:
        """Turn ids back into text; bytes that are not UTF-8 become U+FFFD, �.

        Lone surrogates, which `encode` accepts, come back as they were.
        """
        data = self.decode_bytes(ids)
        try:
            return data.decode("utf-8", errors="surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", errors="replace")

    def token_bytes(self, token_id: SupportsIndex) -> bytes:
        """Return the bytes of one token."""
        return self.decode_bytes([token_id])

    def pieces(self, ids: Iterable[SupportsIndex]) -> list[str]:
        r"""Return each token as text to show; parts of a character appear as ``\xNN``."""
        return [self.token_bytes(i).decode("utf-8", errors="backslashreplace") for i in ids]

    def save(self, folder: str | Path) -> None:
        """Write `vocab.json` and `merges.txt` in GPT-2's format, readable by `tokenizers`."""
        write_vocabulary(Path(folder), self.merges, list(self.special_tokens))

    @classmethod
    def load(cls, folder: str | Path) -> "BytePairTokenizer":
        """Read what `save` wrote; tokens that are neither bytes nor merges are special.

        Raises FileNotFoundError for a missing file, ValueError naming a damaged one.
        """
        vocab_path = Path(folder) / "vocab.json"
        merges, special_tokens = read_vocabulary(vocab_path, Path(folder) / "merges.txt")
        try:
            return cls(merges, special_tokens=special_tokens)
        except ValueError as error:
            raise ValueError(f"{vocab_path} is damaged: {error}") from None
