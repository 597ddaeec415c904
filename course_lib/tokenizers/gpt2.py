"""GPT-2's own vocabulary: 256 bytes, 50,000 merges and ``<|endoftext|>``, 50,257 ids."""

from pathlib import Path

from course_lib.tokenizers.byte_pair import BytePairTokenizer
from course_lib.tokenizers.vocabulary_files import read_vocabulary

_FILE_NAMES = (("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt"))


def load_gpt2_tokenizer(folder: str | Path | None = None) -> BytePairTokenizer:
    """Read the official files: OpenAI's `encoder.json` and `vocab.bpe`, or Hugging Face's names.

    Without `folder`, the fetched asset `gpt2-bpe` is used.

    Raises FileNotFoundError when the files are missing, ValueError naming a damaged one.
    """
    if folder is None:
        from course_lib.assets import asset_path

        folder = asset_path("gpt2-bpe")
    folder = Path(folder)
    for vocab_name, merges_name in _FILE_NAMES:
        for vocab_path in sorted(folder.rglob(vocab_name)):
            merges, special = read_vocabulary(vocab_path, vocab_path.with_name(merges_name))
            return BytePairTokenizer(merges, special_tokens=special)
    raise FileNotFoundError(
        f"folder: {folder} has neither encoder.json and vocab.bpe nor vocab.json and merges.txt; "
        "run `python -m course_lib fetch gpt2-bpe` and leave folder out"
    )
