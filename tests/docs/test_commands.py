"""What README and guides tell people to type runs as it stands there."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from sdplay.cli.main import main
from tests.docs.pages import ROOT, blocks, commands, guides


@pytest.mark.parametrize("page", guides(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_run_in_order(
    page: Path, builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    ended = {command: main(shlex.split(command, comments=True)[1:]) for command in commands(page)}
    assert {command: code for command, code in ended.items() if code != 0} == {}


@pytest.mark.parametrize("page", guides(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs(page: Path, builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), {})


def test_every_guide_has_commands_to_run() -> None:
    assert [page.name for page in guides() if not commands(page)] == []


def test_the_readme_begins_with_a_picture_and_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.index("![") < readme.index("make demo") < readme.index("make test") < readme.index("## ")
