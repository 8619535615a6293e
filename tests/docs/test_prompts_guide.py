"""The guide for prompts: its commands run in its order, and `explain` says what the guide shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sdplay.images.own import read_own
from tests.docs.pages import ROOT, blocks

GUIDE = ROOT / "docs" / "guides" / "prompts.md"


@pytest.fixture
def environment(tmp_path: Path, builtin: Path) -> dict[str, str]:
    """Pictures are flat colours, but the built-in model's vocabulary is its own."""
    program = tmp_path / "bin" / "sdplay"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sdplay.cli.main "$@"\n')
    program.chmod(0o755)
    wanted = {name: value for name, value in os.environ.items() if not name.startswith("SDPLAY_")}
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return {**wanted, "PATH": path, "SDPLAY_EXECUTOR": "fake", "SDPLAY_HOME": str(tmp_path / "home")}


def test_every_command_runs_in_the_order_of_the_page(tmp_path: Path, environment: dict[str, str]) -> None:
    desk = tmp_path / "desk"
    desk.mkdir()
    said: dict[str, str] = {}
    for line in (line for block in blocks(GUIDE, "sh") for line in block.splitlines()):
        done = subprocess.run(
            line, shell=True, cwd=desk, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        said[line] = done.stdout
    (explained,) = (out for line, out in said.items() if line.startswith("sdplay explain"))
    (shown,) = blocks(GUIDE, "text")
    assert explained == shown
    drawn = [read_own(file)[0].recipe for file in sorted((desk / "choices").glob("*.png"))]
    assert {recipe.wildcards["color"] for recipe in drawn} == {("red", "blue", "3::green")}


def test_the_notation_in_the_table_is_read_as_the_table_says() -> None:
    from sdplay.prompts.attention import weighted
    from sdplay.prompts.composition import scheduled

    rows = {line.split(" | ")[0]: line for line in GUIDE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "}
    assert len(rows) == 13
    assert [fragment.weight for fragment in weighted("(word) ((word)) (word:1.3)")[0] if fragment.text != " "] == [
        pytest.approx(weight) for weight in (1.1, 1.21, 1.3)
    ]
    assert scheduled("[hat:0.5]").at(9, 20) == scheduled("[hat::0.5]").at(10, 20) == ""
    assert scheduled("[hat:0.5]").at(10, 20) == scheduled("[hat::0.5]").at(9, 20) == "hat"
