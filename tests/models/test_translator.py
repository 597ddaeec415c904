import pytest
import torch

from course_lib.models import (
    EncoderDecoder,
    EncoderDecoderConfig,
    Translator,
    load_translator,
    save_translator,
)
from course_lib.models.translator import END, PADDING, START
from course_lib.tokenizers import BytePairTokenizer


@pytest.fixture
def translator():
    tokenizer = BytePairTokenizer([(b"o", b"n")], special_tokens=(START, END, PADDING))
    config = EncoderDecoderConfig(
        vocab_size=tokenizer.vocab_size,
        context_length=8,
        d_model=8,
        n_heads=2,
        n_layers=1,
        padding_id=tokenizer.special_tokens[PADDING],
    )
    return Translator(EncoderDecoder(config).eval(), tokenizer)


def test_texts_to_ids_and_back(translator):
    ids = translator.encode("on 开")
    assert ids[-1] == translator.end
    assert translator.decode([translator.start, *ids, translator.padding]) == "on 开"


def test_saved_and_loaded(translator, tmp_path):
    save_translator(translator, tmp_path, dtype=torch.float32)
    loaded = load_translator(tmp_path)
    assert loaded.tokenizer.special_tokens == translator.tokenizer.special_tokens
    source, target = torch.tensor([[1, 2]]), torch.tensor([[3]])
    assert torch.equal(loaded.model(source, target), translator.model(source, target))


def test_half_precision_on_disk(translator, tmp_path):
    save_translator(translator, tmp_path)
    loaded = load_translator(tmp_path)
    ours, theirs = translator.model.token_embedding.weight, loaded.model.token_embedding.weight
    assert torch.equal(theirs, ours.half().float())


def test_damaged_file(translator, tmp_path):
    save_translator(translator, tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="damaged or of another model"):
        load_translator(tmp_path)


def test_bad_tokenizers(translator):
    with pytest.raises(ValueError, match="'<|start|>' is missing".replace("|", r"\|")):
        Translator(translator.model, BytePairTokenizer([]))
    other = BytePairTokenizer([], special_tokens=(START, END, PADDING))
    with pytest.raises(ValueError, match="padding_id is 259"):
        Translator(translator.model, other)
