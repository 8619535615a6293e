"""Record what the program makes: `python -m tests.golden.make`, in the root of the repository.

Run it on purpose only, when bits, recipes or files are changed on purpose; the tests hold the program to what it wrote.
It takes about two minutes. Files in data/inputs are made once: delete one to have it made again.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
import wave
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

import av
import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin
from safetensors.torch import save_file

from tests.golden import recorded
from tests.golden.cases import COMMANDS, FILMS, FOREIGN, ORIGINAL, PICTURES, TOLD
from tests.golden.recorded import DATA, INPUTS, JOBS, REFERENCE, drawing, film_in, frames_in, pictures_in, run
from tests.support.settings import DEFORUM, ORIGINAL_CONFIG

A1111 = """a lighthouse (storm:1.2), [oil:photo:0.4]
Negative prompt: blurry, low quality
Steps: 3, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.0, Seed: 965400086, Size: 64x64, \
Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Clip skip: 2, Version: v1.10.1"""
TEXTS = {
    "prompts.txt": "# two of them\na red apple\n\na green pear\n",
    "styles.csv": "name,prompt,negative_prompt\nicon,an icon of {prompt},text\nold,vintage,new\n",
    "wildcards/thing.txt": "apple\npear\n# a comment\na {small|big} house\n",
    "original.py": ORIGINAL_CONFIG,
    "deforum.json": json.dumps({**DEFORUM, "init_image": "photo.png"}, indent=1),
    "small.toml": 'FPS = 12\nmax_frames = 6\nwidth = 64\nheight = 64\nseed = 11\nguidance_scale = 2.5\n'
    'num_inference_steps = 2\ndiffusion_cadence = 2\nangle = "0:(0), 5:(5)"\n[animation_prompts]\n'
    '0 = "a hill"\n4 = "a wide lake"\n',
    "dream.yaml": "prompts: [a pear, a plum, a fig]\nnum: 10\nseed: 4\nloop: true\npath: smooth\nfps: 12\n",
    "small.py": "FPS=12\nwidth=64\nheight=64\nmax_frames=300\nseed=11\nanimation_mode='3D'\nguidance_scale=2.5\n"
    "num_inference_steps=2\ndiffusion_cadence=2\ntranslation_z='0:(-2.5)'\nanimation_prompts={\n\t'0': 'clouds',}\n",
}  # fmt: skip


def main() -> None:
    make_inputs()
    for folder in (recorded.PICTURES, REFERENCE, JOBS):
        shutil.rmtree(folder, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as temporary:
        here = recorded.prepare(Path(temporary), patch)
        write("fingerprint", recorded.fingerprint())
        write("pictures", {name: picture(name, argv, here) for name, argv in PICTURES.items()})
        write("kept", kept(here))
        write("films", {name: film(name, argv) for name, (argv, _) in FILMS.items()})
        for name, (argv, units) in FILMS.items():
            begin(name, argv, units)
        write("told", {name: told(*argv) for name, argv in TOLD.items()})
        write("foreign", foreign())
        write("options", {command: options(command) for command in COMMANDS})
        write("original", {name: original(name, patch) for name in ORIGINAL})


def write(name: str, record: Mapping[str, Any]) -> None:
    (DATA / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def picture(name: str, argv: tuple[str, ...], here: Path) -> dict[str, Any]:
    outcome = checked(run(*drawing(argv, name)))
    shutil.copytree(here / name, recorded.PICTURES / name)
    return {"argv": argv, "lines": outcome.lines, "files": pictures_in(here / name)}


def kept(here: Path) -> dict[str, Any]:
    """What `verify` and `show` say of each picture: an exit code."""
    return {
        f"{name}/{path.name}": {command: run(command, str(path)).code for command in ("verify", "show")}
        for name in PICTURES
        for path in sorted((here / name).iterdir())
    }


def film(name: str, argv: tuple[str, ...]) -> dict[str, Any]:
    folder = Path(f"film-{name}")
    checked(run(*argv, "--out", str(folder), "--quiet"))
    reference(name, frames_in(folder))
    return {"argv": argv, **film_in(folder)}


def begin(name: str, argv: tuple[str, ...], units: int) -> None:
    """Begin a film in a process that is killed in the middle of the unit after `units` of them."""
    folder = Path(f"job-{name}")
    drawing = (*argv, "--out", str(folder), "--quiet")
    # A fork of this process, which has drawn, would have its locks and none of its threads.
    process = multiprocessing.get_context("spawn").Process(target=draw_until, args=(Path.cwd(), drawing, units))
    process.start()
    journal, deadline = folder / "journal.jsonl", time.monotonic() + 120
    while not finished(journal, units) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.1)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"{name}: {process.exitcode}"
    shutil.copytree(folder, JOBS / name)
    for empty in [path for path in (JOBS / name).iterdir() if path.is_dir() and not any(path.iterdir())]:
        empty.rmdir()  # as git keeps them


def draw_until(here: Path, argv: tuple[str, ...], units: int) -> None:
    """Draw in the folder `here`, and stop for ever in the unit after `units` of them."""
    os.chdir(here)
    os.fsync = halting(os.fsync, units)
    os._exit(run(*argv).code)


def finished(journal: Path, units: int) -> bool:
    return journal.exists() and journal.read_bytes().count(b"\n") >= units


def halting(fsync: Callable[[int], None], units: int) -> Callable[[int], None]:
    """An `fsync` that never returns once the journal holds `units` lines, so that the kill always comes in time."""

    def slow(number: int) -> None:
        fsync(number)
        path = Path(os.readlink(f"/proc/self/fd/{number}"))
        if path.name == "journal.jsonl" and finished(path, units):
            time.sleep(600)

    return slow


def told(*argv: str) -> Any:
    return json.loads(checked(run(*argv)).out)


def foreign() -> dict[str, Any]:
    outcome = checked(run(*drawing(FOREIGN, "foreign")))
    return {"lines": outcome.lines, "files": pictures_in(Path("foreign"))}


def options(command: str) -> list[str]:
    return recorded.spelled(checked(recorded.whole_help(command)).out)


def original(name: str, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    flags, answers = ORIGINAL[name]
    outcome = checked(recorded.run_original(flags, answers, patch))
    recipes = recorded.made_by_original(images := Path("images"))
    if name == "animate":
        reference(f"original-{name}", frames_in(images / "animate-1"))
    shutil.rmtree(images)
    return {"questions": outcome.questions, "recipes": recipes}


def reference(name: str, frames: dict[str, recorded.Frame]) -> None:
    REFERENCE.mkdir(exist_ok=True)
    Image.fromarray(recorded.strip(frames)).save(REFERENCE / f"{name}.webp", lossless=True, method=6, quality=100)


def checked(outcome: recorded.Outcome) -> recorded.Outcome:
    if outcome.code:
        raise SystemExit(f"{outcome.code}: {outcome.err}")
    return outcome


def make_inputs() -> None:
    """The files that the command lines name, each made where it is missing."""
    for name, text in TEXTS.items():
        missing(name, lambda path, text=text: path.write_text(text, encoding="utf-8"))
    missing("photo.png", lambda path: photo(3).save(path))
    missing("kept.png", lambda path: photo(4).save(path))
    missing("mask.png", lambda path: mask().save(path))
    missing("photos/one.png", lambda path: photo(5).save(path))
    missing("photos/two.png", lambda path: photo(6).save(path))
    missing("edges.png", edges)
    missing("a1111.png", a1111)
    missing("clip.mp4", clip)
    missing("beat.wav", beat)
    missing("squiggle.safetensors", squiggle)


def missing(name: str, make: Callable[[Path], object]) -> None:
    path = INPUTS / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)


def photo(seed: int) -> Image.Image:
    """Soft colours of 72x64."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((72, 64), Image.Resampling.BICUBIC)


