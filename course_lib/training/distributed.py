"""Several processes training one model: each takes its rows of every batch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch import distributed as dist


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this one is, and the device it works on.

    Attributes:
        rank: this process, from 0.
        size: how many there are.
        device: where this one computes.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that reports and saves."""
        return self.rank == 0

    def rows(self, batch: Tensor) -> Tensor:
        """Take this process's rows of a batch that all processes drew alike.

        Raises:
            ValueError: the rows cannot be shared out evenly.
        """
        if batch.shape[0] % self.size:
            raise ValueError(
                f"a batch of {batch.shape[0]} rows cannot be shared by {self.size} processes; "
                f"choose a batch_size that {self.size} divides"
            )
        return batch.chunk(self.size)[self.rank]

    def wrap(self, model: nn.Module) -> nn.Module:
        """Average gradients over all processes whenever `backward` is called."""
        if self.size == 1:
            return model
        from torch.nn.parallel import DistributedDataParallel

        ids: Any = [self.device] if self.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=ids)

    def mean(self, value: Tensor) -> Tensor:
        """Average a number over all processes."""
        if self.size > 1:
            dist.all_reduce(value, op=dist.ReduceOp.SUM)
            value = value / self.size
        return value

    def wait(self) -> None:
        """Wait until every process has come here."""
        if self.size > 1:
            dist.barrier()

    def leave(self) -> None:
        """Close the connections to the other processes."""
        if self.size > 1:
            dist.destroy_process_group()


def join_processes(device: str | None = None) -> Processes:
    """Join the processes that `torchrun` started, or be the only one.

    Args:
        device: "cpu" or "cuda"; where not given, CUDA if there is any.
    """
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if "RANK" not in os.environ:
        return Processes(0, 1, torch.device(kind))
    place = (
        torch.device(kind, int(os.environ["LOCAL_RANK"])) if kind == "cuda" else torch.device(kind)
    )
    if place.type == "cuda":
        torch.cuda.set_device(place)
    dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    return Processes(dist.get_rank(), dist.get_world_size(), place)
