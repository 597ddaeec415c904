"""The printable alphabet in which GPT-2's files write bytes.

`vocab.json` and `merges.txt` are text files, and tokens are byte strings that need not be valid
UTF-8 and may contain spaces. So each of the 256 bytes gets a visible character of its own: the
188 visible Latin-1 characters stand for themselves, the other 68 bytes, in order, for U+0100 and
up. A space becomes ``Ġ``, a newline ``Ċ``. Source: `bytes_to_unicode` in OpenAI's `encoder.py`.

That order (188 visible bytes, then the 68 others) is also the order of GPT-2's first 256 ids.
"""

_VISIBLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))

BYTE_ORDER: bytes = bytes((*_VISIBLE, *(b for b in range(256) if b not in _VISIBLE)))
"""``BYTE_ORDER[i]`` is the byte whose token has id i (0 ≤ i < 256)."""

BYTE_IDS: bytes = bytes(BYTE_ORDER.index(b) for b in range(256))
"""``BYTE_IDS[b]`` is the id of byte b: ``data.translate(BYTE_IDS)`` gives the ids of all bytes."""


def byte_to_unicode() -> dict[int, str]:
    """Return the character that stands for each byte, in the order of GPT-2's ids.

    >>> byte_to_unicode()[ord("a")], byte_to_unicode()[ord(" ")]
    ('a', 'Ġ')
    """
    extra = (chr(0x100 + n) for n in range(256))
    return {b: chr(b) if b in _VISIBLE else next(extra) for b in BYTE_ORDER}


_TO_CHARACTER = {b: ord(c) for b, c in byte_to_unicode().items()}
_TO_BYTE = {c: b for b, c in byte_to_unicode().items()}


def printable(token: bytes) -> str:
    """Write a token's bytes in the printable alphabet.

    >>> printable(b" caf\\xc3\\xa9")
    'ĠcafÃ©'
    """
    return token.decode("latin-1").translate(_TO_CHARACTER)


def unprintable(text: str) -> bytes:
    """Read the bytes back; the inverse of `printable`.

    Raises ValueError when a character is not in the printable alphabet.
    """
    try:
        return bytes(map(_TO_BYTE.__getitem__, text))
    except KeyError as error:
        raise ValueError(
            f"{error.args[0]!r} in {text!r} is not one of the 256 characters that stand for bytes"
        ) from None
