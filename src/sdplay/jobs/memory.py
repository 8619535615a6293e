"""How much memory a settled request takes, and how much there is."""

from __future__ import annotations

from dataclasses import dataclass

from sdplay.core.errors import ModelBroken
from sdplay.core.machine import memory_available
from sdplay.core.values import amount_text
from sdplay.jobs.resolve import ResolvedRequest
from sdplay.requests.memory import MemoryPlan, memory_limit, memory_plan, model_size, planned, ways


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The plan, and the bytes that are `allowed` and `free`, None where nobody says."""

    plan: MemoryPlan
    allowed: int | None
    free: int | None

    def __str__(self) -> str:
        allowed = f" of {amount_text(self.allowed)} allowed" if self.allowed is not None else ""
        return f"memory: {amount_text(self.plan.predicted)} predicted{allowed}: {', '.join(self.plan.steps)}"

    @property
    def warning(self) -> str:
        """What to say where more is predicted than there is; empty where it fits, or nobody knows."""
        if self.free is None or self.plan.predicted <= self.free:
            return ""
        free = amount_text(self.free)
        return f"{amount_text(self.plan.predicted)} of memory predicted, and {free} free: see `max_memory`"


def memory_of(settled: ResolvedRequest) -> Memory | None:
    """The memory that drawing takes; None where the model's files do not tell how large it is."""
    try:
        plan = memory_plan(settled.recipe, settled.model)
    except ModelBroken:
        return None
    return Memory(plan=plan, allowed=memory_limit(settled.recipe), free=free(settled.device))


def free(device: str) -> int | None:
    """Bytes free on `device`."""
    if device == "cpu":
        return memory_available()
    from sdplay.engines.device import free_memory  # loads torch, which whoever draws on a GPU has loaded

    return free_memory(device)


def other_ways(settled: ResolvedRequest) -> list[MemoryPlan]:
    """Ways to draw the same in less memory, each in less than the one before, those in bfloat16 last."""
    recipe, size = settled.recipe, model_size(settled.model)
    least, found = memory_plan(recipe, settled.model).predicted, list[MemoryPlan]()
    for way in ways(recipe, lossy=True):
        plan = planned(recipe, size, *way)
        if plan.predicted < least:
            found.append(plan)
            least = plan.predicted
    return found
