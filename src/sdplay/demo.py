"""The first thing a person sees: eight prompts and a grid of styles, drawn, kept, and laid out on two sheets."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sdplay.files.atomic import prepare_folder, write_new
from sdplay.images.picture import Picture
from sdplay.images.read import png
from sdplay.images.sheet import Label, Layout, Sheet
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio

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

CELL = 256  # pixels: the side of a picture on a sheet

NEXT = """
Next:  {command} "a blue car, cartoon, on a yellow background" -n 4
A real checkpoint:  {command} "a lighthouse at dusk" --model PATH/TO/stable-diffusion-v1-5"""


def draw(studio: Studio, prompts: Sequence[str], model: str, folder: Path) -> Iterator[Picture]:
    """Draw each prompt and keep it in `folder`, with a line on stdout; raises what drawing and keeping raise."""
    for number, prompt in enumerate(prompts, start=1):
        print(f"  {number:2}/{len(prompts)}  {prompt}", end="", flush=True)
        (picture,) = studio.draw(make_request(Txt2Img, prompt=prompt, model=model, seed=SEED), folder)
        print(f"  ({picture.seconds:.1f} s)", flush=True)
        yield picture


def prompts_layout(prompts: Sequence[str]) -> Layout:
    """A row of pictures, each below its prompt."""
    return Layout(columns=tuple(Label(f"seed {SEED}", prompt) for prompt in prompts), width=CELL, height=CELL)


def styles_layout() -> Layout:
    """A row for each style and a column for each thing."""
    things = tuple(Label("thing", thing) for thing in THINGS)
    return Layout(columns=things, rows=tuple(Label("style", style) for style in STYLES), width=CELL, height=CELL)


def laid_out(layout: Layout, pictures: Sequence[Picture]) -> Image.Image:
    """A sheet with `pictures` on it, row by row, each `CELL` pixels wide and high."""
    sheet = Sheet(layout)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, len(layout.columns))
        sheet.put((0, row, column), np.asarray(picture.image.resize((CELL, CELL), Image.Resampling.LANCZOS)))
    return sheet.image


def prompts_sheet(pictures: Sequence[Picture]) -> Image.Image:
    """The pictures of `PROMPTS` in rows, one sheet below the other."""
    starts = range(0, len(PROMPTS), PROMPTS_ACROSS)
    parts = [slice(start, start + PROMPTS_ACROSS) for start in starts]
    rows = [np.asarray(laid_out(prompts_layout(PROMPTS[part]), pictures[part])) for part in parts]
    return Image.fromarray(np.concatenate(rows))


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
    return write_new(png(np.asarray(sheet)), [path])


def command() -> str:
    """How this installation's `sdplay` is called from here."""
    beside = Path(sys.executable).with_name("sdplay")
    shorter = os.path.relpath(beside) if beside.is_relative_to(Path.cwd()) else str(beside)
    return shorter if " " not in shorter else f'"{shorter}"'


def show(studio: Studio, model: str, out: Path) -> Path:
    """Draw everything, keep it in a new folder below `out`, say where it is; returns that folder."""
    started = time.perf_counter()
    prompts = [*PROMPTS, *(f"a {thing}, {style}" for style in STYLES for thing in THINGS)]
    folder = new_folder(out)
    print(
        f"Drawing {len(prompts)} pictures with the model {model!r}, on this computer alone. Loading it first.",
        flush=True,
    )
    pictures = list(draw(studio, prompts, model, folder))
    eight = keep_sheet(prompts_sheet(pictures[: len(PROMPTS)]), folder / "prompts.png")
    styles = keep_sheet(laid_out(styles_layout(), pictures[len(PROMPTS) :]), folder / "styles.png")
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
