"""The guide for people who come from A1111: its commands run in its order, and its tables name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sdplay.images.infotext import SAMPLER_LABELS, SCHEDULE_LABELS
from sdplay.images.own import read_own
from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES, canonical_name
from tests.docs.pages import ROOT, blocks
from tests.interop.samples import A1111, png
from tests.support.given import mask, photo
from tests.support.headers import SD15, write_header

GUIDE = ROOT / "docs" / "guides" / "coming-from-a1111.md"
TEXT = GUIDE.read_text(encoding="utf-8")
SIZE = (120, 90)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with A1111's in it, and the pictures that the guide names."""
    desk = tmp_path / "desk"
    models = desk / "webui" / "models"
    for folder in (models / "Stable-diffusion", models / "VAE", models / "Lora", desk / "photos"):
        folder.mkdir(parents=True)
    write_header(models / "Stable-diffusion" / "paper.safetensors", SD15)
    write_header(models / "VAE" / "soft.safetensors", {"decoder.conv_in.weight": (512, 4, 3, 3)})
    write_header(
        models / "Lora" / "chalk.safetensors", {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 320)}
    )
    for folder in ("outputs", "embeddings"):
        (desk / "webui" / folder).mkdir()
    write_header(desk / "webui" / "embeddings" / "mystyle.safetensors", {"emb_params": (2, 768)})
    png(desk / "webui" / "outputs" / "lighthouse.png", parameters=A1111)
    for name in ("photo.png", "photos/a.jpg", "photos/b.png"):
        photo(desk / name, SIZE)
    mask(desk / "mask.png", SIZE, (30, 20, 70, 60))
    (desk / "prompts.txt").write_text("a red apple\na green pear\n", encoding="utf-8")
    program = tmp_path / "bin" / "sdplay"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sdplay.cli.main "$@"\n')
    program.chmod(0o755)
    return desk


def test_every_command_runs_in_the_order_of_the_page(desk: Path, builtin: Path) -> None:
    wanted = {name: value for name, value in os.environ.items() if not name.startswith("SDPLAY_")}
    path = f"{desk.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**wanted, "PATH": path, "SDPLAY_EXECUTOR": "fake", "SDPLAY_HOME": str(desk.parent / "home")}
    for line in (line for block in blocks(GUIDE, "sh") for line in block.splitlines()):
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            environment[name] = value
            continue
        done = subprocess.run(line, shell=True, cwd=desk, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    recipes = [read_own(file)[0].recipe for file in sorted((desk / "images").glob("0*.png"))]
    assert {recipe.request.mode for recipe in recipes} == {"txt2img", "img2img", "inpaint"}
    assert {add_on.kind for recipe in recipes for add_on in recipe.add_ons} == {
        *("vae", "lora", "embedding", "controlnet"),
    }
    assert len(list((desk / "lighthouses").glob("*.png"))) == 8  # and each once more, larger


def test_the_names_of_samplers_and_schedules_are_all_there_and_understood() -> None:
    rows = re.findall(r"^\| ([^|]+) \| `(\w+)` \| \| ([^|]+) \| (?:`(\w+)`|left out) \|$", TEXT, re.MULTILINE)
    alone = re.findall(
        r"^\| ([^|]+) \| `(\w+)` \| \| \| \|$", TEXT, re.MULTILINE
    )  # samplers beside whom stands no schedule
    rows += [(label, sampler, "", "") for label, sampler in alone]
    assert {sampler for _, sampler, _, _ in rows} == SAMPLER_LABELS.keys()
    assert {schedule for *_, schedule in rows if schedule} == SCHEDULE_LABELS.keys()
    for label, sampler, labels, schedule in rows:
        assert canonical_name("sampler", label, SAMPLER_ALIASES) == sampler
        for each in labels.split(", ") if schedule else ():
            assert canonical_name("schedule", each, SCHEDULE_ALIASES) == schedule


def test_every_flag_that_it_names_is_one() -> None:
    ours = "\n".join(line.split("|")[2] if line.startswith("| `--") else line for line in TEXT.splitlines())
    module = [sys.executable, "-m", "sdplay.cli.main"]
    asked = [[command, "--help-all"] for command in ("txt2img", "img2img", "inpaint", "explain", "again")]
    told = "".join(
        subprocess.run([*module, *words], capture_output=True, text=True, check=True).stdout
        for words in [*asked, ["upscale", "--help"]]
    )
    named_here = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", ours))
    assert {flag for flag in named_here if flag not in told} == set()