def mask() -> Image.Image:
    image = Image.new("L", (72, 64))
    image.paste(255, (16, 12, 52, 44))
    return image


def edges(path: Path) -> None:
    image = Image.new("L", (64, 64))
    image.paste(255, (16, 16, 48, 48))
    image.paste(0, (17, 17, 47, 47))
    image.save(path)


def a1111(path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", A1111)
    photo(8).save(path, pnginfo=info)


def clip(path: Path) -> None:
    """Ten frames of 96x64 in which colours move."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(24), options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        y, x = np.mgrid[:64, :96]
        for i in range(10):
            waves = (np.sin(x / 17 + i / 3), np.cos(y / 13 + i / 4), np.sin((x + y) / 29 - i / 5))
            pixels = np.rint(np.stack([127 + 100 * wave for wave in waves], axis=-1)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())


def beat(path: Path) -> None:
    """Three quarters of a second with a beat every quarter."""
    rate = 8000
    t = np.arange(rate * 3 // 4) / rate
    sound = np.sin(2 * np.pi * 220 * t) * np.exp(-12 * (t % 0.25)) * 0.8
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def squiggle(path: Path) -> None:
    vectors = torch.randn(2, 192, generator=torch.Generator().manual_seed(0)) * 0.1
    save_file({"emb_params": vectors}, path)


if __name__ == "__main__":
    main()
