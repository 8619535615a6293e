"""Make a job of what many drew: every unit checked, nothing drawn, the film encoded or the pictures put in place."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Generator, Iterable, Iterator

from sdplay.core.errors import NotReproduced, StoreError
from sdplay.core.machine import Machine
from sdplay.events import Event
from sdplay.files.atomic import replace_file, writing
from sdplay.jobs.shards.pieces import PieceRecord, PieceStore
from sdplay.jobs.shards.worker import ARITHMETIC, Origin, ShardJob, audit_of, settle
from sdplay.jobs.units import Unit, unit_of
from sdplay.requests.base import Request
from sdplay.tasks import Task

WORKERS = "workers.json"
LONGEST_LIST = 120  # characters of units that are named


class NobodyDraws:
    """Stands where an executor does while a job is joined."""

    workers = 1

    def detect_machine(self, request: Request) -> Machine:
        device = request.run.device
        return Machine(device="cpu" if device == "auto" else device, dtype="float32", threads=0)

    def run(self, task: Task) -> Generator[Event, None, None]:
        raise StoreError(f"{task} are to be drawn again: they were changed since", hint="`sdplay resume` draws them")

    def close(self) -> None:
        """Nothing is held."""


def join_units(job: ShardJob, audit: float = 0.0) -> Generator[Event, None, None]:
    """Make the job of its pieces, once all are there and as they were written; with `audit`, that share of them (0 to
    1) must have been drawn by two workers alike.

    Raises `StoreError` naming the units that lack or were damaged, which are put aside to be drawn again, and
    `NotReproduced` for those that were not checked yet or that workers differ about.
    """
    store, finished = PieceStore(job.folder.path), job.finished()
    if store.root.is_dir():
        yield from settle(job, store, audit_of(job, store, audit))
    wanted = [piece for unit in job.units for piece in unit.pieces if piece not in finished]
    records = {record.number: record for record in whole_pieces(job, store, wanted)}
    lacking = units_with(job, set(wanted) - records.keys())
    if lacking:
        raise StoreError(
            f"{len(lacking)} of {len(job.units)} units are not drawn: {units_text(lacking)}",
            field="job",
            value=str(job.folder.path),
            hint=how_to_draw(job, lacking),
        )
    if records:
        check_audit(job, store, audit)
    yield from job.join(store, (records[number] for number in sorted(records)), origin_of(store, records.values()))
    if records:
        keep_workers(store, records.values())
        store.clear()


def whole_pieces(job: ShardJob, store: PieceStore, wanted: Iterable[int]) -> Iterator[PieceRecord]:
    """The records of those pieces that are known and whole; a damaged one is put aside. What was drawn from it stays:
    it comes out the same again.
    """
    there, broken = store.numbers(), set[int]()
    found: list[PieceRecord] = []
    for number in wanted:
        if number in there:
            try:
                found.append(store.check(number))
            except StoreError:
                broken.add(number)
    for number in broken:
        store.reject(number)
    yield from found


def check_audit(job: ShardJob, store: PieceStore, share: float) -> None:
    """Raise `NotReproduced` for pieces that still have to be drawn by another worker."""
    audit = audit_of(job, store, share)
    waiting = units_with(job, {number for number in store.numbers() if audit.is_open(number)})
    if not waiting:
        return
    disputed = any(audit.verdict(number).disputed for number in store.numbers())
    why = "workers differ about" if disputed else "one worker alone drew"
    names = f"{how_to_draw(job, waiting)} `audit={share:.0%}` `worker=ANOTHER`"
    raise NotReproduced(
        f"{why} some of the units {units_text(waiting)}",
        field="job",
        value=str(job.folder.path),
        hint=f"let another worker draw them too: {names}",
    )


def origin_of(store: PieceStore, records: Iterable[PieceRecord]) -> Origin:
    """Where `records` come from; the first worker said by what it calculates."""
    marks = {record.mark for record in records}
    if not marks:
        return Origin(mixed=False, made_by={})
    first = store.keep(ARITHMETIC, {})
    return Origin(mixed=len(marks) > 1, made_by=dict(first.get("made_by", {})))


def keep_workers(store: PieceStore, records: Iterable[PieceRecord]) -> None:
    """Keep who drew which pieces, by what arithmetic, beside the job."""
    by: dict[str, dict[str, list[int]]] = {}
    for record in records:
        by.setdefault(record.worker, {}).setdefault(record.mark, []).append(record.number)
    said = {name: {mark: numbers_text(numbers) for mark, numbers in marks.items()} for name, marks in by.items()}
    with writing(store.job):
        replace_file(store.job / WORKERS, json.dumps(said, indent=1, sort_keys=True).encode() + b"\n")


def units_with(job: ShardJob, pieces: Collection[int]) -> list[int]:
    """The units that have any of these pieces."""
    return sorted({unit_of(job.units, piece) for piece in pieces})


def how_to_draw(job: ShardJob, units: list[int]) -> str:
    return f"sdplay draw-units {shlex.quote(str(job.folder.path))} `units={units_text(units)}`"


def units_text(units: list[int]) -> str:
    """Units as they are typed, as many as a line holds."""
    text = numbers_text(units)
    if len(text) <= LONGEST_LIST:
        return text
    return f"{units[0]}-{units[-1]}"


def numbers_text(numbers: Iterable[int]) -> str:
    """Numbers as they are typed: "3,7-9"."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(f"{first}" if first == last else f"{first}-{last}" for first, last in spans)


def state_of(unit: Unit, done: Collection[int]) -> str:
    """How far a unit is, in a word or two, the pieces `done` being finished or known."""
    there = sum(piece in done for piece in unit.pieces)
    return "drawn" if there == len(unit.pieces) else f"{there} of {len(unit.pieces)}" if there else "free"
