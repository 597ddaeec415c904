"""Speed of byte-pair training and encoding, both sides of each ratio in one run.

    python benchmarks/byte_pair.py

Text: the State of the Union speeches if they are fetched, else the standard library's source.
Times are processor time of this one process (nothing here uses threads), so that other work on
the machine disturbs them little.
"""

import os
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from course_lib.assets import AssetMissingError
from course_lib.data import speeches
from course_lib.tokenizers import (
    BytePairTokenizer,
    count_words,
    train_byte_pair,
    train_byte_pair_naive,
)


def texts() -> tuple[str, list[str]]:
    """Return a name and a list of documents."""
    try:
        return "sotu", [document.text for document in speeches()]
    except AssetMissingError:
        folder = Path(sysconfig.get_path("stdlib"))
        files = sorted(folder.glob("*.py"))
        return "Python's standard library", [f.read_text("utf-8", "replace") for f in files]


def seconds(function: Callable[[], object], repeats: int = 3) -> float:
    """Return the best processor time of some runs."""

    def times() -> Iterator[float]:
        for _ in range(repeats):
            start = time.process_time()
            function()
            yield time.process_time() - start

    return min(times())


def library_training(documents: list[str], vocab_size: int) -> Tokenizer:
    """Train the `tokenizers` library, in one thread, on the same text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def report(name: str, value: str, target: str = "") -> None:
    """Print one line of the table."""
    print(f"{name:<58} {value:>12}  {target}")


def benchmark_training(text: str) -> None:
    """130 kB to 500 merges: fast against naive, then from text to vocabulary."""
    counts = count_words([text])
    naive = seconds(lambda: train_byte_pair_naive(counts, 500), repeats=1)
    fast = seconds(lambda: train_byte_pair(counts, 500))
    assert train_byte_pair(counts, 500) == train_byte_pair_naive(counts, 500)
    whole = seconds(lambda: BytePairTokenizer.train([text], 756))
    report("130 kB, 500 merges, naive re-count", f"{naive:.2f} s")
    report("130 kB, 500 merges, fast", f"{fast:.3f} s")
    report("  ratio, equal merge for merge", f"{naive / fast:.0f} ×", "target ≥ 20 ×")
    report("130 kB of text to 500 merges, in all", f"{whole:.3f} s", "target < 1.5 s")


def benchmark_large_training(documents: list[str], vocab_size: int = 8192) -> BytePairTokenizer:
    """Train a vocabulary of 8,192 on the whole text, beside the library in Rust."""
    ours, theirs = [], []
    fast = seconds(lambda: ours.append(BytePairTokenizer.train(documents, vocab_size)), repeats=1)
    rust = seconds(lambda: theirs.append(library_training(documents, vocab_size)), repeats=1)
    size = sum(map(len, documents)) / 1e6
    report(f"{size:.1f} MB to {vocab_size} ids, course_lib", f"{fast:.1f} s", "target < 60 s")
    report(f"{size:.1f} MB to {vocab_size} ids, tokenizers (Rust, 1 thread)", f"{rust:.1f} s")
    tokenizer: BytePairTokenizer = ours[0]
    return tokenizer


def benchmark_encoding(tokenizer: BytePairTokenizer, text: str) -> None:
    """Encode 5 MB with an empty cache, again with a full one, and as a stream."""
    size = len(text.encode()) / 1e6
    start = time.process_time()
    ids = tokenizer.encode(text)
    cold = time.process_time() - start
    warm = seconds(lambda: tokenizer.encode(text))
    stream = seconds(lambda: sum(1 for _ in tokenizer.encode_stream([text])))
    decode = seconds(lambda: tokenizer.decode(ids))
    assert tokenizer.decode(ids) == text
    report("encode, cache empty", f"{size / cold:.1f} MB/s", "target ≥ 2 MB/s")
    report("encode, cache warm", f"{size / warm:.1f} MB/s", "target ≥ 2 MB/s")
    report("encode_stream", f"{size / stream:.1f} MB/s")
    report("decode", f"{size / decode:.1f} MB/s")


def main() -> None:
    name, documents = texts()
    everything = "\n".join(documents)
    print(f"text: {name}, {len(everything) / 1e6:.1f} M characters; s and MB/s of processor time")
    benchmark_training(everything[:130_000])
    tokenizer = benchmark_large_training(documents)
    benchmark_encoding(tokenizer, everything[:5_000_000])


if __name__ == "__main__":
    main()
