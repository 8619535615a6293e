"""The guide for programs that speak A1111's API: its lines run in their order, and its table names what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from sdplay.server.http.a1111 import api
from tests.docs.pages import ROOT, blocks
from tests.support.builtin import SIDE
from tests.support.service import RunningService, running_service

GUIDE = ROOT / "docs" / "guides" / "coming-from-a1111-api.md"
ADDRESS = "127.0.0.1:7860"
PIPED = 'set -eo pipefail; curl() { command curl -sS --fail-with-body "$@"; }; '
UNNAMED = {"refresh-embeddings", "interrogate"}

needs_programs = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="no curl, or no jq")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


def here(service: RunningService, text: str) -> str:
    """`text` with this server's address in the place of the guide's."""
    return text.replace(ADDRESS, service.url.removeprefix("http://"))


@needs_programs
def test_every_line_runs_in_the_order_of_the_page(service: RunningService, tmp_path: Path) -> None:
    said: dict[str, str] = {}
    for line in (line for block in blocks(GUIDE, "sh") for line in block.splitlines()):
        done = subprocess.run(
            ["bash", "-c", PIPED + here(service, line)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        said[line] = done.stdout
    with Image.open(tmp_path / "apple.png") as apple, Image.open(tmp_path / "large.png") as large:
        assert (apple.size, large.size) == ((SIDE, SIDE), (2 * SIDE, 2 * SIDE))
        assert apple.info["parameters"].startswith("a red apple, 3d render\n")
    told = list(said.values())
    assert "DPM++ 2M" in told[1]
    assert "Hires upscale: 2" in told[3]
    assert (told[4].strip(), told[5].strip()) == ('"1"', "1")


def test_the_python_of_the_page_runs(service: RunningService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = blocks(GUIDE, "python")
    port = service.url.rpartition(":")[2]
    exec(compile(block.replace("port=7860", f"port={port}"), str(GUIDE), "exec"), {})
    assert (tmp_path / "apple-of-webuiapi.png").exists()


def test_it_names_every_route() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    routes = {route.path.rpartition("/")[2] for router in api.ROUTERS for route in router.routes}
    assert {route for route in routes - UNNAMED if f"{route}`" not in text and f"/{route}" not in text} == set()
    assert re.search(r"`interrogate` answers 404", text)
