import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, LlamaConfig, LlamaForCausalLM

from course_lib.config import GPT2Config
from course_lib.models import GPT2, save_gpt2
from course_lib.tokenizers import BytePairTokenizer
from tests.evaluation.test_cloze import STORY, many
from tests.reference.test_text_model import words_tokenizer


def run(*words: object, online: bool = False) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "HF_HUB_OFFLINE": "0" if online else "1"}
    if online:  # a proxy where nobody listens: no packet leaves this machine
        environment |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
        environment |= {"HF_ENDPOINT": "http://127.0.0.1:9"}
    return subprocess.run(
        [sys.executable, "-m", "course_lib", "evaluate", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment,
    )


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A folder as `train` leaves it."""
    tokenizer = BytePairTokenizer.train([STORY] * 2, 320, special_tokens=["<|endoftext|>"])
    config = GPT2Config(
        vocab_size=tokenizer.vocab_size, context_length=64, d_model=16, n_heads=2, n_layers=1
    )
    folder = tmp_path / "model"
    save_gpt2(GPT2(config, generator=torch.Generator().manual_seed(0)), folder)
    tokenizer.save(folder)
    return folder


@pytest.mark.slow
def test_scores_and_cloze_of_our_own_folder(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "story.txt").write_text(STORY)
    (tmp_path / "names.txt").write_text(many().text)
    files = ("--text", tmp_path / "story.txt", "--text", tmp_path / "names.txt")
    done = run(trained, *files, "--cloze", "--max-bytes", 300, "--stride", 16)
    assert done.returncode == 0, done.stderr
    assert "2 texts, 600 bytes" in done.stdout
    for name in ("perplexity per token", "bits per character", "bits per byte"):
        (line,) = (line for line in done.stdout.splitlines() if name in line)
        assert float(line.split()[-1]) > 0
    assert "last word of a passage, 1 questions of 1" in done.stdout
    assert "one of ten names, 2 questions of 2" in done.stdout
    assert done.stdout.count("rule: most recent") == 3


@pytest.mark.slow
def test_a_folder_of_transformers(tmp_path: Path) -> None:
    config = LlamaConfig(
        vocab_size=10,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=32,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "llama")
    words_tokenizer().save_pretrained(tmp_path / "llama")
    (tmp_path / "text.txt").write_text("the king of the land")
    done = run(tmp_path / "llama", "--text", tmp_path / "text.txt")
    assert done.returncode == 0, done.stderr
    assert "llama: 10 tokens in the vocabulary, context 32; 1 texts, 20 bytes" in done.stdout


def masked(folder: Path) -> Path:
    config = BertConfig(
        vocab_size=10,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=8,
    )
    BertForMaskedLM(config).save_pretrained(folder / "bert")
    return folder / "bert"


def damaged(folder: Path) -> Path:
    made = folder / "damaged"
    made.mkdir()
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
    (made / "config.json").write_text(json.dumps(config))
    (made / "model.safetensors").write_bytes(b"no")
    return made


def empty(folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def pickled(folder: Path) -> Path:
    made = folder / "pickled"
    made.mkdir()
    (made / "config.json").write_text('{"model_type": "gpt2"}')
    (made / "pytorch_model.bin").write_bytes(b"")
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("no/such/folder", "is no checkpoint of the course, no folder here, and no model"),
        ("nobody/nothing", "the Hugging Face Hub could not be read"),
        ("zh-en", "is no Transformer that predicts the next token"),
        (masked, "is a BertForMaskedLM, which does not predict the next token"),
        (damaged, "cannot be read by transformers"),
        (empty, "holds no config.json"),
        (pickled, "holds no safetensors"),
    ],
    ids=["folder", "hub", "checkpoint", "masked", "damaged", "empty", "pickled"],
)
def test_mistakes_end_in_one_line(model, message, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("some text")
    given = model(tmp_path) if callable(model) else model
    done = run(given, "--text", tmp_path / "text.txt", online=model == "nobody/nothing")
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file"), (b"", "is empty"), (b"\xff\xfe", "not UTF-8")]
)
def test_bad_texts(content, message, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    if content is not None:
        file.write_bytes(content)
    done = run("course-gpt", "--text", file)
    assert done.returncode == 1
    assert message in done.stderr
