"""The rooms and who may know whom: the contracts hold, and each of them catches what it is there to catch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sdplay.modes.plan import PLANS
from tests.support.child import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# file: what is planted at its end. Together they break every contract.
PLANTED = {
    "core/frame.py": "import torch",
    "store/keep.py": "def late() -> None:\n    import torch.nn",
    "models/card.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import safetensors",
    "engine/batch.py": "from diffusers import StableDiffusionPipeline",
    "jobs/executors/base.py": "import transformers",
    "core/errors.py": "def lazily() -> None:\n    from sdplay.store.keep import Keeper",
    "imaging/infotext.py": "import sdplay.models.card",
    "modes/txt2img.py": "from sdplay.modes.inpaint import plan as other",
    "core/machine.py": "from sdplay.core.recipe import Recipe",
    "core/request.py": "from sdplay.core.machine import Machine",
    "utils.py": "",
}
# What must then be said, contract by contract. (The planted imports of one room by another show up where they lead.)
SAID = [
    "A room knows only the rooms below it BROKEN",
    "Nouns, models, modes, pictures and files know no torch BROKEN",
    "Only families know diffusers and transformers BROKEN",
    "The modes do not know each other BROKEN",
    "No cycles inside a room BROKEN",
    "sdplay.core.frame -> torch",
    "sdplay.store.keep -> torch",
    "sdplay.models.card -> safetensors",
    "sdplay.engine.batch -> diffusers",
    "sdplay.jobs.executors.base -> transformers",
    "sdplay.core.errors -> sdplay.store.keep",
    "sdplay.imaging.infotext -> sdplay.models.card",
    "sdplay.modes.txt2img -> sdplay.modes.inpaint",
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
        with (copy / "src" / "sdplay" / name).open("a") as file:
            file.write(f"\n{planted}\n")
    code, said = lint(copy)
    assert code == 1
    missing = [line for line in SAID if line not in said]
    assert not missing, said


def test_every_mode_is_under_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (modes,) = (contract for contract in contracts if contract["id"] == "modes")
    assert set(modes["modules"]) == {f"sdplay.modes.{mode}" for mode in PLANS}
