"""Draw the sheets of docs/sheets.md and docs/sheets/*.md anew: run the commands as they stand on those pages, and lay
out what each of them drew.

Run it as `python docs/sheets.py [NAME…]`: only the sheets of these names, all where none is named. They go to
docs/pictures. What stands behind the `#` of a command is written below its picture. A section with one `--grid` shows
the sheet that this wrote; one with Python shows the PNG files that it saved, with their names.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sdplay.cli.main import main as sdplay

DOCS = Path(__file__).parent
PAGES = (DOCS / "sheets.md", *sorted((DOCS / "sheets").glob("*.md")))
SECTION = re.compile(r"^## ([\w-]+)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
SCRIPT = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CELL, GAP, LABEL, ACROSS = 192, 12, 24, 4
PAPER, INK = "#ffffff", "#333333"
QUALITY = 82
TERSE = {"canny"}  # commands that print the paths of pictures and nothing else anyhow


@dataclass(frozen=True, slots=True)
class Line:
    """A command of the page, and what is written below what it drew ("" for one that prepares something)."""

    command: str
    label: str
    script: bool = False

    @property
    def is_sheet(self) -> bool:
        return "--grid" in self.command


def sections(page: str) -> Iterator[tuple[str, list[Line]]]:
    """The name of each section with commands, and these in order; or with the Python that takes their place."""
    for name, text in SECTION.findall(page):
        if script := SCRIPT.search(text):
            yield name, [Line(script[1], "", script=True)]
            continue
        lines = [line for block in SHELL.findall(text) for line in block.splitlines() if line.strip()]
        parts = [line.partition("#") for line in lines]
        if parts:
            yield name, [Line(command.strip(), label.strip()) for command, _, label in parts]


def run(command: str) -> list[Path]:
    """Run one command here; the pictures that it says it kept. Raises `RuntimeError` where it fails."""
    words = shlex.split(command)
    if words[0] != "sdplay":
        subprocess.run([sys.executable if words[0] == "python" else words[0], *words[1:]], check=True)
        return []
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = sdplay(words[1:] if words[1] in TERSE else [*words[1:], "--quiet"])
    if code:
        raise RuntimeError(f"exit code {code}: {command}")
    return [Path(line) for line in said.getvalue().splitlines()]


def saved(script: str) -> list[tuple[Path, str]]:
    """Run Python here; the PNG files it leaves, each with its name."""
    exec(compile(script, "<page>", "exec"), {})
    return [(path, path.stem) for path in sorted(Path().glob("*.png"))]


def drawn(lines: list[Line]) -> list[tuple[Image.Image, str]]:
    """What the commands draw in an empty folder, each picture with its label."""
    found: list[tuple[Image.Image, str]] = []
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for line in lines:
                files = saved(line.command) if line.script else [(path, line.label) for path in run(line.command)]
                for path, label in files[-1:] if line.is_sheet else files:
                    with Image.open(path) as image:
                        found.append((image.convert("RGB"), label))
        finally:
            os.chdir(before)
    return found


def sheet(pictures: list[tuple[Image.Image, str]]) -> Image.Image:
    """Pictures in rows of four, each as large as its cell allows, with its label below it."""
    rows = -(-len(pictures) // ACROSS)
    width, height = ACROSS * (CELL + GAP) + GAP, rows * (CELL + LABEL + GAP) + GAP
    page = Image.new("RGB", (width, height), PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for number, (picture, label) in enumerate(pictures):
        row, column = divmod(number, ACROSS)
        left, top = GAP + column * (CELL + GAP), GAP + row * (CELL + LABEL + GAP)
        scale = CELL / max(picture.size)
        size = (round(picture.width * scale), round(picture.height * scale))
        shown = picture.resize(size, Image.Resampling.LANCZOS)
        page.paste(shown, (left + (CELL - size[0]) // 2, top + (CELL - size[1]) // 2))
        pen.text((left + CELL // 2, top + CELL + 4), label, INK, font, anchor="ma")
    return page


def make(folder: Path, page: Path, names: Collection[str] = ()) -> list[Path]:
    """Write a sheet for every section of `page`, or those of these `names` alone; returns the files."""
    written: list[Path] = []
    for name, lines in sections(page.read_text(encoding="utf-8")):
        if names and name not in names:
            continue
        written.append(folder / f"{name}.webp")
        pictures = drawn(lines)
        page_of = pictures[0][0] if lines[0].is_sheet else sheet(pictures)
        page_of.save(written[-1], quality=QUALITY, method=6)
        print(f"{written[-1]}  {written[-1].stat().st_size / 1000:.0f} KB", flush=True)
    return written


if __name__ == "__main__":
    for each in PAGES:
        make(DOCS / "pictures", each, sys.argv[1:])
