"""A process that draws units of a job which it shares with others: takes what is free, until all is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Protocol

from sdplay.core.errors import BadRequest, RenderFailed, StoreError
from sdplay.events import Event, PieceChecked, UnitDrawn, Waiting, WorkerBanned
from sdplay.executors.arithmetic import first_difference
from sdplay.executors.audit import Audit, Opinion, is_audited
from sdplay.files.claims import LEASE, Claim, ClaimFolder, Claims, kept
from sdplay.film.job.folder import JobFolder
from sdplay.jobs.shards.pieces import CLAIMS, PieceFiles, PieceRecord, PieceStore
from sdplay.jobs.units import Unit, unit_of

REST = 1.0  # seconds between two looks at whether something became free
ARITHMETIC = "arithmetic.json"


class ShardJob(Protocol):
    """A job as it is drawn by many: a film, pictures, a grid. `thing` is what its units hold, in the plural."""

    @property
    def folder(self) -> JobFolder: ...

    @property
    def units(self) -> Sequence[Unit]: ...

    @property
    def thing(self) -> str: ...

    def finished(self) -> set[int]:
        """The pieces that are part of the job already."""
        ...

    def draw(self, number: int, store: PieceStore) -> Generator[Event, None, PieceFiles]:
        """Draw a piece, those that it starts from being finished or known; what came of it."""
        ...

    def followers(self, numbers: Collection[int]) -> set[int]:
        """The pieces that are drawn from those."""
        ...

    def join(self, store: PieceStore, records: Iterable[PieceRecord], origin: Origin) -> Generator[Event, None, None]:
        """Make the job's files of its pieces."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculates:
    """By what a worker calculates: `mark` stands for it, `facts` are to be compared, and `made_by` is what a job's
    description says of it.
    """

    mark: str
    facts: dict[str, str]
    made_by: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the pieces of a job come from: whether from workers that calculate in more than one way (`mixed`), and what
    a job's description says of the first of them.
    """

    mixed: bool
    made_by: dict[str, str]

    def noted(self, record: PieceRecord) -> dict[str, Any]:
        """What is to be known of a piece later."""
        return {"mixed": True, "worker": record.worker, "mark": record.mark} if self.mixed else {}


@dataclass(kw_only=True)
class UnitWorker:
    """Draws units of `job` as the worker `name`, by which it is known in an audit.

    Of the pieces that others drew the share `audit` (0 to 1) is drawn again and compared. With `mixed` it does not
    matter whether it calculates as the first worker did. Without `wait` it ends when nothing is free; else it stays
    until its units are drawn, by whomever.
    """

    job: ShardJob
    name: str
    calculates: Calculates
    audit: float = 0.0
    mixed: bool = False
    wait: bool = True
    lease: float = LEASE
    sleep: Callable[[float], None] = time.sleep
    store: PieceStore = field(init=False)
    claims: Claims = field(init=False)
    _known: set[int] = field(init=False, default_factory=set[int])
    _looked_at: set[int] | None = field(init=False, default=None)  # when others were checked last

    def __post_init__(self) -> None:
        self.store = PieceStore(self.job.folder.path)
        self.store.prepare()
        self.claims = Claims(ClaimFolder(self.store.root / CLAIMS), self.name, self.lease)

    def run(self, units: Sequence[Unit]) -> Generator[Event, None, None]:
        """Draw those of `units` that nobody draws, and check what others drew. Finished units stay when it is stopped.

        Raises `BadRequest` for a worker that calculates otherwise than the first, and for one that was banned; what the
        drawing raises; `DiskFull` and `StoreError`.
        """
        self._check_banned()
        self._check_arithmetic()
        while True:
            drew = yield from self._draw_free(units)
            checked = yield from self._check_others(units)
            if not drew and not checked:
                if not self._missing(units) or not self.wait:
                    return
                yield Waiting()
                self.sleep(min(REST, self.lease / 4))

    def _check_arithmetic(self) -> None:
        """Compare what this worker calculates by with the first one that came."""
        own = {"worker": self.name, "mark": self.calculates.mark, "facts": self.calculates.facts}
        first = self.store.keep(ARITHMETIC, {**own, "made_by": self.calculates.made_by})
        if first.get("mark") == self.calculates.mark or self.mixed:
            return
        differs = first_difference(self.calculates.facts, dict(first.get("facts", {})))
        how = f"{differs.name} is {differs.one}, {differs.other} there" if differs else "its version is another"
        raise BadRequest(
            f"calculates otherwise than {first.get('worker')}, the first worker: {how}",
            field="worker",
            value=self.name,
            hint="its bits may differ; `mixed` lets it draw, and the job says which units came from where",
        )

    def _check_banned(self) -> None:
        if self.name in self.store.banned():
            raise RenderFailed(
                f"the worker {self.name!r} drew something else than others did, and gets no more of this job",
                field="worker",
                value=self.name,
                hint="test its memory and its GPU",
            )

    def _missing(self, units: Sequence[Unit]) -> list[Unit]:
        """Those of `units` of which a piece is neither finished nor known."""
        self._known = self.job.finished() | self.store.numbers()
        return [unit for unit in units if not self._known.issuperset(unit.pieces)]

    def _draw_free(self, units: Sequence[Unit]) -> Generator[Event, None, bool]:
        """Draw every unit that is free; whether there was one."""
        any_drawn = False
        for unit in self._missing(units):
            self._check_banned()
            if not self._may_begin(unit) or self._is_drawn(unit):
                continue
            claim = self.claims.take(unit_name(unit))
            if claim is None:
                continue
            started = time.perf_counter()
            with kept(claim, self.lease):
                drawn = yield from self._draw(unit, claim)
            if drawn:
                any_drawn = True
                done = sum(self._known.issuperset(each.pieces) for each in units)
                seconds = time.perf_counter() - started
                yield UnitDrawn(number=unit.number, done=done, total=len(units), seconds=seconds)
        return any_drawn

    def _may_begin(self, unit: Unit) -> bool:
        return unit.waits_for is None or self._is_drawn(self.job.units[unit.waits_for])

    def _is_drawn(self, unit: Unit) -> bool:
        """Whether all of it is finished or known by now, by whomever."""
        self._known |= {piece for piece in set(unit.pieces) - self._known if self.store.has(piece)}
        return self._known.issuperset(unit.pieces)

    def _draw(self, unit: Unit, claim: Claim) -> Generator[Event, None, bool]:
        """Draw what is missing of `unit`, piece by piece; False where the claim was lost on the way."""
        any_drawn = False
        for number in unit.pieces:
            if number in self._known or self.store.has(number):
                continue
            piece = yield from self._drawn_while_held(number, claim)
            if piece is None:
                return False
            record = self.store.publish(piece, self.name, self.calculates.mark)
            self._known.add(number)
            any_drawn = True
            if record.opinion.digest != piece.digest and record.worker != self.name:
                self.store.say(number, Opinion(self.name, piece.digest))
                yield from self._settle()
        return any_drawn

    def _drawn_while_held(self, number: int, claim: Claim) -> Generator[Event, None, PieceFiles | None]:
        """Draw a piece; None as soon as the claim is lost."""
        drawing = self.job.draw(number, self.store)
        with closing(drawing):
            while not claim.lost:
                try:
                    event = next(drawing)
                except StopIteration as end:
                    return end.value
                yield event
        return None

    def _check_others(self, units: Sequence[Unit]) -> Generator[Event, None, bool]:
        """Draw again what others drew and nobody checked, as far as the audit wants it; whether something was."""
        there = self.store.numbers()
        if there == self._looked_at:
            return False
        any_checked, self._looked_at = False, there
        audit = audit_of(self.job, self.store, self.audit)
        for number in [piece for unit in units for piece in unit.pieces if audit.wants(piece, self.name)]:
            self._check_banned()
            claim = self.claims.take(f"check-{number}")
            if claim is None:
                continue
            with kept(claim, self.lease):
                piece = yield from self._drawn_while_held(number, claim)
            if piece is None or not self.store.has(number):
                continue
            any_checked = True
            record = self.store.read(number)
            self.store.say(number, Opinion(self.name, piece.digest))
            unit = unit_of(self.job.units, number)
            yield PieceChecked(unit=unit, of=record.worker, same=record.opinion.digest == piece.digest)
        if any_checked:
            self._looked_at = None
            yield from self._settle()
        return any_checked

    def _settle(self) -> Generator[Event, None, None]:
        """Ban whoever was found out by now, and put aside what it drew."""
        yield from settle(self.job, self.store, audit_of(self.job, self.store, self.audit))


def unit_name(unit: Unit) -> str:
    """What a unit's claim is called."""
    return f"unit-{unit.number}"


