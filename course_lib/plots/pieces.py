"""How a token's text is printed: visible white space, bytes where it is no text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from course_lib.plots.style import has_glyph

VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}


def visible_characters(piece: str | bytes, *, mono: bool = False) -> list[str]:
    """The characters and byte codes that stand for a piece, white space made visible.

    A character without a glyph in the installed fonts, an invisible one, and a byte that is not
    UTF-8 appear as bytes in hexadecimal, ⟨F0⟩⟨9F⟩….

    >>> visible_characters(" the\\n")
    ['␣', 't', 'h', 'e', '⏎']
    >>> visible_characters(b"\\xe4\\xb8")
    ['⟨E4⟩', '⟨B8⟩']
    """
    text = piece.decode("utf-8", "surrogateescape") if isinstance(piece, bytes) else piece
    shown: list[str] = []
    for character in text:
        if character in VISIBLE:
            shown.append(VISIBLE[character])
        elif has_glyph(character, mono=mono) and unicodedata.category(character)[0] not in "CMZ":
            shown.append(character)
        else:
            shown.extend(f"⟨{byte:02X}⟩" for byte in character.encode("utf-8", "surrogateescape"))
    return shown


def visible(piece: str | bytes, *, mono: bool = False, longest: int | None = None) -> str:
    """The piece as one line of printable text, cut to `longest` characters with an ellipsis."""
    shown = visible_characters(piece, mono=mono)
    if longest is not None and len(shown) > longest:
        shown = [*shown[: longest - 1], "…"]
    return "".join(shown)


def label(piece: str | bytes, *, longest: int | None = None) -> str:
    """Like `visible`, with dollar signs kept from starting a formula in matplotlib."""
    return visible(piece, longest=longest).replace("$", r"\$")


def labels(pieces: Sequence[str | bytes], *, longest: int | None = None) -> list[str]:
    """`label` of every piece."""
    return [label(piece, longest=longest) for piece in pieces]


def text_width(shown: Sequence[str]) -> float:
    """Width in em of characters set in DejaVu Sans Mono (0.602 em), wide ones in a CJK font."""
    width = 0.0
    for part in shown:
        for character in part:
            wide = unicodedata.east_asian_width(character) in "WF"
            width += 1.0 if wide else 0.602
    return width
