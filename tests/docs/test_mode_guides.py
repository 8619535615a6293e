"""Every command in the guides of the modes runs, in the order of the page, in a folder with the pictures it names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdplay.images.own import read_own
from tests.interop.samples import png
from tests.support.fakemodel import fake_model
from tests.support.given import mask, photo

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SIZE = (120, 90)


def commands(guide: str) -> list[str]:
    """The lines of a guide's shell blocks."""
    text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
    return [line for block in SHELL.findall(text) for line in block.splitlines() if line.strip()]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with all that the guides name, a model that draws flat colours, and `sdplay` on the path."""
    desk = tmp_path / "desk"
    (desk / "photos").mkdir(parents=True)
    for name in ("photo.jpg", "photo.png", "photos/a.jpg", "photos/b.png"):
        photo(desk / name, SIZE)
    mask(desk / "mask.png", SIZE, (30, 20, 70, 60))
    (desk / "prompts.txt").write_text("# fruit\na red apple\n\na green pear\n", encoding="utf-8")
    text = "a lighthouse\nSteps: 8, Sampler: Euler a, CFG scale: 7, Seed: 9, Size: 64x64, Denoising strength: 0.6"
    for name, painted in (("lighthouse.png", ""), ("painted.png", ", Mask blur: 4")):
        png(desk / name, parameters=f"{text}{painted}, Version: v1.10.1")
    fake_model(desk / "fake")
    program = tmp_path / "bin" / "sdplay"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sdplay.cli.main "$@"\n')
    program.chmod(0o755)
    return desk


MODES_OF = {
    "img2img": {"img2img"},
    "inpaint": {"inpaint"},
    "other-programs": {"txt2img", "img2img", "inpaint"},
}


@pytest.mark.parametrize("guide", MODES_OF)
def test_every_command_of_the_guide_runs(desk: Path, guide: str) -> None:
    wanted = {name: value for name, value in os.environ.items() if not name.startswith("SDPLAY_")}
    path = f"{desk.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # `verify` and `again` look for a model of the name in the file, which is the folder "fake" right here.
    environment = {**wanted, "PATH": path, "SDPLAY_EXECUTOR": "fake", "SDPLAY_MODEL": "fake"}
    lines = commands(guide)
    assert len(lines) > 4
    for line in lines:
        done = subprocess.run(line, shell=True, cwd=desk, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    kept = [read_own(file)[0].recipe for file in sorted(desk.glob("*/0*.png"))]
    assert {recipe.request.mode for recipe in kept} == MODES_OF[guide]
    assert len(kept) >= sum(line.startswith(f"sdplay {guide}") for line in lines)


def test_the_guides_name_every_flag_of_their_own() -> None:
    from sdplay.requests.modes import request_type

    words = request_type("txt2img").model_fields
    for guide in ("img2img", "inpaint"):
        text = (GUIDES / f"{guide}.md").read_text(encoding="utf-8")
        own = request_type(guide).model_fields.keys() - words.keys()
        missing = [field for field in own if f"--{field.replace('_', '-')}" not in text]
        assert not missing
