"""Films drawn by the engine itself, with a family that has no networks: as quick as they get, and every path is walked.

A frame whose noise is from a seed in `BAD` comes out as no numbers, and one from a seed in `BLACK` as black.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.core.machine import Machine
from sdplay.core.sample import Noise
from sdplay.events import Event, Started
from sdplay.film.inputs import film_files
from sdplay.film.job.builder import FilmJobBuilder
from sdplay.film.job.encoder import Output
from sdplay.film.job.film import shoot
from sdplay.film.job.job import FilmJob
from sdplay.film.plan import FILMS, AnyFilm
from sdplay.film.render.film import FilmRenderer
from sdplay.pipeline.model_cache import LoadedModel, TextEncodingCache
from sdplay.requests.base import Request, make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.sampling.noise import seed_noise
from sdplay.tasks import Executor, Task
from tests.pipeline.stub import StubFamily
from tests.support.patience import wait_until
from tests.support.recipes import MACHINE, MODEL

SIDE = 64
PLAIN: dict[str, Any] = {"width": SIDE, "height": SIDE, "steps": 3, "seed": 5, "guidance_scale": 1.0}


class PaintingFamily(StubFamily):
    """Also encodes, and paints rows black or as no numbers where their seed says so: noise is known by its start."""

    def __init__(self, bad: Sequence[int] = (), black: Sequence[int] = ()) -> None:
        super().__init__()
        self.decode = self._decoded
        shape = (4, SIDE // 8, SIDE // 8)
        self._marks = [(seed_noise(Noise(seed=seed), shape), torch.nan) for seed in bad]
        self._marks += [(seed_noise(Noise(seed=seed), shape), -1.0) for seed in black]

    def encode(self, pixels: Tensor) -> Tensor:
        small = torch.nn.functional.avg_pool2d(pixels, 8)
        return torch.cat([small, small.mean(1, keepdim=True)], 1)

    def _decoded(self, latents: Tensor) -> Tensor:
        pixels = latents[:, :3].repeat_interleave(8, 2).repeat_interleave(8, 3)
        for row in range(len(latents)):
            for mark, worth in self._marks:
                if alike(latents[row], mark):
                    pixels[row] = worth
        return pixels


def alike(one: Tensor, other: Tensor) -> bool:
    """Whether two patterns are the same but for their strength and a constant."""
    together = torch.stack([one.flatten(), other.flatten()])
    return float(torch.corrcoef(together)[0, 1]) > 0.9


class StubExecutor:
    """Draws in this process with `PaintingFamily`."""

    workers = 1

    def __init__(self, bad: Sequence[int] = (), black: Sequence[int] = ()) -> None:
        self.family = PaintingFamily(bad, black)
        self._loaded = LoadedModel(self.family, TextEncodingCache(self.family))
        self._films = FilmRenderer()

    def detect_machine(self, request: Request) -> Machine:
        return MACHINE

    def run(self, task: Task) -> Generator[Event, None, None]:
        yield Started(recipe=task.recipe, total=len(task.indices))
        yield from self._films.render(task, self._loaded)

    def close(self) -> None:
        """Nothing is held."""


class HeldExecutor(StubExecutor):
    """Draws frame `first` and what comes after it only when there is a file `gate`."""

    def __init__(self, gate: Path, first: int) -> None:
        super().__init__()
        self._gate, self._first = gate, first

    def run(self, task: Task) -> Generator[Event, None, None]:
        if max(task.indices) >= self._first:
            wait_until(self._gate.exists)
        yield from super().run(task)


def film_request(mode: str, **fields: Any) -> AnyFilm:
    return make_request(FILMS[mode], **{**PLAIN, **fields})


def settled(request: AnyFilm) -> Recipe:
    request, assets = film_files(request)
    return resolve_request(request, MODEL, MACHINE, 7, assets)


def shooting(out: Path, request: AnyFilm, executor: Executor | None = None, output: Output | None = None) -> FilmJob:
    """The film of `request` in `out`, drawn by `executor` (the stub in this process when left out)."""
    what = {"recipe": settled(request), "model": MODEL, "device": "cpu", "executor": executor or StubExecutor()}
    return FilmJobBuilder(**what, output=output or Output()).begin(out)


def made(out: Path, request: AnyFilm, executor: Executor | None = None, output: Output | None = None) -> list[Event]:
    """Make the whole film; its events."""
    return list(shoot(shooting(out, request, executor, output)))


def frame_files(out: Path) -> dict[str, bytes]:
    """Frames and key pictures of a job by name."""
    found = [*(out / "frames").glob("*"), *(out / "keys").glob("*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(found)}


def journal(out: Path) -> list[dict[str, Any]]:
    """The lines of a job's journal in the order of units, without the time they took."""
    lines = [json.loads(line.partition(" ")[2]) for line in (out / "journal.jsonl").read_text().splitlines()]
    return sorted(({k: v for k, v in line.items() if k != "seconds"} for line in lines), key=lambda line: line["unit"])


def stub_with(bad: Sequence[int] = (), black: Sequence[int] = ()) -> functools.partial[StubExecutor]:
    """What makes such an executor, in another process too."""
    return functools.partial(StubExecutor, bad, black)
