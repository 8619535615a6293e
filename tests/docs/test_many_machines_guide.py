"""What the guide on many machines tells farms to run draws the film, where it can be run here."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdplay.cli.main import main
from tests.docs.pages import ROOT, blocks
from tests.support.commandline import MODULE, here
from tests.support.patience import PATIENCE

__all__ = ["here"]

PAGE = ROOT / "docs" / "guides" / "many-machines.md"
APPLE = ("dream", "a", "b", "--num", "10", "--batch-size", "2", "--steps", "1", "--seed", "1", "--size", "64", "-q")


def block(language: str, marker: str) -> str:
    found = [text for text in blocks(PAGE, language) if marker in text]
    assert len(found) == 1, marker
    return found[0]


@pytest.fixture
def apple(here: Path) -> Path:
    """The job of the guide, in five units of two frames, and a command `sdplay` that shells find."""
    (here / "bin").mkdir()
    command = here / "bin" / "sdplay"
    command.write_text(f'#!/bin/sh\nexec {" ".join(MODULE)} "$@"\n')
    command.chmod(0o755)
    assert main([*APPLE, "--out", "films/apple", "--prepare"]) == 0
    return here


def run(folder: Path, script: str, **more: str) -> None:
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", **more}
    subprocess.run(["bash", "-euc", script], check=True, cwd=folder, env=environment, timeout=PATIENCE)


def states(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "films/apple/shards/drawn").iterdir())


def test_three_processes_of_a_shell(apple: Path) -> None:
    run(apple, block("sh", "for i in"))
    assert main(["join", "films/apple", "-q"]) == 0


@pytest.mark.skipif(shutil.which("parallel") is None, reason="GNU parallel is not here")
def test_gnu_parallel(apple: Path) -> None:
    run(apple, block("sh", "parallel").splitlines()[0].replace("parallel", "parallel --will-cite"))
    assert len(states(apple)) == 5
    assert main(["join", "films/apple", "-q"]) == 0


def test_the_script_of_slurm(apple: Path) -> None:
    script = block("bash", "#SBATCH").replace("* 10", "* 2").replace("+ 9", "+ 1")
    for task in ("0", "2", "1"):
        run(apple, script, SLURM_ARRAY_TASK_ID=task)
    assert len(states(apple)) == 5
    assert main(["join", "films/apple", "-q"]) == 0


def test_the_file_of_opencue(apple: Path) -> None:
    run(apple, block("bash", "cuecmd"))
    lines = (apple / "apple.cuecmd").read_text().splitlines()
    assert lines[1] == "sdplay draw-units films/apple --units 1 -q"
    for line in reversed(lines):
        run(apple, line)
    assert main(["join", "films/apple", "-q"]) == 0


def test_the_manifest_of_kubernetes(apple: Path) -> None:
    manifest: dict[str, Any] = yaml.safe_load(block("yaml", "kind: Job"))
    spec: dict[str, Any] = manifest["spec"]
    pod = spec["template"]["spec"]
    assert (manifest["apiVersion"], manifest["kind"], spec["completionMode"]) == ("batch/v1", "Job", "Indexed")
    assert pod["restartPolicy"] == "Never"  # which backoffLimitPerIndex asks for
    (container,) = pod["containers"]
    assert [mount["name"] for mount in container["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
    shell, flag, line = container["command"]
    assert (shell, flag) == ("sh", "-c")
    for index in range(spec["completions"]):
        run(apple, line.replace("/jobs/apple", "films/apple"), JOB_COMPLETION_INDEX=str(index), NODE_NAME=f"n{index}")
    assert main(["join", "films/apple", "-q"]) == 0
