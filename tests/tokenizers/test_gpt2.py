import pytest

from course_lib.tokenizers import BytePairTokenizer, load_gpt2_tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return load_gpt2_tokenizer()


@pytest.mark.needs_assets("gpt2-bpe")
def test_known_ids(tokenizer):
    # the first two are in the documentation of tiktoken and of transformers
    assert tokenizer.encode("hello world") == [31373, 995]
    assert tokenizer.encode("Hello world") == [15496, 995]
    assert tokenizer.encode("<|endoftext|>", allowed_special="all") == [50256]
    assert tokenizer.encode("<|endoftext|>") == [27, 91, 437, 1659, 5239, 91, 29]
    assert tokenizer.token_bytes(50255) == b" gazed"


@pytest.mark.needs_assets("gpt2-bpe")
def test_size_and_special_tokens(tokenizer):
    assert tokenizer.vocab_size == 50257
    assert len(tokenizer.merges) == 50000
    assert tokenizer.special_tokens == {"<|endoftext|>": 50256}


@pytest.mark.needs_assets("gpt2-bpe")
def test_saved_again_under_the_other_names(tokenizer, tmp_path):
    tokenizer.save(tmp_path)
    assert load_gpt2_tokenizer(tmp_path).merges == tokenizer.merges


def test_either_pair_of_names_is_read(tmp_path):
    BytePairTokenizer([(b"a", b"b")], special_tokens=["<|endoftext|>"]).save(tmp_path)
    assert load_gpt2_tokenizer(tmp_path).encode("ab") == [256]
    (tmp_path / "vocab.json").rename(tmp_path / "encoder.json")
    (tmp_path / "merges.txt").rename(tmp_path / "vocab.bpe")
    assert load_gpt2_tokenizer(tmp_path).encode("ab") == [256]


def test_folder_without_the_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="fetch gpt2-bpe"):
        load_gpt2_tokenizer(tmp_path)
