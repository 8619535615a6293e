"""Paint and word many pictures at once, by several processes, for a training that is faster than one painter.

A GPU learns from thousands of pictures a second; one core paints sixty. What is painted here lies in the work folder,
and `training.codec` and `training.denoiser` with `--painted` take their pictures from there. Seeded by part, so that
the same command leaves the same pictures whatever the number of processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from training.art import SIZE, split
from training.pictures import Chooser, Painter, load
from training.sentences import sentence
from training.things import without

PART, WORDINGS = 64, 6
FOR_ALL, FOR_CODEC = "painted", "painted-codec"  # the second without the drawings that are held out
CODEC_MIX = {"single": 0.3, "pair": 0.25, "count": 0.1, "scene": 0.3, "empty scene": 0.05}
_MAKERS: list[tuple[Chooser, Painter]] = []


def some(
    chooser: Chooser, painter: Painter, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], list[list[str]]]:
    """Pictures uint8 [count, SIZE, SIZE, 3], and `WORDINGS` captions of each."""
    pixels: list[NDArray[np.uint8]] = []
    words: list[list[str]] = []
    for _ in range(count):
        drawn, _, picture = painter.paint(chooser.picture(rng), rng)
        pixels.append(drawn)
        words.append([sentence(picture, rng, empty=0) for _ in range(WORDINGS)])
    return np.stack(pixels), words


def _ready(work: Path, name: str) -> None:
    chooser, painter, drawings = load(work)
    if name == FOR_CODEC:
        chooser = Chooser(without(chooser.things, split(drawings)[1]), CODEC_MIX)
    _MAKERS.append((chooser, painter))


def _part(asked: tuple[int, int]) -> tuple[NDArray[np.uint8], list[list[str]]]:
    seed, number = asked
    return some(*_MAKERS[0], PART, np.random.default_rng([seed, number]))


def paint_all(work: Path, name: str, count: int, workers: int, seed: int = 1) -> None:
    """Leave `count` pictures, rounded down to whole parts, as `name`.npy and `name`.json."""
    parts = count // PART
    pixels = open_memmap(work / f"{name}.new.npy", mode="w+", dtype=np.uint8, shape=(parts * PART, SIZE, SIZE, 3))
    words: list[list[str]] = []
    with multiprocessing.get_context("spawn").Pool(workers, _ready, (work, name)) as pool:
        for number, (drawn, said) in enumerate(pool.imap(_part, [(seed, k) for k in range(parts)])):
            pixels[number * PART : (number + 1) * PART] = drawn
            words += said
    pixels.flush()
    (work / f"{name}.new.npy").replace(work / f"{name}.npy")
    (work / f"{name}.json").write_text(json.dumps(words))


class Painted:
    """What was painted before, in its order and round again."""

    def __init__(self, work: Path, name: str = FOR_ALL) -> None:
        self.pixels = np.load(work / f"{name}.npy", mmap_mode="r")
        self.words: list[list[str]] = json.loads((work / f"{name}.json").read_text())

    def take(self, start: int, count: int) -> tuple[Any, list[list[str]]]:
        """Pictures `start` to `start + count` of the endless round."""
        rows = [(start + k) % len(self.words) for k in range(count)]
        return np.stack([self.pixels[row] for row in rows]), [self.words[row] for row in rows]

    def some(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.asarray(self.pixels[np.sort(rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--count", type=int, default=32768)
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--codec", action="store_true", help="without the drawings the codec is measured on")
    asked = parser.parse_args()
    name = FOR_CODEC if asked.codec else FOR_ALL
    paint_all(asked.work, name, asked.count, asked.workers)
    print(f"{asked.count // PART * PART} pictures -> {asked.work / name}.npy")


if __name__ == "__main__":
    main()
