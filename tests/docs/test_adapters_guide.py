"""The guide for LoRAs and embeddings: its commands run in its order, and `explain` says what the guide shows."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from sdplay.cli.main import main
from sdplay.images.own import read_own
from tests.docs.pages import ROOT, blocks, commands
from tests.support.headers import write_header

GUIDE = ROOT / "docs" / "guides" / "adapters.md"


def test_every_command_runs_in_the_order_of_the_page(
    builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    for name in ("mystyle", "badhands"):
        write_header(tmp_path / f"{name}.safetensors", {"emb_params": (2, 192)})
    said: dict[str, str] = {}
    for command in commands(GUIDE):
        assert main(shlex.split(command, comments=True)[1:]) == 0, command
        said[command] = capsys.readouterr().out
    shown, embedded = (out for command, out in said.items() if command.startswith("sdplay explain"))
    assert blocks(GUIDE, "text") == [shown]
    assert "a portrait in mystyle [2]" in embedded
    (first, *_) = (read_own(file)[0].recipe for file in sorted((tmp_path / "images").glob("*.png")))
    assert [add_on.name for add_on in first.add_ons] == ["blueprint"]
