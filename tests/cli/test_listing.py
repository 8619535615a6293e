from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.models.registry import shipped_cards
from sdplay.modes.settle import SAMPLER_ALIASES, SCHEDULE_ALIASES
from tests.cli.conftest import Sdplay


def test_samplers_lists_every_sampler_and_schedule_with_its_aliases(sdplay: Sdplay) -> None:
    outcome = sdplay("samplers")
    assert outcome.code == 0
    for name, aliases in (SAMPLER_ALIASES | SCHEDULE_ALIASES).items():
        (line,) = [line for line in outcome.out.splitlines() if line.split("  ")[0] == name]
        assert all(alias in line for alias in aliases)


def test_models_lists_what_needs_no_download(sdplay: Sdplay) -> None:
    outcome = sdplay("models")
    assert outcome.code == 0
    for card in shipped_cards().values():
        listed = any(line.startswith(f"{card.name} ") for line in outcome.out.splitlines())
        assert listed == (card.folder is not None)
        assert (card.licence in outcome.out) == listed


def test_models_lists_the_shelves_too(sdplay: Sdplay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = tmp_path / "webui" / "models" / "Stable-diffusion"
    shelf.mkdir(parents=True)
    (shelf / "dreamy.safetensors").write_bytes(b"")
    assert "dreamy" not in sdplay("models").out
    monkeypatch.setenv("SDPLAY_MODELS", str(tmp_path / "webui"))
    assert f"dreamy  {shelf / 'dreamy.safetensors'}" in sdplay("models").out


def test_models_info_tells_of_one(sdplay: Sdplay, tmp_path: Path) -> None:
    outcome = sdplay("models", "info", str(tmp_path / "models" / "fake"))
    assert outcome.code == 0
    told = dict(line.split("  ", 1) for line in outcome.out.splitlines())
    assert told["name"].strip() == "fake"
    assert "Stable Diffusion 1.x" in told["what it is"]
    assert told["size"].strip() == "64x64"
    assert len(told["sha256"].strip()) == 64


def test_models_info_of_nothing(sdplay: Sdplay) -> None:
    outcome = sdplay("models", "info", "no-such-model")
    assert outcome.code == 2
    assert "no model has this name" in outcome.err
