"""A contestant without a process: it takes as long as it says, and a stock pipeline twice as long."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from PIL import Image

from sdplay.bench.contestant import Drawn, Start
from sdplay.core.errors import RenderFailed

SHARE = {"exact": 1.0, "fast": 0.4, "draft": 0.25}


class StandIn:
    """`running` is how many there are, `fails` the name of one that ends, `stop_at` the drawing that Ctrl-C stops."""

    running: ClassVar[int] = 0
    fails: ClassVar[str] = ""
    stop_at: ClassVar[int] = 0

    def __init__(self, name: str) -> None:
        self.name, self.drawn = name, 0

    def __enter__(self) -> Self:
        StandIn.running += 1
        return self

    def __exit__(self, *_: object) -> None:
        StandIn.running -= 1

    def first(self, **order: Any) -> tuple[Start, Drawn]:
        return Start(wall=5.0, cpu=5.0), self.draw(**order)

    def draw(self, **order: Any) -> Drawn:
        self.drawn += 1
        if self.drawn == self.stop_at:
            raise KeyboardInterrupt
        if self.name == self.fails:
            raise RenderFailed(f"{self.name} ended: no such thing")
        seconds = 2.0 * SHARE[order.get("fields", {}).get("quality", "exact")] * (1 + ("folder" in order))
        Image.new("RGB", (8, 8), (int(100 * seconds), 0, 0)).save(Path(order["file"]))
        return Drawn(wall=seconds, cpu=seconds, step=seconds / 8, memory=2**28)
