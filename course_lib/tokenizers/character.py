"""The simplest tokenizer: one token per character."""

import json
from collections.abc import Iterable, Sequence
from operator import index
from pathlib import Path
from typing import SupportsIndex


class CharacterTokenizer:
    """One id per character; ids follow the order of the vocabulary given.

    The vocabulary is small and every id is readable, but texts become long, and a character
    that was not in the training text has no id at all.

    >>> tokenizer = CharacterTokenizer.train(["hello"])
    >>> tokenizer.characters
    ('e', 'h', 'l', 'o')
    >>> tokenizer.encode("hole")
    [1, 3, 2, 0]
    >>> tokenizer.decode([1, 3, 2, 0])
    'hole'

    Raises ValueError when a character of the vocabulary is listed twice or is not one character.
    """

    def __init__(self, characters: Sequence[str]) -> None:
        for character in characters:
            if not isinstance(character, str) or len(character) != 1:
                raise ValueError(
                    f"characters: {character!r} is not a single character; give one per entry"
                )
        self.characters = tuple(characters)
        self._ids = {character: i for i, character in enumerate(self.characters)}
        if len(self._ids) < len(self.characters):
            twice = next(c for c in self.characters if self.characters.count(c) > 1)
            raise ValueError(f"characters: {twice!r} is listed twice; list each character once")

    @classmethod
    def train(cls, texts: Iterable[str]) -> "CharacterTokenizer":
        """Take every character that occurs in the texts, in code point order."""
        if isinstance(texts, str):
            raise TypeError("texts is one str; give a list of texts, for example [text]")
        return cls(sorted(set().union(*texts)))

    @property
    def vocab_size(self) -> int:
        """Number of different characters, V."""
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """Look every character up.

        Raises ValueError naming the first character that has no id.
        """
        try:
            return [self._ids[character] for character in text]
        except KeyError as error:
            character = error.args[0]
            raise ValueError(
                f"text: character {character!r} (U+{ord(character):04X}) is not in the vocabulary "
                f"of {self.vocab_size} characters; train on text that contains it"
            ) from None

    def decode(self, ids: Iterable[SupportsIndex]) -> str:
        """Join the characters of the ids.

        Raises ValueError naming the first id outside 0 … vocab_size − 1.
        """
        characters = []
        for i in map(index, ids):
            if not 0 <= i < self.vocab_size:
                raise ValueError(
                    f"ids: id {i} is unknown; ids of this tokenizer are 0 to {self.vocab_size - 1}"
                )
            characters.append(self.characters[i])
        return "".join(characters)

    def save(self, folder: str | Path) -> None:
        """Write `vocab.json`, a JSON object from character to id."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "vocab.json").write_text(json.dumps(self._ids, indent=0), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "CharacterTokenizer":
        """Read the `vocab.json` that `save` wrote.

        Raises FileNotFoundError when it is missing, ValueError naming the file when it is damaged.
        """
        path = Path(folder) / "vocab.json"
        try:
            ids = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} is damaged: it is not JSON ({error})") from None
        if not isinstance(ids, dict) or list(ids.values()) != list(range(len(ids))):
            raise ValueError(f"{path} is damaged: it must map characters to the ids 0, 1, 2, …")
        try:
            return cls(tuple(ids))
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}") from None
