from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(bootstrap.__file__).parent


class StartedAgainError(Exception):
    """Stands for the end of this process."""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A Python that lacks torch, and the commands run to mend that; starting again ends the test's call."""
    commands: list[list[str]] = []

    def execute(path: str, command: list[str]) -> None:
        commands.append(["exec", *command])
        raise StartedAgainError

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setenv(bootstrap.MARK, "")
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    monkeypatch.setattr(bootstrap, "missing", lambda: ["torch"])
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(os, "execv", execute)
    monkeypatch.setattr(sys, "argv", ["run.py", "--local"])
    return commands


def imported(path: Path) -> set[str]:
    """The modules that a file imports when it is loaded."""
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


def test_run_and_bootstrap_start_with_the_standard_library_alone() -> None:
    assert imported(ROOT / "bootstrap.py") <= sys.stdlib_module_names
    assert imported(ROOT / "run.py") <= sys.stdlib_module_names | {"bootstrap"}


def test_every_dependency_is_looked_for() -> None:
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    imported_as = {"pillow": "PIL", "pyyaml": "yaml"}
    names = {imported_as.get(name, name) for name in (dependency.partition(">")[0] for dependency in declared)}
    assert names | {"sdplay"} == set(bootstrap.NEEDED)


def test_a_python_that_has_everything_is_left_alone(tmp_path: Path) -> None:
    bootstrap.ensure(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_missing_is_found_without_importing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "NEEDED", ("json", "no_such_package"))
    assert bootstrap.missing() == ["no_such_package"]


def test_a_bare_machine_gets_torch_first_and_starts_again(bare: list[list[str]], tmp_path: Path) -> None:
    with pytest.raises(StartedAgainError):
        bootstrap.ensure(tmp_path)
    python = str(bootstrap.venv_python(tmp_path))
    venv, torch, rest, again = bare
    assert venv == [sys.executable, "-m", "venv", str(tmp_path / ".venv")]
    constraints = ["-c", str(tmp_path / "requirements" / "constraints.txt")]
    assert torch[:3] == rest[:3] == [python, "-m", "pip"]
    assert torch[-3:] == [*constraints, "torch==2.13.0"]
    assert rest[-4:] == [*constraints, "-e", str(tmp_path)]
    assert again == ["exec", python, "run.py", "--local"]


def test_another_index_for_torch_is_for_torch_alone(
    bare: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_INDEX", "https://wheels.example/cu")
    with pytest.raises(StartedAgainError):
        bootstrap.ensure(tmp_path)
    assert ["--extra-index-url" in command for command in bare] == [False, True, False, False]


def test_an_environment_that_is_complete_is_not_filled_again(bare: list[list[str]], tmp_path: Path) -> None:
    python = bootstrap.venv_python(tmp_path)
    python.parent.mkdir(parents=True)
    python.touch()
    with pytest.raises(StartedAgainError):
        bootstrap.ensure(tmp_path)
    asked, again = bare
    assert asked[:2] == [str(python), "-c"]
    assert again[:2] == ["exec", str(python)]


def test_a_set_up_that_fails_says_which_command(
    bare: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 3))
    with pytest.raises(SystemExit, match=r"exit code 3.*venv"):
        bootstrap.ensure(tmp_path)


def test_it_does_not_start_itself_over_and_over(
    bare: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(bootstrap.MARK, "1")
    with pytest.raises(SystemExit, match="still lacks torch"):
        bootstrap.ensure(tmp_path)
    assert bare == []


def test_an_old_python_is_told_so(bare: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer, and this is 3\.9"):
        bootstrap.ensure(tmp_path)
    assert bare == []
