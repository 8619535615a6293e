"""The rooms and who may know whom: the contracts hold, and each of them catches what it is there to catch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sdplay.requests.modes import MODES
from tests.support.child import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# file: what is planted at its end. Together they break every contract.
PLANTED = {
    "core/sample.py": "import torch",
    "images/writer.py": "def late() -> None:\n    import torch.nn",
    "library/card.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import safetensors",
    "pipeline/render.py": "from diffusers import StableDiffusionPipeline",
    "tasks.py": "import transformers",
    "core/errors.py": "def lazily() -> None:\n    from sdplay.images.writer import ImageWriter",
    "images/infotext.py": "import sdplay.library.card",
    "requests/txt2img.py": "from sdplay.requests.inpaint import plan as other",
    "core/machine.py": "from sdplay.requests.recipe import Recipe",
    "requests/request.py": "from sdplay.core.machine import Machine",
    "utils.py": "",
}
# What must then be said, contract by contract. (The planted imports of one room by another show up where they lead.)
SAID = [
    "A room knows only the rooms below it BROKEN",
    "What is asked, found, read and written knows no torch BROKEN",
    "Nobody draws with diffusers or transformers BROKEN",
    "The modes do not know each other BROKEN",
    "No cycles inside a room BROKEN",
    "sdplay.core.sample -> torch",
    "sdplay.images.writer -> torch",
    "sdplay.library.card -> safetensors",
    "sdplay.pipeline.render -> diffusers",
    "sdplay.tasks -> transformers",
    "sdplay.core.errors -> sdplay.images.writer",
    "sdplay.images.infotext -> sdplay.library.card",
    "sdplay.requests.txt2img -> sdplay.requests.inpaint",
    "- sdplay.utils",
]


def lint(folder: Path) -> tuple[int, str]:
    """Run the contracts of `folder`/pyproject.toml over `folder`/src/sdplay: (exit code, what was said)."""
    environment = os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "200", "NO_COLOR": "1"}
    found = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True
    )
    return found.returncode, found.stdout + found.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program and its contracts in a folder of their own, without weights."""
    heavy = shutil.ignore_patterns("builtin", "__pycache__")
    shutil.copytree(ROOT / "src" / "sdplay", tmp_path / "src" / "sdplay", ignore=heavy)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold() -> None:
    code, said = lint(ROOT)
    assert code == 0, said
    assert "5 kept, 0 broken" in said


def test_forbidden_imports_that_are_planted_are_caught(copy: Path) -> None:
    code, said = lint(copy)
    assert code == 0, said  # so that what is caught below is what is planted here
    for name, planted in PLANTED.items():
        assert (copy / "src" / "sdplay" / name).exists() or name == "utils.py"
        with (copy / "src" / "sdplay" / name).open("a") as file:
            file.write(f"\n{planted}\n")
    code, said = lint(copy)
    assert code == 1
    missing = [line for line in SAID if line not in said]
    assert not missing, said


def test_every_mode_is_under_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (modes,) = (contract for contract in contracts if contract["id"] == "modes")
    assert set(modes["modules"]) == {mode.plan.partition(":")[0] for mode in MODES.values()}
