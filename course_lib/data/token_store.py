"""Documents as one long row of token ids on the disk, encoded once."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from course_lib.assets import home
from course_lib.data.corpora import Document

TokenArray = npt.NDArray[np.uint16]


@runtime_checkable
class SavableTokenizer(Protocol):
    """What a token store needs of a tokenizer."""

    @property
    def vocab_size(self) -> int:
        """Number of ids; each id is less than this."""

    def encode(self, text: str) -> list[int]:
        """Token ids of a text."""

    def save(self, folder: Path) -> None:
        """Write the files that define the tokenizer."""


def encode_documents(
    documents: Sequence[Document],
    tokenizer: SavableTokenizer,
    *,
    end_of_text: int,
    folder: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TokenArray:
    """The documents' token ids in one read-only memory map, ``end_of_text`` after each document.

    The file lies in ``folder`` (by default in the course's cache) under a name made of the texts'
    and the tokenizer's digests, so a second call with the same ones only opens it. It is written
    in one step: a reader finds all of it or nothing. ``progress`` receives the number of documents
    done and of all.

    Ids are stored in 16 bits: raises ValueError for a vocabulary of more than 65,536 tokens, and
    for an ``end_of_text`` outside the vocabulary.
    """
    if tokenizer.vocab_size > 2**16:
        raise ValueError(
            f"tokenizer has a vocab_size of {tokenizer.vocab_size}; ids are stored in 16 bits, so "
            "it may be at most 65,536: use a smaller vocabulary"
        )
    if not 0 <= end_of_text < tokenizer.vocab_size:
        raise ValueError(
            f"end_of_text is {end_of_text}; it must be an id below {tokenizer.vocab_size}"
        )
    chosen = home() / "tokens" if folder is None else folder
    path = chosen / f"{_digest(documents, tokenizer, end_of_text)}.npy"
    if not path.exists():
        tokens = _encode(documents, tokenizer, end_of_text, progress)
        chosen.mkdir(parents=True, exist_ok=True)
        _write(tokens, path)
    stored: TokenArray = np.load(path, mmap_mode="r", allow_pickle=False)
    return stored


def _encode(
    documents: Sequence[Document],
    tokenizer: SavableTokenizer,
    end_of_text: int,
    progress: Callable[[int, int], None] | None,
) -> TokenArray:
    pieces: list[TokenArray] = [np.zeros(0, dtype=np.uint16)]
    for done, document in enumerate(documents, start=1):
        ids = [*tokenizer.encode(document.text), end_of_text]
        pieces.append(np.asarray(ids, dtype=np.uint16))
        if progress is not None:
            progress(done, len(documents))
    return np.concatenate(pieces)


def _digest(documents: Sequence[Document], tokenizer: SavableTokenizer, end_of_text: int) -> str:
    digest = hashlib.sha256(f"1 {end_of_text}".encode())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer.save(folder)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            _add(digest, path.relative_to(folder).as_posix().encode())
            _add(digest, path.read_bytes())
    for document in documents:
        _add(digest, document.text.encode())
    return digest.hexdigest()[:32]


def _add(digest: "hashlib._Hash", part: bytes) -> None:
    """Add a part with its length, so that parts cannot run into each other unnoticed."""
    digest.update(len(part).to_bytes(8, "little"))
    digest.update(part)


def _write(tokens: TokenArray, path: Path) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=".partial", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, tokens, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
