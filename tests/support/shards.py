"""Films drawn in units by several workers in this process, with the stub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdplay.events import Event
from sdplay.film.plan import AnyFilm
from sdplay.jobs.shards.film import FilmShards
from sdplay.jobs.shards.join import join_units
from sdplay.jobs.shards.pieces import PieceStore
from sdplay.jobs.shards.worker import Calculates, UnitWorker
from sdplay.jobs.units import units_in
from sdplay.tasks import Executor
from tests.support.stubfilm import frame_files, journal, shooting

SAME = Calculates(mark="same", facts={"torch": "2"}, made_by={"sdplay": "x"})
DREAM: dict[str, Any] = {"prompts": ["a", "a longer one", "b"], "num": 13, "loop": True, "batch_size": 2}
SCENES: dict[str, Any] = {
    "animation_prompts": {"0": "a hill", "6": "a wide lake"},
    "max_frames": 18,
    "diffusion_cadence": 2,
    "zoom": "0:(1.03)",
    "angle": "0:(2)",
    "strength_schedule": "0:(0.6) step, 4:(1) step, 6:(0.5) step, 12:(1) step, 14:(0.5) step",
}


def worker(out: Path, request: AnyFilm, name: str = "a", executor: Executor | None = None, **terms: Any) -> UnitWorker:
    """A worker that shares the film of `request` in `out` with others."""
    terms = {"calculates": SAME, "wait": False, **terms}
    return UnitWorker(job=FilmShards(shooting(out, request, executor)), name=name, **terms)


def drawn(
    out: Path,
    request: AnyFilm,
    name: str = "a",
    asked: Sequence[tuple[int, int | None]] | None = None,
    executor: Executor | None = None,
    **terms: Any,
) -> list[Event]:
    """What happens while one worker draws what is free."""
    working = worker(out, request, name, executor, **terms)
    return list(working.run(units_in(working.job.units, asked)))


def joined(out: Path, request: AnyFilm, audit: float = 0.0) -> list[Event]:
    return list(join_units(FilmShards(shooting(out, request)), audit))


def store(out: Path) -> PieceStore:
    return PieceStore(out)


def everything(out: Path) -> tuple[dict[str, bytes], list[dict[str, Any]], bytes]:
    """Frames, keys, journal and film of a job."""
    return frame_files(out), journal(out), (out / "video.mp4").read_bytes()