def audit_of(job: ShardJob, store: PieceStore, share: float) -> Audit:
    """The audit of a job, by what is known in its folder; damaged pieces are left out, which `join` finds."""
    audit = Audit(job.folder.digest, share, banned=store.banned())
    said: dict[int, list[Opinion]] = {}
    for number, opinion in store.opinions():
        said.setdefault(number, []).append(opinion)
    there = sorted(store.numbers())
    counted = {number for number in there if number in said or is_audited(audit.job, number, share)}
    count_opinions(store, audit, counted, said)
    if audit.banned:  # what else those drew is to be found
        count_opinions(store, audit, set(there) - counted, said)
    return audit


def count_opinions(store: PieceStore, audit: Audit, numbers: Iterable[int], said: Mapping[int, list[Opinion]]) -> None:
    for number in sorted(numbers):
        try:
            first = store.read(number).opinion
        except StoreError:
            continue
        for opinion in (first, *said.get(number, ())):
            audit.add(number, opinion)


def settle(job: ShardJob, store: PieceStore, audit: Audit) -> Iterator[Event]:
    """Ban the workers that `audit` found out, and put aside what they drew, and what was drawn from that."""
    spoiled = set(audit.spoiled())
    if not spoiled and not audit.banned - store.banned():
        return
    for worker in sorted(audit.banned):
        theirs = [number for number in spoiled if worker_of(store, number) == worker]
        if store.ban(worker):
            yield WorkerBanned(name=worker, pieces=len(theirs))
    for number in sorted(spoiled | (job.followers(spoiled) & store.numbers())):
        store.reject(number)


def worker_of(store: PieceStore, number: int) -> str:
    """Who drew a piece; "" if that cannot be read."""
    try:
        return store.read(number).worker
    except StoreError:
        return ""
