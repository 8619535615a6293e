"""A dream as a whole, frames and film written, against the loop that a person writes around the stock pipeline."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.contestants import Ours, Work
from benchmarks.measure import Process, Timings, psnr
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired
from benchmarks.stock_film import StockFilm
from sdplay.core.machine import Machine
from sdplay.events import Event, ImageDone, Started
from sdplay.executors.inline import InlineExecutor
from sdplay.film.job.builder import FilmJobBuilder
from sdplay.film.job.film import shoot
from sdplay.film.job.frame_file import read_frame
from sdplay.film.request_dream import Dream
from sdplay.images.picture import Picture
from sdplay.requests.base import Request, make_request
from sdplay.studio import ResolvedRequest, Studio
from sdplay.tasks import Executor, Task

PROMPTS = ("a red apple, 3d render", "a yellow lemon, 3d render", "a green pear, 3d render")
FPS = 24
FILM_AIM = Aim(ratio=2.0)


class Replay:
    """An executor that hands over frames drawn before: what is left of a film is all that is not drawing."""

    workers = 1

    def __init__(self, frames: Sequence[NDArray[np.uint8]]) -> None:
        self._frames = frames

    def detect_machine(self, request: Request) -> Machine:
        return Machine(device="cpu", dtype="float32", threads=1)

    def run(self, task: Task) -> Generator[Event, None, None]:
        yield Started(recipe=task.recipe, total=len(task.indices))
        for index in task.indices:
            picture = Picture(pixels=self._frames[index], recipe=task.recipe, index=index, seconds=0.0)
            yield ImageDone(picture=picture)

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class OurFilm:
    """A dream of ours: `settled`, with the numerics it is to have."""

    settled: ResolvedRequest
    frames: int

    def make(self, executor: Executor, job: Path) -> Path:
        """Shoot the whole film in a new folder `job`."""
        settled = self.settled
        what = {"recipe": settled.recipe, "model": settled.model, "device": settled.device, "executor": executor}
        for _ in shoot(FilmJobBuilder(**what).begin(job)):
            pass
        return job

    def pictures(self, job: Path) -> NDArray[np.uint8]:
        return np.stack([read_frame(path) for path in sorted((job / "frames").glob("*.png"))])


def our_film(work: Work, frames: int) -> OurFilm:
    request = make_request(
        Dream,
        prompts=PROMPTS,
        num=frames,
        fps=str(FPS),
        model=work.model,
        device="cpu",
        width=work.side,
        height=work.side,
        steps=work.steps,
        sampler="euler",
        schedule=work.schedule,
        seed=0,
    )
    settled = Studio().resolve(request)
    numerics = replace(settled.recipe.numerics, threads=work.threads)
    return OurFilm(replace(settled, recipe=replace(settled.recipe, numerics=numerics)), frames)


def timed(contestant: Callable[[], object]) -> Process:
    """One run on both clocks; CPU seconds are those of all threads."""
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    contestant()
    taken, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
    return Process(wall=taken, cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def take_turns(contestants: Sequence[Callable[[], object]], rounds: int) -> list[list[Process]]:
    """The runs of each contestant, which took turns."""
    runs = [[timed(contestant) for contestant in contestants] for _ in range(rounds)]
    return [list(each) for each in zip(*runs, strict=True)]


def clocks(runs: Sequence[Process], frames: int) -> tuple[Timings, Timings]:
    """(wall, CPU) seconds a frame."""
    wall, cpu = tuple(run.wall for run in runs), tuple(run.cpu for run in runs)
    return Timings(wall).divided(frames), Timings(cpu).divided(frames)


def film_rows(work: Work, rounds: int, frames: int) -> list[Row]:
    torch.set_num_threads(work.threads)
    film, inline = our_film(work, frames), InlineExecutor()
    stock = StockFilm(Ours(work), PROMPTS, frames, FPS)
    with TemporaryDirectory() as folder:
        numbers = count()

        def job() -> Path:
            return Path(folder) / str(next(numbers))

        drawn = film.pictures(film.make(inline, job()))
        replay = Replay(drawn)
        reference = stock.pictures(stock.make(job()))
        film.make(replay, job())
        ours, peer, rest = take_turns(
            [lambda: film.make(inline, job()), lambda: stock.make(job()), lambda: film.make(replay, job())], rounds
        )
    return rows_of(film, clocks(ours, frames), clocks(peer, frames), clocks(rest, frames), quality(drawn, reference))


def quality(drawn: NDArray[np.uint8], reference: NDArray[np.uint8]) -> str:
    worst = min(psnr(one, other) for one, other in zip(drawn, reference, strict=True))
    return f"PSNR {psnr(drawn, reference):.1f} dB, worst frame {worst:.1f} dB"


Clocks = tuple[Timings, Timings]


def rows_of(film: OurFilm, ours: Clocks, peer: Clocks, rest: Clocks, loss: str) -> list[Row]:
    recipe = film.settled.recipe
    what = (
        f"a frame of a dream, the model in the box, {recipe.width}×{recipe.height}, {recipe.steps} steps, "
        f"{film.frames} frames"
    )
    share = rest[1].median / ours[1].median
    return [
        paired("film-wall", what, ours[0], peer[0], loss=loss, aim=FILM_AIM, clock="wall"),
        paired("film-cpu", what, ours[1], peer[1], loss=loss, aim=FILM_AIM, clock="CPU"),
        Row(
            key="film-rest",
            what="of that: PNG, journal, preview, film, counting its frames",
            clock="CPU",
            ours=rest[1].median,
            loss=f"{share:.0%} of a frame",
        ),
    ]


def film_section(work: Work, rounds: int, frames: int) -> Section:
    return Section(
        title="Films, against a loop over the stock pipeline",
        about="A dream of three prompts, from its settled request to `video.mp4` and a PNG of every frame, "
        "against what a person writes with diffusers (benchmarks/stock_film.py): noise by slerp, words by "
        "lerp, `pipe(prompt_embeds=…, latents=…)`, a PNG for each frame, then an mp4 by PyAV. Same folder, "
        "starting noise, Euler steps, guidance and threads; both loaded and warm, texts encoded before. "
        "Seconds are those of one frame. Ours brings every frame to the disk before it counts as done, "
        "writes a preview beside it, and counts the frames of the film by decoding it. On the clock, all of "
        "that runs beside the drawing.",
        rows=tuple(film_rows(work, rounds, frames)),
    )
