"""What every tokenizer of the course can do."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, SupportsIndex, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """A two-way map between text and a list of token ids 0 … vocab_size − 1.

    Every tokenizer here is lossless: ``decode(encode(text)) == text`` for any text it accepts.
    """

    @property
    def vocab_size(self) -> int:
        """Number of ids, V: one more than the largest id."""
        ...

    def encode(self, text: str) -> list[int]:
        """Turn text into token ids."""
        ...

    def decode(self, ids: Iterable[SupportsIndex]) -> str:
        """Turn token ids back into text."""
        ...

    def save(self, folder: str | Path) -> None:
        """Write the vocabulary into a folder, which is created if it is missing."""
        ...

    @classmethod
    def load(cls, folder: str | Path) -> "Tokenizer":
        """Read a vocabulary that `save` wrote."""
        ...
