"""Let the contestants take turns, and make a report of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
from PIL import Image

from sdplay.bench.contestant import Contestant, Drawn, Start, ours, stock
from sdplay.bench.plan import STOCK, Plan, Way
from sdplay.core.errors import RenderFailed

BUSY = 0.75  # of the time on the clock; whoever computes for less than this is kept waiting by other programs
Clock = Literal["wall", "CPU"]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one way to draw takes: medians of the rounds, in seconds and bytes. `start` is that of its process, for the
    first way of each. `ratio` is how many times faster it is than the peer, with the lowest and the highest of one
    round; `psnr` how far from the exact picture in torch, in dB, None where that says nothing.
    """

    way: Way
    start: Start | None
    wall: float
    cpu: float
    step: float
    memory: int
    ratio: tuple[float, float, float]
    psnr: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All `rows`; ratios are those of `clock`, to the row of `peer`. `computing` is the share of the time on the clock
    in which one thread at least computed, `load` how many programs ran as this began, on so many `cores`.
    """

    rows: tuple[Row, ...]
    peer: str
    clock: Clock
    computing: float
    load: float | None
    cores: int
    left_out: Mapping[str, str]

    @property
    def busy(self) -> bool:
        return self.computing < BUSY

    def row(self, way: Way) -> Row | None:
        return next((row for row in self.rows if row.way == way), None)


def measure(plan: Plan, say: Say) -> Report:
    """Start each contestant, then have all ways drawn in turn, `plan.rounds` times; `say` is told what goes on.

    Raises `RenderFailed` if one of ours ends by itself; stock diffusers is then left out, with the reason.
    """
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    left_out = {STOCK: plan.no_peer} if plan.no_peer else {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        ways = list(plan.ways())
        files = {way: Path(folder) / f"{number}.png" for number, way in enumerate(ways)}
        started: dict[str, Contestant] = {}
        starts: dict[Way, Start] = {}
        for name in plan.contestants:
            say(f"{name}: starting")
            way = next(way for way in ways if way.who == name)
            contestant = running.enter_context(stock() if name == STOCK else ours(name))
            try:
                starts[way], _ = contestant.first(**plan.order(way, files[way]))
            except RenderFailed as error:
                if name != STOCK:
                    raise
                left_out[STOCK] = error.reason
                ways.remove(way)
            started[name] = contestant
        drawn: dict[Way, list[Drawn]] = {way: [] for way in ways}
        for turn in range(plan.rounds):
            for way in ways:
                say(f"{way.title}: {turn + 1} of {plan.rounds}")
                drawn[way].append(started[way.who].draw(**plan.order(way, files[way])))
        psnrs = {way: psnr_of(way, files) for way in ways}
    return report(drawn, starts, psnrs, load, left_out)


def psnr_of(way: Way, files: Mapping[Way, Path]) -> float | None:
    """How far a picture of ours is from the exact one that torch draws."""
    exact = Way(who="torch")
    if way.who == STOCK or way.threads or exact not in files or way == exact:
        return None
    one, other = (np.asarray(Image.open(files[each]), np.float64) for each in (way, exact))
    error = float(np.square(one - other).mean())
    return float("inf") if error == 0 else 10 * float(np.log10(255**2 / error))


def report(
    drawn: Mapping[Way, Sequence[Drawn]],
    starts: Mapping[Way, Start],
    psnrs: Mapping[Way, float | None],
    load: float | None,
    left_out: Mapping[str, str],
) -> Report:
    """The medians, and ratios by the clock that tells more: that of the CPU where other programs were at work."""
    computing = min(1.0, median(one.cpu / one.wall for each in drawn.values() for one in each if one.wall))
    clock: Clock = "CPU" if computing < BUSY else "wall"
    peer = next((way for way in drawn if way.who == STOCK), next(iter(drawn)))
    rows = [
        Row(
            way=way,
            start=starts.get(way),
            wall=median(one.wall for one in each),
            cpu=median(one.cpu for one in each),
            step=median(one.step for one in each),
            memory=max(one.memory for one in each),
            ratio=ratio(seconds(each, clock), seconds(drawn[peer], clock)),
            psnr=psnrs[way],
        )
        for way, each in drawn.items()
    ]
    return Report(
        rows=tuple(rows),
        peer=peer.title,
        clock=clock,
        computing=computing,
        load=load,
        cores=os.cpu_count() or 1,
        left_out=left_out,
    )


def seconds(drawn: Sequence[Drawn], clock: Clock) -> list[float]:
    return [one.cpu if clock == "CPU" else one.wall for one in drawn]


def ratio(ours: Sequence[float], peer: Sequence[float]) -> tuple[float, float, float]:
    """`peer` over `ours` of the medians, and the lowest and highest of one round."""
    rounds = [theirs / own for own, theirs in zip(ours, peer, strict=True)]
    return median(peer) / median(ours), min(rounds), max(rounds)
