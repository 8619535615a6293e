"""What a disk, a sync program or a curious person does to the folder of a film."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image

SIDE = 64
Damage = Callable[[random.Random, Path], None]  # of one file


def cut(rng: random.Random, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: rng.randrange(len(data) or 1)])


def zero(rng: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data) or 1)
    data[at : at + 40] = bytes(len(data[at : at + 40]))
    path.write_bytes(data)


def overwrite(rng: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data) or 1)
    data[at : at + 8] = rng.randbytes(len(data[at : at + 8]))
    path.write_bytes(data)


def lengthen(rng: random.Random, path: Path) -> None:
    path.write_bytes(path.read_bytes() + rng.randbytes(200))


def empty(_: random.Random, path: Path) -> None:
    path.write_bytes(b"")


def delete(_: random.Random, path: Path) -> None:
    path.unlink()


def folder(_: random.Random, path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


def fifo(_: random.Random, path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def loop(_: random.Random, path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def endless(_: random.Random, path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def swap(rng: random.Random, path: Path) -> None:
    other = rng.choice([file for file in path.parent.iterdir() if file.is_file() and file != path])
    one, two = path.read_bytes(), other.read_bytes()
    path.write_bytes(two)
    other.write_bytes(one)


def repaint(rng: random.Random, path: Path) -> None:
    """Another picture under the same name: of another colour, size or mode."""
    mode, size = rng.choice(
        (("RGB", (SIDE, SIDE)), ("L", (SIDE, SIDE)), ("RGB", (SIDE // 2, SIDE)), ("RGBA", (SIDE, SIDE)))
    )
    buffer = io.BytesIO()
    Image.new(mode, size, 128).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())


def reorder(rng: random.Random, path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    rng.shuffle(lines)
    path.write_bytes(b"".join(lines))


def repeat(rng: random.Random, path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, rng.choice(lines or [b"x"])]))


def edit(rng: random.Random, path: Path) -> None:
    """Change a setting in the description, as somebody does who thinks it a settings file."""
    try:
        text = json.loads(path.read_text())
    except ValueError:  # a second damage after a first
        return
    recipe = text["description"]["recipe"]
    name, value = rng.choice(
        (
            ("seed", 6),
            ("steps", 5),
            ("guidance_scale", 2.0),
            ("width", 128),
            ("max_frames", 6),
            ("mode", "x"),
            ("animation_prompts", "a dog"),
            ("zoom", "0:(1.1)"),
            ("steps", None),
            ("model", None),
        )
    )
    recipe[name] = value
    path.write_text(json.dumps(text))


ANY: tuple[Damage, ...] = (cut, zero, overwrite, lengthen, empty, delete, folder, fifo, loop, endless)
FILES: tuple[tuple[str, tuple[Damage, ...]], ...] = (
    ("frames", (*ANY, swap, repaint)),
    ("keys", (*ANY, swap, repaint)),
    ("journal.jsonl", (*ANY, reorder, repeat)),
    ("job.json", (*ANY, edit, edit)),
    ("other", ANY),
)


def damage(rng: random.Random, number: int, job: Path) -> str:
    """Damage one file of the folder `job`, or two; returns what was done. Number by number, all kinds take turns."""
    done: list[str] = []
    for _ in range(rng.choice((1, 1, 2))):
        target, damages = FILES[number % len(FILES)]
        if target == "other":
            files = sorted(
                path for path in job.iterdir() if path.is_file() and path.name not in {"job.json", "journal.jsonl"}
            )
        else:
            files = (
                [job / target]
                if (job / target).is_file()
                else sorted(path for path in (job / target).glob("*") if path.is_file())
            )
        if files:
            path, what = rng.choice(files), rng.choice(damages)
            what(rng, path)
            done.append(f"{what.__name__} {path.relative_to(job)}")
    return ", ".join(done)


def stop_halfway(job: Path, units: int) -> None:
    """Make a finished film one that was killed after `units` segments."""
    lines = (job / "journal.jsonl").read_text().splitlines(keepends=True)
    stop = json.loads(lines[units].partition(" ")[2])["first"]
    (job / "journal.jsonl").write_text("".join(lines[:units]))
    for kind in ("frames", "keys"):
        for path in (job / kind).glob("*.png"):
            if int(path.stem) >= stop:
                path.unlink()
    for path in job.glob("video.*"):
        path.unlink()


def copied(job: Path, to: Path) -> Path:
    """A fresh copy of the folder of a film."""
    shutil.rmtree(to, ignore_errors=True)
    return Path(shutil.copytree(job, to))
