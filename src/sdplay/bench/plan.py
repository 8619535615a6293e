"""What is measured: which contestants, and which ways to draw with each of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sdplay.core.errors import MemoryFailed
from sdplay.core.fields import Quality
from sdplay.core.machine import memory_available
from sdplay.core.values import counted
from sdplay.requests.memory import memory_plan
from sdplay.studio import ResolvedRequest

PROMPT, SEED = "a red apple, 3d render", 0
QUALITIES: tuple[Quality, ...] = ("exact", "fast", "draft")
STOCK = "stock diffusers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to draw: with the contestant `who` ("torch", "openvino", `STOCK`), at a `quality`, on so many CPU
    `threads` (0 for its usual number).
    """

    who: str
    quality: Quality = "exact"
    threads: int = 0

    @property
    def title(self) -> str:
        if self.who == STOCK:
            return STOCK
        return ", ".join([self.who, self.quality, *([counted(self.threads, "thread")] if self.threads else [])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`what` is the picture, settled; `engines` are measured, and stock diffusers unless `no_peer` says why not; then
    the exact picture on `threads` other than the usual number.
    """

    what: ResolvedRequest
    engines: tuple[str, ...]
    rounds: int
    no_peer: str = ""
    threads: tuple[int, ...] = ()

    @property
    def contestants(self) -> tuple[str, ...]:
        return (*self.engines, *([] if self.no_peer else [STOCK]))

    def ways(self) -> Iterator[Way]:
        """Each way once, in the order of the table."""
        for engine in self.engines:
            yield from (Way(who=engine, quality=quality) for quality in QUALITIES)
        yield from (Way(who="torch", threads=threads) for threads in self.threads)
        if not self.no_peer:
            yield Way(who=STOCK)

    def order(self, way: Way, file: Path) -> dict[str, Any]:
        """What a contestant is told to draw."""
        recipe = self.what.recipe
        numbers = {"steps": recipe.steps, "guidance_scale": recipe.guidance_scale}
        size = {"width": recipe.width, "height": recipe.height}
        shared: dict[str, Any] = {"threads": way.threads, "file": str(file)}
        if way.who == STOCK:
            return shared | numbers | size | {"folder": str(self.what.model.path), "prompt": PROMPT}
        asked = {"prompt": PROMPT, "seed": SEED, "model": recipe.request.model, "anyway": True}
        run = {"engine": way.who, "device": recipe.request.run.device}
        return shared | {"fields": asked | numbers | size | run | {"quality": way.quality}}

    def check_memory(self) -> None:
        """Raise `MemoryFailed` where the contestants do not fit into memory side by side."""
        numerics, free = replace(self.what.recipe.numerics, dtype="float32"), memory_available()
        in_float32 = replace(self.what.recipe, numerics=numerics)  # as the peer and OpenVINO have the weights
        needed = len(self.contestants) * memory_plan(in_float32, self.what.model).predicted
        if free is not None and needed > free:
            reason = f"{len(self.contestants)} programs would each load the model, {needed / 2**30:.1f} GiB in all, "
            reason += f"and {free / 2**30:.1f} GiB are free"
            raise MemoryFailed(reason, hint="measure fewer of them: `engine=torch`, `no_peer`")


def missing_peer(what: ResolvedRequest) -> str:
    """Why stock diffusers cannot draw this, "" where it can."""
    if find_spec("diffusers") is None or find_spec("transformers") is None:
        return "it is not installed: `pip install diffusers transformers`"
    if not (what.model.path / "model_index.json").is_file():
        return "it would fetch files for a model in a single file: give a diffusers folder"
    return ""


def other_threads(usual: int) -> tuple[int, ...]:
    """Numbers of threads to try beside the `usual` one: a single one, and all that the processor offers."""
    offered = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tuple(sorted({1, offered} - {usual}))
