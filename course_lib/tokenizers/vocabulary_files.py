"""GPT-2's two files: `vocab.json` (token → id) and `merges.txt` (the merges, in order).

Tokens are written in the alphabet of `byte_unicode`. Ids: the 256 bytes in GPT-2's order, one id
per merge, special tokens last. `tokenizers` and `transformers` read the same two files.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from course_lib.tokenizers.byte_unicode import BYTE_ORDER, printable, unprintable

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
    merges = _read_merges(merges_path)
    names = _read_names(vocab_path)
    tokens = [bytes([b]) for b in BYTE_ORDER] + [left + right for left, right in merges]
    for i, token in enumerate(tokens):
        if i >= len(names) or names[i] != printable(token):
            found = repr(names[i]) if i < len(names) else "nothing"
            raise ValueError(
                f"{vocab_path} is damaged or does not belong to {merges_path}: id {i} must be "
                f"{printable(token)!r}, found {found}"
            )
    return merges, names[len(tokens) :]


def _read_merges(path: Path) -> list[Merge]:
    known = {bytes([b]) for b in BYTE_ORDER}
    merges: list[Merge] = []
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip() or (number == 1 and line.startswith("#version")):
            continue
        where = f"{path} is damaged: line {number}, {line!r},"
        parts = line.rstrip("\r").split(" ")
        if len(parts) != 2:
            raise ValueError(f"{where} must be two tokens with one space between them")
        try:
            left, right = map(unprintable, parts)
        except ValueError as error:
            raise ValueError(f"{where} is not a merge: {error}") from None
        if left not in known or right not in known:
            raise ValueError(f"{where} merges a token that no earlier line has made")
        if left + right in known:
            raise ValueError(f"{where} makes a token that exists already")
        known.add(left + right)
        merges.append((left, right))
    return merges


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
