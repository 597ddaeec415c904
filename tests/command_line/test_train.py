import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from course_lib.models import load_gpt2
from course_lib.tokenizers import BytePairTokenizer
from tests.training.test_recipe import RECIPE, corpus, recipe_file

__all__ = ["corpus"]  # the fixture


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "course_lib", "train", *map(str, words)]


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.slow
def test_command_trains_reports_and_saves(tmp_path: Path, corpus: Path) -> None:
    text = 'notes = "Wider was not better."\n' + RECIPE.format(corpus=corpus)
    text += "evaluate_every = 2\n"
    done = run(recipe_file(tmp_path, text), "--out", tmp_path / "run", "--samples")
    assert done.returncode == 0, done.stderr
    assert "tiny: " in done.stdout
    assert "model, all: " in done.stdout
    assert "step 2: held-out loss" in done.stderr
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4]
    assert (tmp_path / "run" / "curve.png").read_bytes().startswith(b"\x89PNG")
    score = json.loads((tmp_path / "run" / "score.json").read_text())["held_out"]
    card = (tmp_path / "run" / "model" / "card.md").read_text()
    assert "## What was tried\n\nWider was not better." in card
    for name in ("model, all", "trigram, all", "lzma, all"):
        assert 0 < score[name]["bits_per_byte"] < 9
        assert f"{score[name]['bits_per_byte']:.3f} |" in card
    samples = (tmp_path / "run" / "model" / "samples.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in samples] == [2, 4]
    model = load_gpt2(tmp_path / "run" / "model")
    tokenizer = BytePairTokenizer.load(tmp_path / "run" / "model")
    logits = model(torch.tensor([tokenizer.encode("Fellow")]))
    assert logits.shape[-1] == tokenizer.vocab_size == 280


@pytest.mark.slow
def test_killed_command_goes_on_to_the_same_weights(tmp_path: Path, corpus: Path) -> None:
    text = RECIPE.format(corpus=corpus) + "checkpoint_every = 1\n"
    recipe = recipe_file(tmp_path, text.replace("n_steps = 4", "n_steps = 400"))
    whole = run(recipe, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    states = tmp_path / "killed" / "states"
    process = subprocess.Popen(
        command(recipe, "--out", tmp_path / "killed"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not any(int(path.name.removeprefix("step-")) >= 5 for path in states.glob("step-*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    resumed = run(recipe, "--out", tmp_path / "killed")
    assert "goes on after step" in resumed.stdout
    a, b = (
        load_file(tmp_path / name / "model" / "model.safetensors") for name in ("whole", "killed")
    )
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(
    ("words", "message"),
    [(["none.toml"], "there is no recipe none.toml"), (["no-such-model"], "no-such-model")],
)
def test_mistakes_end_in_one_line(words: list[str], message: str) -> None:
    done = run(*words)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
