"""Sheets of an evaluation: pictures as they came, unselected, each with its words below."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from training.art import STYLES
from training.judge import Judge
from training.prompts import FIRST_SEED, STYLE_PHRASES, Prompt
from training.trials import Artist, Pixels

SHEET_COLUMNS, SHEET_ROWS, CAPTION_HEIGHT = 12, 8, 38
FACES = ("cat", "panda", "dog", "smiley face", "heart eyes face", "cool face", "baby", "monkey")
OF_ONE_PROMPT = ("a cat, cartoon", "a car, 3d render", "a house on a green hill at night, cartoon")
LANGUAGES = {
    "ein roter Apfel, 3d render": "German",
    "un chat, flat icon": "French",
    "un perro, cartoon": "Spanish",
    "una pizza, 3d render": "Italian",
    "um foguete, cartoon": "Portuguese",
    "кот, cartoon": "Russian",
    "собака, 3d render": "Ukrainian",
    "gitara, flat icon": "Polish",
    "りんご, 3d render": "Japanese",
    "汽车, flat icon": "Chinese",
    "판다, cartoon": "Korean",
    "🐶🚀": "emoji",
}


def save_sheet(path: Path, pictures: Pixels, prompts: Sequence[Prompt], judge: Judge) -> None:
    """The first pictures as they came, each with its words, and what the judge saw where that is something else."""
    side = pictures.shape[1]
    beliefs = judge.probabilities(pictures[: SHEET_COLUMNS * SHEET_ROWS])["concept"]
    rows = math.ceil(len(beliefs) / SHEET_COLUMNS)
    sheet = Image.new("RGB", (SHEET_COLUMNS * side, rows * (side + CAPTION_HEIGHT)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=10)
    for k, belief in enumerate(beliefs):
        x, y = k % SHEET_COLUMNS * side, k // SHEET_COLUMNS * (side + CAPTION_HEIGHT)
        sheet.paste(Image.fromarray(pictures[k]), (x, y))
        words = "\n".join(textwrap.wrap(prompts[k].text, 25)[:3])
        seen = judge.labels["concept"][int(belief.argmax())]
        pen.multiline_text((x + 2, y + side + 1), words, fill="black", font=font, spacing=1)
        if seen != prompts[k].concept:
            pen.text((x + 2, y + 1), f"seen: {seen}", fill="red", font=font, stroke_width=2, stroke_fill="white")
    sheet.save(path)


def plain_sheet(path: Path, pictures: Pixels, texts: Sequence[str]) -> None:
    """Pictures as they came, each with its words below."""
    side, columns = pictures.shape[1], min(SHEET_COLUMNS, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    sheet = Image.new("RGB", (columns * side, rows * (side + CAPTION_HEIGHT)), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=12)
    for k, (pixels, text) in enumerate(zip(pictures, texts, strict=True)):
        x, y = k % columns * side, k // columns * (side + CAPTION_HEIGHT)
        sheet.paste(Image.fromarray(pixels), (x, y))
        pen.multiline_text((x + 2, y + side + 1), "\n".join(textwrap.wrap(text, 38)[:2]), fill="black", font=font)
    sheet.save(path)


def faces_sheet(artist: Artist, path: Path) -> None:
    """Faces in all styles, to be looked at: blur shows there first."""
    prompts = [
        Prompt(f"{name}, {STYLE_PHRASES[style]}", FIRST_SEED + 9000 + k, name, style, "white")
        for k, name in enumerate(FACES)
        for style in STYLES
    ]
    plain_sheet(path, artist.draw(prompts), [prompt.text for prompt in prompts])


def seeds_sheet(artist: Artist, path: Path) -> None:
    """Each prompt by as many seeds as a row holds: how much two pictures of the same words differ."""
    prompts = [
        Prompt(text, FIRST_SEED + 9500 + seed, "", "", "white")
        for text in OF_ONE_PROMPT
        for seed in range(SHEET_COLUMNS)
    ]
    plain_sheet(path, artist.draw(prompts), [prompt.text for prompt in prompts])


def languages_sheet(artist: Artist, path: Path) -> None:
    """Prompts that are not English, read by the program's table of names; captions say in English which they are."""
    prompts = [Prompt(text, FIRST_SEED + 9700 + k, "", "", "white") for k, text in enumerate(LANGUAGES)]
    plain_sheet(path, artist.draw(prompts), [f"{name}, number {k}" for k, name in enumerate(LANGUAGES.values(), 1)])
