"""Render the art once: 256 px premultiplied RGBA of every usable drawing, with its name, tags and style."""

from __future__ import annotations

import argparse
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.fetch import fetch, read_sources

SIZE = 256
SCALING = 0.18215  # of latents, as in all of this family
STYLES = ("3d", "flat", "cartoon")
CONCEPTS = Path(__file__).with_name("concepts.txt")
LEFT_OUT_GROUPS = {"flags", "component"}
LEAST_OPAQUE_PIXELS = 200
HELD_OUT = 64  # drawings that the codec is measured on and never sees


@dataclass(frozen=True, slots=True)
class Concept:
    """A thing the model is taught: `name` as people type it, `label` as emojibase names the drawing."""

    name: str
    label: str
    colour: str | None = None
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """One rendered picture; `number` tells apart the drawings that a label has in one style, 0 being the first."""

    label: str
    style: str
    group: str
    tags: tuple[str, ...] = field(default=())
    number: int = 0
    emoji: str = ""


def read_concepts(path: Path = CONCEPTS, *, later: bool = False) -> list[Concept]:
    """The concepts that are taught; with `later` also those below the `[later]` line."""
    concepts: list[Concept] = []
    for line in path.read_text().splitlines():
        if line.strip() == "[later]":
            if not later:
                break
            continue
        if not line.strip() or line.startswith("#"):
            continue
        name, label, colour, synonyms = ([part.strip() for part in line.split("|")] + ["", ""])[:4]
        others = tuple(s.strip() for s in synonyms.split(",") if s.strip())
        concepts.append(Concept(name, label, colour or None, others))
    return concepts


def hexcode(text: str) -> str:
    """The code points of an emoji without variation selectors, the one key all packages share."""
    return "-".join(part for part in text.lower().split("-") if part != "fe0f")


def slug(label: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’“”]", "", label.lower().replace("&", "and"))).strip("-")


def named_emoji(src: dict[str, Path]) -> Iterator[tuple[str, str, str, tuple[str, ...], str]]:
    """Yield (hexcode, label, group, tags, emoji) of every emoji that has a group we draw from."""
    base = src["emojibase-data"]
    groups = json.loads((base / "meta" / "groups.json").read_text())["groups"]
    keywords = json.loads((src["emojilib"] / "dist" / "emoji-en-US.json").read_text())
    for emoji in json.loads((base / "en" / "data.json").read_text()):
        group = groups.get(str(emoji.get("group")))
        if group is None or group in LEFT_OUT_GROUPS:
            continue
        words = emoji.get("tags", []) + [w.replace("_", " ") for w in keywords.get(emoji["emoji"], [])]
        yield hexcode(emoji["hexcode"]), emoji["label"], group, tuple(sorted(set(words))), emoji["emoji"]


def fit(image: Image.Image) -> NDArray[np.uint8]:
    """A picture centred on a SIZE×SIZE transparent square, premultiplied, uint8 [SIZE, SIZE, 4]."""
    image = image.convert("RGBA")
    image.thumbnail((SIZE, SIZE), Image.Resampling.LANCZOS)
    square = Image.new("RGBA", (SIZE, SIZE))
    square.paste(image, ((SIZE - image.width) // 2, (SIZE - image.height) // 2))
    return np.asarray(square.convert("RGBa"))


class IconSet:
    """An iconify package: SVG bodies by name, aliases, and names by code point."""

    def __init__(self, folder: Path) -> None:
        self.data = json.loads((folder / "icons.json").read_text())
        chars = json.loads((folder / "chars.json").read_text())
        self.names = {hexcode(code): name for code, name in chars.items()}

    def render(self, code: str, label: str) -> Image.Image | None:
        import resvg_py

        name = self.names.get(code) or slug(label)
        while name in self.data.get("aliases", {}):
            name = self.data["aliases"][name]["parent"]
        icon = self.data["icons"].get(name)
        if icon is None:
            return None
        width = icon.get("width", self.data.get("width", 16))
        height = icon.get("height", self.data.get("height", 16))
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width} {height}" width="{SIZE}" height="{SIZE}">{icon["body"]}</svg>'
        )
        png = resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE, skip_system_fonts=True)
        return Image.open(io.BytesIO(bytes(png)))


def render_all(src: dict[str, Path]) -> tuple[NDArray[np.uint8], list[Drawing]]:
    assets = src["@lobehub/fluent-emoji-3d"] / "assets"
    solid = {hexcode(path.stem): path for path in assets.iterdir()}
    flat = IconSet(src["@iconify-json/fluent-emoji-flat"])
    cartoon = IconSet(src["@iconify-json/noto"])
    older = IconSet(src["@iconify-json/noto-v1"])
    pixels: list[NDArray[np.uint8]] = []
    drawings: list[Drawing] = []

    def keep(picture: Image.Image | None, drawing: Drawing) -> None:
        if picture is None:
            return
        rgba = fit(picture)
        if int((rgba[..., 3] > 32).sum()) >= LEAST_OPAQUE_PIXELS:
            pixels.append(rgba)
            drawings.append(drawing)

    named = list(named_emoji(src))
    for code, label, group, tags, emoji in named:
        keep(Image.open(solid[code]) if code in solid else None, Drawing(label, "3d", group, tags, 0, emoji))
        keep(flat.render(code, label), Drawing(label, "flat", group, tags, 0, emoji))
        keep(cartoon.render(code, label), Drawing(label, "cartoon", group, tags, 0, emoji))
    for code, label, group, tags, emoji in named:  # last, so that the rows before keep their numbers
        keep(older.render(code, label), Drawing(label, "cartoon", group, tags, 1, emoji))
    return np.stack(pixels), drawings


def load_art(work: Path) -> tuple[NDArray[np.uint8], list[Drawing]]:
    rows = json.loads((work / "art.json").read_text())
    drawings = [Drawing(**(row | {"tags": tuple(row["tags"])})) for row in rows]
    return np.load(work / "art.npy", mmap_mode="r"), drawings


def split(drawings: Sequence[Drawing], seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices to train on and at most `HELD_OUT` first drawings to measure on, the same for every run."""
    first = sum(d.number == 0 for d in drawings)
    held = np.random.default_rng(seed).choice(first, min(HELD_OUT, first // 8), replace=False)
    return np.setdiff1d(np.arange(len(drawings)), held), held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    work: Path = parser.parse_args().work
    src = {package.name: fetch(package, work / "src") for package in read_sources()}
    pixels, drawings = render_all(src)
    np.save(work / "art.new.npy", pixels)
    (work / "art.new.npy").replace(work / "art.npy")  # a training that reads the old file goes on reading it
    (work / "art.json").write_text(json.dumps([asdict(d) for d in drawings]))
    have = {(d.label, d.style) for d in drawings}
    missing = [(c.label, s) for c in read_concepts(later=True) for s in STYLES if (c.label, s) not in have]
    print(f"{len(drawings)} drawings of {len({d.label for d in drawings})} things, {pixels.nbytes / 1e6:.0f} MB")
    if missing:
        raise SystemExit(f"concepts.txt names drawings that the packages lack: {missing}")


if __name__ == "__main__":
    main()
