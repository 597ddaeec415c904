import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course_lib.training.distributed import Processes

RUN = """
import os, sys, torch
from safetensors.torch import save_file
from course_lib.training import Training, TrainingConfig, join_processes
from course_lib.models.gpt2 import GPT2
from dataclasses import replace
from tests.training.conftest import TINY, CountedBatches
torch.set_num_threads(1)
processes = join_processes("cpu")
model = GPT2(replace(TINY, dropout=0.0), generator=torch.Generator().manual_seed(0))
config = TrainingConfig(n_steps=3, warmup_steps=1, peak_learning_rate=0.01, micro_batches=2)
training = Training(model, CountedBatches(8), config, processes=processes)
losses = [progress.loss for progress in training.steps()]
if processes.is_main:
    gradients = {name: p.grad for name, p in model.named_parameters()}
    save_file(gradients | {"losses": torch.tensor(losses)}, sys.argv[1])
processes.leave()
"""


@pytest.mark.slow
def test_two_processes_find_the_gradients_of_one(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    script = tmp_path / "run.py"
    script.write_text(RUN)
    found = []
    for size in (1, 2):
        out = tmp_path / f"{size}.safetensors"
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command = [*torchrun, f"--nproc-per-node={size}", str(script), str(out)]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
        )
        assert done.returncode == 0, done.stderr
        found.append(load_file(out))
    one, two = found
    assert one.keys() == two.keys()
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-4, atol=1e-6)


def test_rows_are_shared_out() -> None:
    batch = torch.arange(6)[:, None]
    shares = [Processes(r, 3, torch.device("cpu")).rows(batch) for r in range(3)]
    assert torch.equal(torch.cat(shares), batch)
    with pytest.raises(ValueError, match="cannot be shared by 4 processes"):
        Processes(0, 4, torch.device("cpu")).rows(batch)
