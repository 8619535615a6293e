"""Jobs that many processes draw, on machines that share a folder: opened, drawn in units, joined."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sdplay.events import Event, Waiting
from sdplay.executors.arithmetic import worker_facts
from sdplay.executors.fake import FakeExecutor
from sdplay.files.claims import LEASE, ClaimFolder, Claims, kept
from sdplay.film.job.description import here
from sdplay.film.job.film import with_measured_pace
from sdplay.film.job.job import FilmJob
from sdplay.film.plan_dream import DreamPlan
from sdplay.jobs.film import FilmJobs
from sdplay.jobs.resolve import Resolver
from sdplay.jobs.shards.film import FilmShards
from sdplay.jobs.shards.join import NobodyDraws, join_units, state_of
from sdplay.jobs.shards.pictures import PictureShards, holds_pictures
from sdplay.jobs.shards.pieces import CLAIMS, PieceStore
from sdplay.jobs.shards.worker import REST, Calculates, ShardJob, UnitWorker, unit_name
from sdplay.jobs.units import Unit, units_in

if TYPE_CHECKING:
    from sdplay.tasks import Executor

PACE = "pace"  # the claim of who measures it
Asked = Sequence[tuple[int, int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a worker takes part: under what `worker` name (that of the machine if empty), which share of the pieces of
    others it draws again (`audit`, 0 to 1), whether it may calculate otherwise than the first one (`mixed`), whether it
    waits for units that others draw (`wait`), and after how many seconds of silence one of those counts as dead.
    """

    worker: str = ""
    audit: float = 0.0
    mixed: bool = False
    wait: bool = True
    lease: float = LEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """A unit, how far it is ("drawn", "free", "2 of 5") and who draws it, as far as that can be seen."""

    unit: Unit
    state: str
    holder: str


class ShardJobs:
    """Draws units of jobs in folders, and joins them."""

    def __init__(self, resolver: Resolver, sleep: Callable[[float], None] = time.sleep) -> None:
        self.resolver, self._sleep = resolver, sleep

    def open(self, path: Path, model: str | None = None) -> ShardJob:
        """The job in the folder `path`; `model` says where its model is now, if not where it was.

        Raises `BadRequest` for a folder without a job, `NotReproduced` where the model or a file it is made from is not
        the one it was prepared with.
        """
        if holds_pictures(path):
            return PictureShards(path, self.resolver, model)
        return FilmShards(FilmJobs(self.resolver).attach(path, model))

    def draw(
        self, path: Path, asked: Asked | None = None, terms: Terms | None = None, model: str | None = None
    ) -> Generator[Event, None, None]:
        """Draw those units of the job in `path` that are `asked` for and that nobody else draws; see `UnitWorker.run`.

        May be called by any number of processes, on any machine, again and again: what is drawn is not drawn again.
        """
        terms = terms or Terms()
        name = terms.worker or socket.gethostname()
        job = self.open(path, model)
        units_in(job.units, asked)  # what is wrong with them is said before anything else is done
        if isinstance(job, FilmShards):
            job = yield from self._measured(job, name, terms.lease, lambda: self.open(path, model))
        worker = UnitWorker(
            job=job,
            name=name,
            calculates=self.calculates(),
            audit=terms.audit,
            mixed=terms.mixed,
            wait=terms.wait,
            lease=terms.lease,
            sleep=self._sleep,
        )
        with closing(worker.run(units_in(job.units, asked))) as events:
            yield from events

    def join(self, path: Path, audit: float = 0.0, model: str | None = None) -> Generator[Event, None, None]:
        """Make the film, or the pictures, of the job in `path`; see `join_units`. Nothing is drawn."""
        joining = ShardJobs(Resolver(NobodyDraws(), library=self.resolver.library))
        yield from join_units(joining.open(path, model), audit)

    def states(self, path: Path, asked: Asked | None = None, model: str | None = None) -> Iterator[UnitState]:
        """How far each unit of the job in `path` is; writes nothing."""
        joining = ShardJobs(Resolver(NobodyDraws(), library=self.resolver.library))
        job = joining.open(path, model)
        store = PieceStore(path)
        done = job.finished() | store.numbers()
        claims = Claims(ClaimFolder(store.root / CLAIMS), "")
        for unit in units_in(job.units, asked):
            state = state_of(unit, done)
            yield UnitState(unit=unit, state=state, holder="" if state == "drawn" else claims.holder(unit_name(unit)))

    def calculates(self) -> Calculates:
        """By what this process calculates, or pretends to."""
        executor: Executor = self.resolver.executor
        if isinstance(executor, FakeExecutor):
            return Calculates(mark="pretended", facts={}, made_by=here())
        facts = worker_facts()
        return Calculates(mark=facts.mark, facts=dict(facts.arithmetic), made_by=here())

    def _measured(
        self, job: FilmShards, name: str, lease: float, reopen: Callable[[], ShardJob]
    ) -> Generator[Event, None, FilmShards]:
        """`job` with the pace of its film measured, by one of those who draw it: units depend on it."""
        while not is_measured(job.job):
            store = PieceStore(job.folder.path)
            store.prepare()
            claim = Claims(ClaimFolder(store.root / CLAIMS), name, lease).take(PACE)
            if claim is None:
                yield Waiting()
                self._sleep(min(REST, lease / 4))
            else:
                with kept(claim, lease):
                    yield from with_measured_pace(job.job)
            again = reopen()
            assert isinstance(again, FilmShards)
            job = again
        return job


def is_measured(job: FilmJob) -> bool:
    return not isinstance(job.plan, DreamPlan) or job.plan.is_measured
