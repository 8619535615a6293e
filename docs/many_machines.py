"""Draw docs/pictures/many-machines.svg: `python docs/many_machines.py FILE`, which benchmarks/many_workers.py printed.

The frames that one driver kept in a second, beside what its workers could draw.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).parent / "pictures" / "many-machines.svg"
WIDTH, HEIGHT, LEFT, TOP, SIDE = 680, 380, 70, 40, 290
LEAST, MOST = 1.0, 2000.0  # units a second
COLOURS = {64: "#2a6fbb", 512: "#c2571a"}
TEXT = 'font-family="sans-serif" font-size="13" fill="#333"'


def place(ideal: float, rate: float) -> tuple[float, float]:
    """Where a measurement is in the picture; both axes are logarithms."""

    def share(value: float) -> float:
        return math.log(value / LEAST) / math.log(MOST / LEAST)

    return LEFT + share(ideal) * (WIDTH - LEFT - 190), TOP + SIDE - share(rate) * SIDE


def words(x: float, y: float, said: str, how: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" {TEXT} {how}>{said}</text>'


def axes() -> Iterator[str]:
    for value in (1, 10, 100, 1000):
        (x, low), (left, y) = place(value, LEAST), place(LEAST, value)
        right, high = place(MOST, MOST)
        yield f'<path d="M{x:.0f} {low:.0f}V{high:.0f}M{left:.0f} {y:.0f}H{right:.0f}" stroke="#ddd"/>'
        yield words(x, low + 18, f"{value}", 'text-anchor="middle"')
        yield words(left - 8, y + 4, f"{value}", 'text-anchor="end"')
    yield words(LEFT, TOP - 16, "frames a second that one driver kept")
    yield words(LEFT, TOP + SIDE + 40, "frames a second that its workers could draw")


def lines(figures: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each size of a frame, and one for a driver that keeps all."""
    (x, y), (right, high) = place(LEAST, LEAST), place(MOST, MOST)
    yield f'<path d="M{x:.0f} {y:.0f}L{right:.0f} {high:.0f}" stroke="#999" stroke-dasharray="5 5"/>'
    yield words(right + 8, high + 4, "all of them")
    for side, colour in COLOURS.items():
        points = sorted(place(each["ideal"], each["rate"]) for each in figures if each["side"] == side)
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in points)
        yield words(points[-1][0] + 10, points[-1][1] + 4, f"{side}×{side} pixels")


def main(measured: Path) -> None:
    figures = [json.loads(line) for line in measured.read_text().splitlines()]
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', '<rect width="100%" height="100%" fill="#fff"/>']
    PICTURE.write_text("\n".join([*parts, *axes(), *lines(figures), "</svg>"]) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
