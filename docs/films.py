"""Make the pictures of docs/films.md anew: run its commands as they stand there, lay out the films they made.

Run it as `python docs/films.py [FOLDER]`; the pictures go to docs/pictures unless a folder is named. Of a film in
films/NAME the page may show pictures/NAME.webp, which moves, and pictures/NAME-sheet.webp, twelve of its frames.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image

from sdplay.cli.main import main as sdplay

PAGE = Path(__file__).with_suffix(".md")
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"\]\(pictures/([\w-]+\.webp)\)")
FRAMES, ACROSS, GAP = 12, 6, 4
PAPER, QUALITY = "#ffffff", 82


@dataclass(frozen=True, slots=True)
class Film:
    """A film of the page: the commands that make it, and its job folder, relative to where they run."""

    commands: tuple[str, ...]
    job: Path


def films(page: str) -> Iterator[Film]:
    """The films in the order of the page; the last command of a block names its folder."""
    for block in SHELL.findall(page):
        commands = tuple(block.replace("\\\n", " ").splitlines())
        words = shlex.split(commands[-1])
        yield Film(commands, Path(words[words.index("--out") + 1]))


def run(command: str) -> None:
    """Run one `sdplay` command here; raises `RuntimeError` where it fails."""
    if code := sdplay([*shlex.split(command)[1:], "--quiet"]):
        raise RuntimeError(f"exit code {code}: {command}")


def frames(job: Path) -> list[Image.Image]:
    return [Image.open(path).convert("RGB") for path in sorted((job / "frames").glob("*.png"))]


def sheet(pictures: list[Image.Image]) -> Image.Image:
    """Twelve pictures at even distances, the first among them, in rows of six."""
    chosen = [pictures[number * len(pictures) // FRAMES] for number in range(FRAMES)]
    width, height = chosen[0].size
    page = Image.new("RGB", (ACROSS * (width + GAP) - GAP, FRAMES // ACROSS * (height + GAP) - GAP), PAPER)
    for number, picture in enumerate(chosen):
        row, column = divmod(number, ACROSS)
        page.paste(picture, (column * (width + GAP), row * (height + GAP)))
    return page


def save_moving(pictures: list[Image.Image], job: Path, path: Path) -> None:
    """All pictures as one WebP that plays round and round at the film's own pace."""
    rate = Fraction(json.loads((job / "job.json").read_text(encoding="utf-8"))["description"]["output"]["rate"])
    first, *rest = pictures
    pace = round(1000 / rate)
    first.save(path, save_all=True, append_images=rest, duration=pace, loop=0, quality=QUALITY, method=6)


def make(folder: Path) -> list[Path]:
    """Run the commands of the page in an empty folder and write the pictures it shows to `folder`."""
    page, before, written = PAGE.read_text(encoding="utf-8"), Path.cwd(), list[Path]()
    shown = set(SHOWN.findall(page))
    with tempfile.TemporaryDirectory() as desk:
        os.chdir(desk)
        try:
            for film in films(page):
                for command in film.commands:
                    run(command)
                pictures, name = frames(film.job), film.job.name
                if f"{name}.webp" in shown:
                    save_moving(pictures, film.job, folder / f"{name}.webp")
                    written.append(folder / f"{name}.webp")
                sheet(pictures).save(folder / f"{name}-sheet.webp", quality=QUALITY, method=6)
                written.append(folder / f"{name}-sheet.webp")
        finally:
            os.chdir(before)
    for path in written:
        print(f"{path}  {path.stat().st_size / 1000:.0f} KB", flush=True)
    return written


if __name__ == "__main__":
    make(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else PAGE.parent / "pictures")
