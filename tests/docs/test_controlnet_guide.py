"""The guide for ControlNet: its commands run in its order, and it names every flag there is."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from sdplay.cli.main import main
from sdplay.images.own import read_own
from sdplay.requests.base import Request
from sdplay.requests.stills import Controlled
from tests.docs.pages import ROOT, commands
from tests.support.fakemodel import fake_model
from tests.support.given import photo
from tests.support.headers import write_header

GUIDE = ROOT / "docs" / "guides" / "controlnet.md"


def test_every_command_runs_in_the_order_of_the_page(
    builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    photo(tmp_path / "photo.jpg", (120, 90))
    fake_model(tmp_path / "paper")
    hint = {"control_model.input_hint_block.0.weight": (16, 3, 3, 3)}
    write_header(tmp_path / "control_v11p_sd15_canny.safetensors", hint)
    for command in commands(GUIDE):
        assert main(shlex.split(command)[1:]) == 0, command
    recipes = [read_own(file)[0].recipe for file in sorted(tmp_path.glob("images/*.png"))]
    assert {"control_image"} <= set.intersection(*({*recipe.assets} for recipe in recipes))
    assert {add_on.name for recipe in recipes for add_on in recipe.add_ons} == {
        "builtin-canny",
        "control_v11p_sd15_canny",
    }
    assert (tmp_path / "edges.png").is_file()


def test_the_guide_names_every_flag() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    own = Controlled.model_fields.keys() - Request.model_fields.keys()
    assert not [field for field in own if f"--{field.replace('_', '-')}" not in text]
