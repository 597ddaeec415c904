"""GPT-2's two files: `vocab.json` (token → id) and `merges.txt` (the merges, in order).

Tokens are written in the alphabet of `byte_unicode`. Ids: the 256 bytes in GPT-2's order, one id
per merge, special tokens last. `tokenizers` and `transformers` read the same two files.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from course_lib.tokenizers.byte_unicode import BYTE_ORDER, printable

Merge = tuple[bytes, bytes]


def write_vocabulary(
    folder: Path, merges: Sequence[Merge], special_tokens: Sequence[str]
) -> tuple[Path, Path]:
    """Write `vocab.json` and `merges.txt`; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = [bytes([b]) for b in BYTE_ORDER] + [left + right for left, right in merges]
    names = [*map(printable, tokens), *special_tokens]
    ids = {name: i for i, name in enumerate(names)}
    lines = ["#version: 0.2", *(f"{printable(a)} {printable(b)}" for a, b in merges)]
    vocab_path, merges_path = folder / "vocab.json", folder / "merges.txt"
    vocab_path.write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
    merges_path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return vocab_path, merges_path


def read_vocabulary(vocab_path: Path, merges_path: Path) -> tuple[list[Merge], list[str]]:
    """Read the merges and the special tokens, checking that both files agree.

    Raises FileNotFoundError for a missing file and ValueError naming a damaged one.
    """
    merges, tokens = _read_merges(merges_path)
    names = _read_names(vocab_path)
    for i, token in enumerate(tokens):
        if i >= len(names) or names[i] != token:
            found = repr(names[i]) if i < len(names) else "nothing"
            raise ValueError(
                f"{vocab_path} is damaged or does not belong to {merges_path}: id {i} must be "
                f"{token!r}, found {found}"
            )
    return merges, names[len(tokens) :]


def _read_merges(path: Path) -> tuple[list[Merge], list[str]]:
    """Read the merges, and all tokens in the order of their ids, as the file writes them."""
    bytes_of = {printable(bytes([b])): bytes([b]) for b in BYTE_ORDER}
    merges: list[Merge] = []
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip() or (number == 1 and line.startswith("#version")):
            continue
        where = f"{path} is damaged: line {number}, {line!r},"
        left, space, right = line.rstrip("\r").partition(" ")
        if not space or " " in right:
            raise ValueError(f"{where} must be two tokens with one space between them")
        if left not in bytes_of or right not in bytes_of:
            raise ValueError(f"{where} merges a token that no earlier line has made")
        if left + right in bytes_of:
            raise ValueError(f"{where} makes a token that exists already")
        merges.append((bytes_of[left], bytes_of[right]))
        bytes_of[left + right] = bytes_of[left] + bytes_of[right]
    return merges, list(bytes_of)


def _read_names(path: Path) -> list[str]:
    try:
        pairs = json.loads(_read_text(path), object_pairs_hook=list)
        if len({name for name, _ in pairs}) < len(pairs):
            raise ValueError("a token is listed twice")
        if any(type(i) is not int for _, i in pairs):
            raise ValueError("an id is not an integer")
        names = sorted(pairs, key=lambda pair: pair[1])
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged: it must be a JSON object from token to id ({error})"
        ) from None
    if [i for _, i in names] != list(range(len(names))):
        raise ValueError(f"{path} is damaged: ids must be 0 to {len(names) - 1}, each once")
    return [name for name, _ in names]


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is damaged: it is not UTF-8 text ({error})") from None
