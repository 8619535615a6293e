"""Running the command line in this process, reading what it left behind, and holding that against what is recorded.

No name of the program is used here but that of its entry point, so that none of its renamings reaches these tests.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import platform
import re
import runpy
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(__file__).parent / "data"
INPUTS, PICTURES, REFERENCE, JOBS = DATA / "inputs", DATA / "pictures", DATA / "films", DATA / "jobs"
EXIF_IFD, USER_COMMENT, IMAGE_DESCRIPTION = 0x8769, 0x9286, 0x010E
VERSION = "VERSION"
SETTINGS = {"SDPLAY_DEVICE": "cpu", "SDPLAY_PRECISION": "float32", "NO_COLOR": "1", "COLUMNS": "100"}
# On another processor, or with another version of torch, in grey levels: what other orders of addition make of pixels.
TOLERANCE, TOLERANCE_BFLOAT16 = 0.25, 1.5
NEARLY = 1e-6
PACE = 0.05  # of a measured pace, which is a share of what was seen
Frame = NDArray[np.uint8]


@dataclass
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str
    questions: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of JSON that it printed, without what is another every time."""
        printed = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return [{name: value for name, value in line.items() if name != "seconds"} for line in printed]


def run(*argv: str) -> Outcome:
    """Type a command line."""
    from sdplay.cli.main import main

    with captured() as (out, err):
        code = main(argv)
    return Outcome(code, out.getvalue(), err.getvalue())


def run_original(flags: Sequence[str], answers: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Start `run.py` with these flags and answer its questions."""
    left, questions = iter(answers), list[str]()

    def answer(question: str = "") -> str:
        questions.append(question)
        return next(left)

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(sys, "argv", ["run.py", *flags])
    with captured() as (out, err), pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "run.py"), run_name="__main__")
    return Outcome(int(ended.value.code or 0), out.getvalue(), err.getvalue(), questions)


@contextlib.contextmanager
def captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err


def prepare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder that holds the inputs, where the environment says nothing else than SETTINGS."""
    for name in [name for name in os.environ if name.startswith("SDPLAY_")]:
        monkeypatch.delenv(name)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SDPLAY_HOME", str(folder / "home"))
    shutil.copytree(INPUTS, folder / "here")
    monkeypatch.chdir(folder / "here")
    return folder / "here"


def drawing(argv: Sequence[str], out: str) -> tuple[str, ...]:
    """`argv` with its pictures in the folder `out`, told as JSON where the command can."""
    if argv[0] == "canny":
        Path(out).mkdir()
        return (*argv, "--out", f"{out}/edges.png")
    return (*argv, "--json", "--out", out)


def pictures_in(folder: Path) -> dict[str, dict[str, Any]]:
    """By file name: what each picture says about itself, and the hash of its pixels."""
    return {path.name: facts_of(path) for path in sorted(folder.iterdir())}


def facts_of(path: Path) -> dict[str, Any]:
    """The recipe as the file holds it, A1111's text, and the hash of the pixels, read with Pillow alone."""
    with Image.open(path) as image:
        exif = image.getexif()
        own = image.info.get("sdplay") or image.info.get("sdplay_grid") or exif.get(IMAGE_DESCRIPTION)
        comment = exif.get_ifd(EXIF_IFD).get(USER_COMMENT, b"")
        text = image.info.get("parameters") or comment.removeprefix(b"UNICODE\0").decode("utf-16-be")
        pixels = np.asarray(image.convert("RGB"))
    held = json.loads(own) if own else {}
    for name in held.keys() & {"sdplay", "sdplay_grid"}:
        held[name] = VERSION
    return {
        "held": held,
        "infotext": re.sub(r"Version: sdplay [\w.+-]+", f"Version: sdplay {VERSION}", text),
        "pixels": sha(pixels),
        "size": list(pixels.shape[1::-1]),
    }


def film_in(folder: Path) -> dict[str, Any]:
    """What the folder of a film says and holds: its description, the hashes in its journal, and those of its files."""
    job = json.loads((folder / "job.json").read_bytes())
    job["description"].pop("made_by")
    journal = [json.loads(line.partition(" ")[2]) for line in (folder / "journal.jsonl").read_text().splitlines()]
    return {
        **job,
        "journal": [{name: unit[name] for name in ("unit", "first", "stop", "sha", "keys")} for unit in journal],
        "frames": {name: sha(pixels) for name, pixels in frames_in(folder).items()},
        "films": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("video.*"))},
    }


