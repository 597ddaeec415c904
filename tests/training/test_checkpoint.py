import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from course_lib.models.gpt2 import GPT2
from course_lib.training import checkpoint, load_checkpoint, make_optimizer, save_checkpoint
from course_lib.training.checkpoint import TrainingState, gather, restore

STATE = TrainingState(3, {"a": torch.arange(4.0)}, {"note": "three"})


def test_saved_state_comes_back(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, STATE)
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert (found.step, found.values) == (3, {"note": "three"})
    assert torch.equal(found.tensors["a"], STATE.tensors["a"])


def test_empty_folder_has_no_state(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "missing") is None


def test_only_the_newest_is_kept(tmp_path: Path) -> None:
    for step in (3, 12):
        save_checkpoint(tmp_path, TrainingState(step, STATE.tensors, {}))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000012"]


def test_failed_write_leaves_the_earlier_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_checkpoint(tmp_path, STATE)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "_write_synced", full)
    with pytest.raises(OSError, match=r"step 4 could not be written .*No space left"):
        save_checkpoint(tmp_path, TrainingState(4, STATE.tensors, {}))
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000003"]


@pytest.mark.parametrize("name", ["state.json", "state.safetensors"])
def test_damaged_state_is_named(tmp_path: Path, name: str) -> None:
    folder = save_checkpoint(tmp_path, STATE)
    (folder / name).write_bytes(b"{ broken")
    with pytest.raises(ValueError, match="step-00000003 is damaged"):
        load_checkpoint(tmp_path)


def test_state_of_another_model_is_refused(model: GPT2) -> None:
    optimizer = make_optimizer(model, learning_rate=0.1)
    with pytest.raises(ValueError, match="of another model"):
        restore(TrainingState(1, {"model.strange": torch.zeros(1)}, {}), model, optimizer)


def test_gathered_state_has_no_shared_memory_problem(tmp_path: Path, model: GPT2) -> None:
    optimizer = make_optimizer(model, learning_rate=0.1)
    save_checkpoint(tmp_path, gather(model, optimizer, 1, {}))
    assert load_checkpoint(tmp_path) is not None


RUN = """
import sys, time, torch
torch.manual_seed(0)
from course_lib.training import Training, TrainingConfig
from tests.training.conftest import CountedBatches, tiny_model
model = tiny_model()
config = TrainingConfig(n_steps=40, warmup_steps=2, peak_learning_rate=0.01, checkpoint_every=1)
training = Training(model, CountedBatches(), config, folder=sys.argv[1])
print(training.step, flush=True)
for progress in training.steps():
    time.sleep(float(sys.argv[2]))
total = torch.nn.utils.parameters_to_vector(model.parameters()).double()
print(total.sum().item().hex(), total.pow(2).sum().item().hex(), flush=True)
"""


@pytest.mark.slow
def test_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    def start(folder: Path, pause: float) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", RUN, str(folder), str(pause)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())

    whole, _ = start(tmp_path / "whole", 0.0).communicate(timeout=120)
    process = start(tmp_path / "killed", 0.05)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "killed").glob("step-0000000[3-9]")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    resumed, _ = start(tmp_path / "killed", 0.0).communicate(timeout=120)
    assert int(resumed.splitlines()[0]) >= 3
    assert resumed.splitlines()[1] == whole.splitlines()[1]
