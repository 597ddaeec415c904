"""Equality with the `tokenizers` library: same files, same ids; same text, same merges."""

import argparse
import inspect
import textwrap
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from tokenizers.implementations import ByteLevelBPETokenizer

from course_lib.tokenizers import BytePairTokenizer, load_gpt2_tokenizer, split_words
from course_lib.tokenizers.byte_unicode import printable

END = "<|endoftext|>"
CORPUS = {
    "English": "It's 1863; they'll say \"we've\" — don't I'd? HE'S O'Brien's 'twas rock'n'roll…",
    "Chinese": "我们认为这些真理是不言而喻的:人人生而平等。「中文」,标点!1949年",
    "mixed scripts": "naïve Ελληνικά русский עברית العربية हिन्दी ภาษาไทย 한국어 日本語 ﬁ Ⅷ ²½",
    "emoji": "😀👍🏽 👨‍👩‍👧‍👦🏳️‍🌈 a😀b 😀😀  😀",
    "code": inspect.getsource(textwrap),
    "CRLF": "one\r\ntwo\r\n\r\n  three\r\r\n\tfour\n\r",
    "runs of spaces": "a  b   c    d          e \n \n  \n   f\t\t \tg  ",
    "other spaces": "a\u00a0b\u2003\u2003c\u3000 \u3000d\u2028e\u0085f\ufeffg\u200bh",
    "control characters": "".join(map(chr, range(32)))
    + "a\x00b\x7f\x80\x9f \x1b[0m \x1c\x1d\x1e\x1f",
    "lone combining marks": "\u0301 \u0301\u0301a\u0301 e\u0308\u0301 \u20dd1\u20dd\u0e31",
    "noncharacters": "\uffff\ufdd0\U0010ffff\ue000\U000e0041",
    "one long word": "antidisestablishmentarianism" * 40,
    "empty": "",
}
INVALID = [
    b"\xff\xfe",
    b"\xc3",
    b"a\xe4\xb8 b",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xc0\xaf\x80 \x80",
]


@pytest.fixture(scope="module")
def gpt2():
    return load_gpt2_tokenizer()


@pytest.fixture(scope="module")
def gpt2_reference(gpt2, tmp_path_factory):
    from course_lib.assets import asset_path

    folder = asset_path("gpt2-bpe")
    vocab, merges = next(folder.rglob("encoder.json")), next(folder.rglob("vocab.bpe"))
    return ByteLevelBPETokenizer(str(vocab), str(merges))


@pytest.fixture(scope="module")
def ours():
    texts = [inspect.getsource(argparse), *CORPUS.values()]
    return BytePairTokenizer.train(texts, 1500, special_tokens=[END])


@pytest.fixture(scope="module")
def reference(ours, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    ours.save(folder)
    return ByteLevelBPETokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))


@pytest.mark.needs_assets("gpt2-bpe")
@pytest.mark.parametrize("name", CORPUS)
def test_ids_of_gpt2(gpt2, gpt2_reference, name):
    text = CORPUS[name]
    ids = gpt2.encode(text)
    assert ids == gpt2_reference.encode(text).ids
    assert gpt2.decode(ids) == text
    assert gpt2.encode_bytes(text.encode()) == ids


@pytest.mark.needs_assets("gpt2-bpe")
@settings(deadline=None, max_examples=300)
@given(st.text())
def test_ids_of_gpt2_for_any_text(gpt2, gpt2_reference, text):
    assert gpt2.encode(text) == gpt2_reference.encode(text).ids


@pytest.mark.needs_assets("gpt2-bpe")
def test_ids_of_gpt2_with_its_special_token(gpt2, gpt2_reference):
    gpt2_reference.add_special_tokens([END])
    text = f"one {END} two{END}{END}\n  {END}three"
    assert gpt2.encode(text, allowed_special="all") == gpt2_reference.encode(text).ids


@pytest.mark.needs_assets("gpt2-bpe")
@pytest.mark.parametrize("data", INVALID)
def test_invalid_sequences_of_gpt2(gpt2, gpt2_reference, data):
    ids = gpt2.encode_bytes(data)
    assert gpt2.decode_bytes(ids) == data
    # the library cannot encode invalid bytes, but it can decode the ids
    assert gpt2_reference.decode(ids) == data.decode("utf-8", errors="replace")


@pytest.mark.parametrize("name", CORPUS)
def test_saved_files_give_the_same_ids(ours, reference, name):
    assert ours.encode(CORPUS[name]) == reference.encode(CORPUS[name]).ids
    assert reference.get_vocab_size() == ours.vocab_size
    assert reference.token_to_id(END) == ours.special_tokens[END] == ours.vocab_size - 1


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("'strveldm  \n\r\t1a中é\u0301😀.\x1f\x85\u3000"), max_size=30))
def test_any_text_gives_the_same_ids(ours, reference, text):
    ids = ours.encode(text)
    assert ids == reference.encode(text).ids
    assert reference.decode(ids, skip_special_tokens=False) == text


@pytest.mark.slow
def test_every_assigned_character_is_split_alike():
    # Characters newer than Python's own tables are left out: `regex` and `tokenizers` follow
    # different versions of Unicode, so a brand-new letter may be a letter in only one of them.
    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    characters = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in "CnCs"]
    for start in range(0, len(characters), 4096):
        text = "".join(f"a{c}1 {c}!{c}  {c}" for c in characters[start : start + 4096])
        theirs = [word for word, _ in split.pre_tokenize_str(text)]
        ours = "\n".join(split_words(text))  # a newline is written Ċ
        assert printable(ours.encode()) == "Ċ".join(theirs)


def test_training_learns_the_same_merges():
    text = inspect.getsource(argparse) + inspect.getsource(textwrap)
    ours = BytePairTokenizer.train([text], 800)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=800,
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([text], trainer)
    theirs = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    assert [printable(ours.token_bytes(i)) for i in range(800)] == [name for name, _ in theirs]
