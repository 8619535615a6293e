"""The guide for the service: every line of it runs, in its order, against a service; the reference is up to date."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from PIL import Image

from tests.docs.pages import ROOT, blocks
from tests.support.builtin import SIDE
from tests.support.service import RunningService, running_service

GUIDE = ROOT / "docs" / "guides" / "server.md"
ADDRESS = "127.0.0.1:7860"
ROW = re.compile(r"^\| ([^|]+) \| `(curl .+)` \|$", re.MULTILINE)
STRICT = 'set -eo pipefail; curl() { command curl -sS --fail-with-body "$@"; }; '

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


def typed(service: RunningService, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of `script`, in which a command that fails ends it."""
    here = script.replace(ADDRESS, service.url.removeprefix("http://"))
    return subprocess.run(
        ["bash", "-c", STRICT + here], cwd=folder, capture_output=True, text=True, check=False, timeout=250
    )


@needs_curl
def test_every_block_runs_in_the_order_of_the_page(service: RunningService, tmp_path: Path) -> None:
    said = list[str]()
    for block in blocks(GUIDE, "sh"):
        done = typed(service, tmp_path, block)
        refused = '"steps": 0' in block
        assert done.returncode == (22 if refused else 0), f"{block}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)
    (shown,) = blocks(GUIDE, "json")
    assert json.loads(said[-1]) == json.loads(shown)
    sizes = {}
    for path in sorted(tmp_path.glob("*.png")):
        with Image.open(path) as image:
            sizes[path.name] = image.size
    square = (SIDE, SIDE)
    enlarged = {"large.png": (256, 256), "wide.png": (192, 128)}
    assert sizes == {"apple.png": square, "green.png": square, "live.png": square} | enlarged
    assert (tmp_path / "apples.mp4").read_bytes()[4:8] == b"ftyp"
    assert (tmp_path / "small.webp").read_bytes()[8:12] == b"WEBP"
    told = next(text for text in said if "event: finished" in text)
    assert told.count("event: picture") == 2
    keyed = next(text for block, text in zip(blocks(GUIDE, "sh"), said, strict=True) if "Idempotency-Key" in block)
    assert len(set(re.findall(r'\{"id":"([0-9a-z]{18})"', keyed))) == 1


@needs_curl
def test_every_row_of_the_table_does_what_it_says(service: RunningService, tmp_path: Path) -> None:
    rows = dict(ROW.findall(GUIDE.read_text(encoding="utf-8")))
    look, stop, again, first, forget = rows.values()
    service.client.post("/api/v1/queue/pause")
    job = service.submit(prompt="a cat")["id"]
    try:
        for line, state in ((look, "queued"), (first, "queued"), (stop, "cancelled"), (again, "queued")):
            done = typed(service, tmp_path, f"JOB={job}; {line}")
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            assert json.loads(done.stdout)["state"] == state
        typed(service, tmp_path, f"JOB={job}; {stop}")
        assert typed(service, tmp_path, f"JOB={job}; {forget}").returncode == 0
        assert service.client.get(f"/api/v1/jobs/{job}").status_code == 404
    finally:
        service.client.post("/api/v1/queue/resume")


def test_the_client_of_openai_draws(service: RunningService, tmp_path: Path) -> None:
    (script,) = blocks(GUIDE, "python")
    here = script.replace(ADDRESS, service.url.removeprefix("http://"))
    done = subprocess.run([sys.executable, "-c", here], capture_output=True, text=True, check=True, timeout=250)
    assert service.client.get(done.stdout.strip()).headers["content-type"] == "image/png"


@needs_curl
def test_the_one_line_of_the_readme_draws_a_picture(service: RunningService, tmp_path: Path) -> None:
    (block,) = (text for text in blocks(ROOT / "README.md", "text") if "curl" in text)
    (line,) = (line.removeprefix("$ ") for line in block.splitlines() if "curl" in line)
    done = typed(service, tmp_path, line)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "apple.png") as image:
        assert image.size == (SIDE, SIDE)


def test_the_reference_is_up_to_date() -> None:
    spec = spec_from_file_location("api", ROOT / "docs" / "api.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run `python docs/api.py`"
