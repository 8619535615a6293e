"""A gallery of very many pictures, without drawing them: rows and files, the same small files under many names."""

from __future__ import annotations

import colorsys
import os
from datetime import datetime
from pathlib import Path

from PIL import Image, ImageDraw

from sdplay.server.database import Database
from sdplay.server.rows import insert_picture

SIZES = ((512, 512), (512, 768), (768, 512), (512, 640))
COLOURS = 24
A_DAY = 1000  # pictures
FIRST = datetime(2026, 1, 1, 8).timestamp()
THINGS = ("fox", "whale", "tea pot", "lighthouse", "cherry tree", "robot", "harbour", "violin", "snail", "comet")
ADJECTIVES = ("rusty", "golden", "tiny", "sleeping", "paper", "glass", "ancient", "woollen", "neon", "quiet")
PLACES = ("in the rain", "on the moon", "under water", "at dawn", "in a forest", "on a shelf", "by candle light")
MODELS = ("builtin", "dreamy", "sharp-xl")


def prompt_of(number: int) -> str:
    """What picture `number` shows; 700 different ones, each followed by words that almost all have."""
    adjective, thing, place = (words[number // by % len(words)] for words, by in zip(
        (ADJECTIVES, THINGS, PLACES), (1, 10, 100), strict=True
    ))  # fmt: skip
    return f"a {adjective} {thing} {place}, number {number}, soft light, detailed, film grain, 35 mm, masterpiece"


def fill(folder: Path, count: int) -> None:
    """Make the folder of a service with `count` pictures, of which every tenth is starred and every seventh rated."""
    sources = [source(folder / "sources", number) for number in range(COLOURS * len(SIZES))]
    states = [path.stat() for path in sources]
    database = Database(folder / "queue.db")
    try:
        for start in range(0, count, A_DAY):
            day = folder / "pictures" / datetime.fromtimestamp(FIRST + start * 60).strftime("%Y-%m-%d-%H%M")
            day.mkdir(parents=True)
            with database.transaction() as (db, _):
                for number in range(start, min(start + A_DAY, count)):
                    kind = number % len(sources)
                    path = day / f"picture-{number:06d}.png"
                    os.link(sources[kind], path)
                    width, height = SIZES[kind % len(SIZES)]
                    row = {
                        "file": path.relative_to(folder).as_posix(),
                        "media_type": "image/png",
                        "width": width,
                        "height": height,
                        "seed": number * 7919 % 2**31,
                        "prompt": prompt_of(number),
                        "negative_prompt": "blurry, low quality",
                        "model": MODELS[number % len(MODELS)],
                        "created": FIRST + number * 60,
                        "starred": int(number % 10 == 0),
                        "rating": number // 7 % 6 if number % 7 == 0 else 0,
                        "bytes": states[kind].st_size,
                        "changed": states[kind].st_mtime_ns,
                    }
                    insert_picture(db, row)
    finally:
        database.close()


def source(folder: Path, number: int) -> Path:
    """A small picture in a colour and a shape of its own, in the sides of one of `SIZES`."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = (side // 4 for side in SIZES[number % len(SIZES)])
    hue = number // len(SIZES) / COLOURS
    image = Image.new("RGB", (width, height), colour(hue, 0.25, 0.95))
    draw = ImageDraw.Draw(image)
    for ring in range(4):
        margin = 10 + ring * 12
        box = (margin, margin, width - margin, height - margin)
        draw.ellipse(box, fill=colour(hue + ring * 0.07, 0.5 + ring * 0.1, 0.9 - ring * 0.15))
    path = folder / f"{number:03d}.png"
    image.save(path)
    return path


def colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
