"""Several processes that train one network, each on its share of a batch: gradients are averaged before each step.

Operations as small as this network's gain little from a second thread (15 % here); a second process gains nearly all of
its core.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Partners:
    """`count` processes, of which this one is `rank`; the first begins the others and writes what is kept."""

    rank: int = 0
    count: int = 1
    others: Sequence[subprocess.Popen[bytes]] = field(default=(), repr=False)

    @property
    def first(self) -> bool:
        return self.rank == 0

    def average(self, gradients: Iterable[Tensor | None]) -> None:
        """Replace each gradient by the mean over all processes; all must have the same ones."""
        if self.count == 1:
            return
        with as_one([gradient for gradient in gradients if gradient is not None]) as whole:
            dist.all_reduce(whole)
            whole /= self.count

    def pass_on(self, tensors: Sequence[Tensor], owners: Sequence[int]) -> None:
        """Fill each tensor, in every process, with what it is in the process of its owner."""
        if self.count == 1:
            return
        for owner in sorted(set(owners)):
            with as_one([tensor for tensor, rank in zip(tensors, owners, strict=True) if rank == owner]) as whole:
                dist.broadcast(whole.view(torch.uint8), owner)

    def agree(self, *numbers: float) -> list[float]:
        """The means of numbers, the same in every process."""
        if self.count == 1:
            return list(numbers)
        all_of_them = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(all_of_them)
        return (all_of_them / self.count).tolist()

    def leave(self) -> None:
        """Wait for the others to end."""
        if self.count > 1:
            dist.destroy_process_group()
        for other in self.others:
            other.wait()


@contextmanager
def as_one(tensors: Sequence[Tensor]) -> Iterator[Tensor]:
    """All `tensors` as one vector, one message instead of many; they become what it is at the end."""
    whole = torch.cat([tensor.flatten() for tensor in tensors])
    yield whole
    for tensor, part in zip(tensors, whole.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))


def shared(costs: Sequence[float], count: int) -> list[int]:
    """Which of `count` processes does each piece of work, so that all have about as much; the same in every process."""
    loads, owners = [0.0] * count, [0] * len(costs)
    for k in sorted(range(len(costs)), key=lambda k: -costs[k]):
        owners[k] = loads.index(min(loads))
        loads[owners[k]] += costs[k]
    return owners


def meet(module: str, arguments: Sequence[str], count: int, rank: int, place: Path) -> Partners:
    """Begin the other processes (`python -m module arguments --rank K`) if this is the first, and wait for all of them.

    `place` is a file by which they find each other; it must be the same for all, and no other's.
    """
    if count == 1:
        return Partners()
    if rank == 0:
        place.unlink(missing_ok=True)
    commands = [[sys.executable, "-m", module, *arguments, "--rank", str(other)] for other in range(1, count)]
    others = [subprocess.Popen(command) for command in commands] if rank == 0 else []
    dist.init_process_group("gloo", init_method=f"file://{place.resolve()}", rank=rank, world_size=count)
    return Partners(rank, count, others)
