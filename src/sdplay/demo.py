"""The first thing a person sees: eight prompts and a grid of styles, drawn, kept, and laid out on two sheets."""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from sdplay.events import ImageDone
from sdplay.files.atomic import prepare_folder, write_new
from sdplay.images.picture import Picture
from sdplay.images.writer import ImageWriter
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.version import VERSION

PROMPTS = (
    "a red apple, 3d render",
    "a cat, cartoon, on a blue background",
    "a green car, 3d render",
    "flat icon of a rocket on a purple background",
    "a panda, 3d render, on a pink background",
    "a blue heart, flat icon",
    "a pizza, cartoon, on a green background",
    "a castle, 3d render, on an orange background",
)
PROMPTS_ACROSS = 4
STYLES = ("3d render", "flat icon", "cartoon")
THINGS = ("strawberry", "dog", "guitar", "snowman")
SEED = 1

CELL, GAP, LINE, MARGIN = 256, 16, 22, 24  # pixels on a sheet
LABEL_SIZE = 16
PAPER, INK = "#ffffff", "#333333"

NEXT = """
Next:  {command} "a blue car, cartoon, on a yellow background" -n 4
A real checkpoint:  {command} "a lighthouse at dusk" --model PATH/TO/stable-diffusion-v1-5"""


@dataclass(slots=True)
class Progress:
    """Draws prompt after prompt and says so, a line each, on stdout."""

    studio: Studio
    keeper: ImageWriter
    model: str
    total: int
    done: int = 0
    kept: list[Path] = field(default_factory=list)

    def draw(self, prompt: str) -> Picture:
        """Draw and keep one picture; raises what drawing and keeping raise."""
        self.done += 1
        print(f"  {self.done:2}/{self.total}  {prompt}", end="", flush=True)
        pictures: list[Picture] = []
        request = make_request(Txt2Img, prompt=prompt, model=self.model, seed=SEED)
        for event in self.studio.stream(request):
            if isinstance(event, ImageDone):
                pictures.append(event.picture)
                self.kept.append(self.keeper.write(event.picture).path)
        print(f"  ({pictures[0].seconds:.1f} s)", flush=True)
        return pictures[0]


def labelled(prompts: Sequence[str], pictures: Sequence[Picture]) -> Image.Image:
    """A sheet of pictures, each with its prompt below it."""
    rows = -(-len(pictures) // PROMPTS_ACROSS)
    cell_height = CELL + 2 * LINE + GAP
    sheet = paper(PROMPTS_ACROSS, rows * cell_height - GAP, left=0)
    for number, (prompt, picture) in enumerate(zip(prompts, pictures, strict=True)):
        row, column = divmod(number, PROMPTS_ACROSS)
        x, y = MARGIN + column * (CELL + GAP), MARGIN + row * cell_height
        sheet.paste(enlarged(picture), (x, y))
        write(sheet, (x + CELL // 2, y + CELL + LINE // 3), "\n".join(wrapped(prompt)), anchor="ma")
    return sheet


def grid(styles: Sequence[str], things: Sequence[str], pictures: Sequence[Picture]) -> Image.Image:
    """A sheet with a row for each style and a column for each thing."""
    left = max(int(label_font().getlength(style)) for style in styles) + GAP
    sheet = paper(len(things), len(styles) * (CELL + GAP) - GAP + LINE, left=left)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, len(things))
        x, y = MARGIN + left + column * (CELL + GAP), MARGIN + LINE + row * (CELL + GAP)
        sheet.paste(enlarged(picture), (x, y))
        if row == 0:
            write(sheet, (x + CELL // 2, MARGIN), things[column])
        if column == 0:
            write(sheet, (MARGIN + (left - GAP) // 2, y + CELL // 2), styles[row])
    return sheet


def paper(columns: int, height: int, left: int) -> Image.Image:
    """White, wide enough for `columns` pictures with `left` pixels for headings beside them."""
    width = left + columns * (CELL + GAP) - GAP
    return Image.new("RGB", (width + 2 * MARGIN, height + 2 * MARGIN), PAPER)


def enlarged(picture: Picture) -> Image.Image:
    return picture.image.resize((CELL, CELL), Image.Resampling.LANCZOS)


def label_font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(LABEL_SIZE)


def write(sheet: Image.Image, at: tuple[int, int], text: str, anchor: str = "mm") -> None:
    """Write `text`, which may have lines; `at` is its middle, or what else Pillow's `anchor` says."""
    ImageDraw.Draw(sheet).multiline_text(at, text, INK, label_font(), anchor=anchor, align="center", spacing=4)


def wrapped(text: str) -> Iterator[str]:
    """`text` in lines no wider than a picture."""
    font, line = label_font(), ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > CELL:
            yield line
            longer = word
        line = longer
    yield line


def new_folder(parent: Path) -> Path:
    """The first of `parent`/demo-1, demo-2, … that does not exist yet, made now."""
    prepare_folder(parent)
    number = 1
    while True:
        folder = parent / f"demo-{number}"
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1


def keep_sheet(sheet: Image.Image, path: Path) -> Path:
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return write_new(buffer.getvalue(), [path])


def command() -> str:
    """How this installation's `sdplay` is called from here."""
    beside = Path(sys.executable).with_name("sdplay")
    shorter = os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)
    return shorter if " " not in shorter else f'"{shorter}"'


def show(studio: Studio, model: str, out: Path) -> Path:
    """Draw everything, keep it in a new folder below `out`, say where it is; returns that folder."""
    started = time.perf_counter()
    styled = [f"a {thing}, {style}" for style in STYLES for thing in THINGS]
    total = len(PROMPTS) + len(styled)
    folder = new_folder(out)
    print(f"Drawing {total} pictures with the model {model!r}, on this computer alone. Loading it first.", flush=True)
    progress = Progress(studio, ImageWriter(folder, "png", VERSION), model, total)
    eight = keep_sheet(labelled(PROMPTS, [progress.draw(prompt) for prompt in PROMPTS]), folder / "prompts.png")
    styles = keep_sheet(grid(STYLES, THINGS, [progress.draw(prompt) for prompt in styled]), folder / "styles.png")
    print(f"\nDone in {time.perf_counter() - started:.0f} s, loading included. Look at:")
    print(f"  {eight}  eight prompts\n  {styles}   three styles of four things")
    print(f"  {folder / '*-*.png'}      the single pictures, each with its recipe inside")
    print(NEXT.format(command=command()))
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sdplay.demo", description=__doc__)
    parser.add_argument("--model", default="builtin", help="a model's name or a diffusers folder")
    parser.add_argument("--out", type=Path, default=Path("images"), help="the demo's own folder is made in here")
    asked = parser.parse_args()
    with Studio() as studio:
        show(studio, asked.model, asked.out)
    return 0


if __name__ == "__main__":
    from sdplay.cli.outcome import run_safely

    sys.exit(run_safely(main))