def frames_in(folder: Path) -> dict[str, Frame]:
    """The frames, key pictures and depth maps, by name."""
    found = sorted(path for kind in ("frames", "keys", "depth") for path in (folder / kind).glob("*.png"))
    return {path.relative_to(folder).as_posix(): pixels_of(path) for path in found}


def pixels_of(path: Path) -> Frame:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def sha(pixels: Frame) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def load(name: str) -> dict[str, Any]:
    """The record of this name."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def fingerprint() -> dict[str, str]:
    """What bits depend on beside recipes: who calculated them."""
    import torch

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    told = [line for line in lines if line.startswith(("model name", "flags", "model\t"))][:3]
    return {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "pillow": version("pillow"),
        "av": version("av"),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "processor": hashlib.sha256("\n".join([platform.machine(), *told]).encode()).hexdigest()[:16],
    }


def same_machine() -> bool:
    """Whether the very bits that were recorded can be asked for here."""
    return fingerprint() == load("fingerprint")


def assert_equal(found: Any, recorded: Any, path: str = "") -> None:
    """Equal JSON; on another machine numbers with a fraction may differ in their last digits."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        assert found.keys() == recorded.keys(), path
        for name, value in recorded.items():
            assert_equal(found[name], value, f"{path}.{name}")
    elif isinstance(recorded, list) and isinstance(found, list):
        assert len(found) == len(recorded), path
        for number, value in enumerate(recorded):
            assert_equal(found[number], value, f"{path}[{number}]")
    elif isinstance(recorded, float) and isinstance(found, float) and not same_machine():
        within = PACE if ".pace_table" in path else NEARLY
        assert found == pytest.approx(recorded, rel=NEARLY, abs=within), path
    else:
        assert type(found) is type(recorded), path
        assert found == recorded, path


def assert_close(found: Frame, recorded: Frame, name: str, tolerance: float = TOLERANCE) -> None:
    """The very pixels, or on another machine nearly those."""
    assert found.shape == recorded.shape, name
    apart = float(np.abs(found.astype(np.int16) - recorded.astype(np.int16)).mean())
    assert apart <= (0 if same_machine() else tolerance), f"{name}: {apart:.3f} grey levels apart"


def strip(frames: dict[str, Frame]) -> Frame:
    """The frames and depth maps of a film, one under another; keys are seen in the frames that come of them."""
    frames = {name: frame for name, frame in frames.items() if not name.startswith("keys/")}
    width = max(frame.shape[1] for frame in frames.values())
    return np.concatenate([np.pad(frame, ((0, 0), (0, width - frame.shape[1]), (0, 0))) for frame in frames.values()])


def whole_help(command: str) -> Outcome:
    """All the help there is: `--help` of a command with many flags shows only those that most people need."""
    whole = run(*command.split(), "--help-all")
    return whole if whole.code == 0 else run(*command.split(), "--help")


def spelled(help_text: str) -> list[str]:
    """Every flag that a command's help names in the column of flags."""
    columns = re.findall(r"^  (-\S.*?)(?:  |$)", help_text, re.MULTILINE)
    return sorted({flag for column in columns for flag in re.findall(r"--?[a-zA-Z][\w-]*", column)})


def made_by_original(images: Path) -> list[dict[str, Any]]:
    """The recipes of what `run.py` kept in this folder, without what it lets chance and the machine decide."""
    recipes: list[dict[str, Any]] = []
    for path in sorted(images.iterdir()):
        recipe = film_in(path)["description"]["recipe"] if path.is_dir() else facts_of(path)["held"]["recipe"]
        if recipe["mode"] != "animate":
            del recipe["seed"]
        del recipe["numerics"]["dtype"], recipe["numerics"]["decode_dtype"]
        recipes.append(recipe)
    return recipes
