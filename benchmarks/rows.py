"""One row of the table: what was measured, against whom, at what loss, and whether the aim was met."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Ratio, Timings, ratio

REASONS = Path(__file__).with_name("reasons.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a row is held to: at least the ratio `ratio`, at most `seconds`, or `times` the seconds of the peer."""

    ratio: float | None = None
    seconds: float | None = None
    times: float | None = None

    def __str__(self) -> str:
        if self.times is not None:
            return f"≤ {self.times:g} × the peer"
        return f"≥ {self.ratio:g}×" if self.ratio is not None else f"≤ {self.seconds:g} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`key` names the row in `reasons.toml`; `clock` is "CPU" or "wall"; `loss` is our error against the peer."""

    key: str
    what: str
    clock: str
    ours: float
    peer: float | None = None
    ratio: Ratio | None = None
    loss: str = ""
    aim: Aim | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim was reached; None where there is none."""
        if self.aim is None:
            return None
        if self.aim.seconds is not None:
            return self.ours <= self.aim.seconds
        if self.aim.times is not None:
            return self.peer is not None and self.ours <= self.aim.times * self.peer
        return self.ratio is not None and self.aim.ratio is not None and self.ratio.value >= self.aim.ratio


def paired(key: str, what: str, ours: Timings, peer: Timings, *, loss: str, aim: Aim | None, clock: str = "CPU") -> Row:
    """The row of two contestants that ran in turn."""
    return Row(
        key=key,
        what=what,
        clock=clock,
        ours=ours.median,
        peer=peer.median,
        ratio=ratio(ours, peer),
        loss=loss,
        aim=aim,
    )


def read_reasons(path: Path = REASONS) -> dict[str, str]:
    """Why an aim is missed, by the key of its row; written by people."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
