"""Cutting a text that arrives in pieces, exactly as if it had come whole."""

import codecs
from collections.abc import Collection, Generator, Iterable, Iterator
from typing import BinaryIO

import regex

from course_lib.tokenizers.split import LOOKAHEAD, special_pattern, split_words

_CHUNK = 1 << 16  # characters (or bytes) handled at a time


def split_stream(
    chunks: Iterable[str], special_tokens: Collection[str] = ()
) -> Iterator[list[str] | str]:
    """Cut consecutive pieces of one text into lists of words and, between them, special tokens.

    The lists joined equal `split_words` of the whole text. At the end of a piece the last words
    wait for the next piece: they may go on there, or a special token may begin in them. Memory: a
    few copies of one piece, or of the longest word.

    >>> [part for part in split_stream(["Hel", "lo you<|", "end|>"], ["<|end|>"]) if part]
    [['Hello', ' you'], '<|end|>']
    """
    pattern = special_pattern(special_tokens)
    longest = max(map(len, special_tokens), default=0)
    rest = ""
    for chunk in chunks:
        text = rest + chunk
        start = yield from _cut_at_specials(text, pattern, len(text) - longest)
        words = split_words(text[start:])
        rest = _hold_back(words, longest + LOOKAHEAD)
        yield words
    start = yield from _cut_at_specials(rest, pattern, len(rest))
    yield split_words(rest[start:])


def _cut_at_specials(
    text: str, pattern: regex.Pattern[str] | None, limit: int
) -> Generator[list[str] | str, None, int]:
    """Yield the special tokens that begin up to `limit`, and the words before each.

    Returns where the text goes on. A special token that begins later may not be known in full.
    """
    start = 0
    for match in pattern.finditer(text) if pattern else ():
        if match.start() > limit:
            break
        yield split_words(text[start : match.start()])
        yield match.group()
        start = match.end()
    return start


def _hold_back(words: list[str], n_characters: int) -> str:
    """Take words off the end until at least `n_characters` are taken, and return their text."""
    held: list[str] = []
    length = 0
    while words and length < n_characters:
        held.append(words.pop())
        length += len(held[-1])
    return "".join(reversed(held))


def read_text(source: Iterable[str] | BinaryIO) -> Iterator[str]:
    """Yield the pieces of a text in handy sizes: small ones joined, large ones cut.

    A binary file is read as UTF-8. A character cut by the end of a read waits for its other bytes;
    bytes that are not UTF-8 become U+DC80 … U+DCFF (`surrogateescape`).
    """
    pieces = [source] if isinstance(source, str) else _pieces(source)
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= _CHUNK:
            text = "".join(waiting)
            waiting, length = [], 0
            for start in range(0, len(text), _CHUNK):
                yield text[start : start + _CHUNK]
    yield "".join(waiting)


def _pieces(source: Iterable[str] | BinaryIO) -> Iterator[str]:
    read = getattr(source, "read", None)
    decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    if read is None:
        for piece in source:
            if not isinstance(piece, str):
                raise TypeError(f"source: pieces must be str, got {type(piece).__name__}")
            yield piece
        return
    while data := read(_CHUNK):
        if not isinstance(data, bytes):
            raise TypeError('source: the file gives str; open it in binary mode, open(path, "rb")')
        yield decoder.decode(data)
    yield decoder.decode(b"", final=True)
