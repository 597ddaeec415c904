"""Documents encoded once into a file of 16-bit ids."""

from pathlib import Path

import numpy as np
import pytest

from course_lib.data import Document, RandomBatches, encode_documents

DOCUMENTS = [Document("1", "abc"), Document("2", ""), Document("3", "cab")]


class Letters:
    """A tokenizer of lower-case letters that counts how often it works."""

    def __init__(self, vocab_size: int = 27, alphabet: str = "abc") -> None:
        self.vocab_size = vocab_size
        self.alphabet = alphabet
        self.calls = 0

    def encode(self, text: str) -> list[int]:
        self.calls += 1
        return [ord(letter) - ord("a") for letter in text]

    def save(self, folder: Path) -> None:
        (folder / "alphabet.txt").write_text(self.alphabet)


def test_documents_end_with_the_end_of_text(tmp_path):
    progress = []
    tokens = encode_documents(
        DOCUMENTS,
        Letters(),
        end_of_text=26,
        folder=tmp_path,
        progress=lambda done, total: progress.append((done, total)),
    )
    assert tokens.tolist() == [0, 1, 2, 26, 26, 2, 0, 1, 26]
    assert tokens.dtype == np.uint16
    assert isinstance(tokens, np.memmap)
    assert not tokens.flags.writeable
    assert progress == [(1, 3), (2, 3), (3, 3)]
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]


def test_second_call_only_opens_the_file(tmp_path):
    tokenizer = Letters()
    first = encode_documents(DOCUMENTS, tokenizer, end_of_text=26, folder=tmp_path)
    second = encode_documents(DOCUMENTS, tokenizer, end_of_text=26, folder=tmp_path)
    assert tokenizer.calls == 3
    assert np.array_equal(first, second)


@pytest.mark.parametrize(
    ("documents", "alphabet", "end_of_text"),
    [
        ([*DOCUMENTS, Document("4", "a")], "abc", 26),
        ([Document("1", "ab"), Document("2", "c"), Document("3", "cab")], "abc", 26),
        (DOCUMENTS, "abcd", 26),
        (DOCUMENTS, "abc", 25),
    ],
)
def test_whatever_changes_the_tokens_changes_the_file(tmp_path, documents, alphabet, end_of_text):
    encode_documents(DOCUMENTS, Letters(), end_of_text=26, folder=tmp_path)
    other = Letters(alphabet=alphabet)
    encode_documents(documents, other, end_of_text=end_of_text, folder=tmp_path)
    assert other.calls == len(documents)
    assert len(list(tmp_path.iterdir())) == 2


def test_default_folder_is_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_LIB_HOME", str(tmp_path))
    encode_documents(DOCUMENTS, Letters(), end_of_text=26)
    assert len(list((tmp_path / "tokens").glob("*.npy"))) == 1


def test_failure_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        encode_documents(DOCUMENTS, Letters(), end_of_text=26, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_batches_read_the_memory_map(tmp_path):
    import torch

    tokens = encode_documents(DOCUMENTS, Letters(), end_of_text=26, folder=tmp_path)
    batches = RandomBatches(tokens, 2, 3, generator=torch.Generator().manual_seed(0))
    inputs, targets = batches.draw()
    assert torch.equal(inputs[:, 1:], targets[:, :-1])


@pytest.mark.parametrize(
    ("vocab_size", "end_of_text", "message"),
    [
        (65_537, 26, "vocab_size of 65537; ids are stored in 16 bits"),
        (27, 27, "end_of_text is 27; it must be an id below 27"),
        (27, -1, "end_of_text is -1"),
    ],
)
def test_bad_inputs(tmp_path, vocab_size, end_of_text, message):
    with pytest.raises(ValueError, match=message):
        encode_documents(DOCUMENTS, Letters(vocab_size), end_of_text=end_of_text, folder=tmp_path)
