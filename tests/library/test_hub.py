"""The hub's own client against a small hub on this machine: the progress bar, going on, tokens, and being offline."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.fakemodel import fake_model
from tests.support.headers import write_header
from tests.support.patience import PATIENCE

COMMIT = "c0ffee" + "0" * 34
NAME, LARGE = "org/model", "unet/diffusion_pytorch_model.safetensors"


class Hub(ThreadingHTTPServer):
    """Serves one model; `breaks` answers of its large file stop half-way, `gated` asks for a token."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
        self.breaks, self.gated, self.damaged = 0, False, False
        self.ranges: list[str] = []
        self.tokens: set[str | None] = set()


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        hub = self.server
        hub.tokens.add(self.headers.get("Authorization"))
        if hub.gated and self.headers.get("Authorization") != "Bearer hf_good":
            self.head(401, {"X-Error-Code": "GatedRepo", "X-Error-Message": "restricted"}, 0)
        elif "/resolve/" in self.path:
            self.file(self.path.split(f"/resolve/{COMMIT}/")[1], body)
        elif "/tree/" in self.path:
            self.json([self.entry(name) for name in hub.files], body)
        else:
            siblings = [{"rfilename": name} for name in hub.files]
            self.json({"id": NAME, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False}, body)

    def entry(self, name: str) -> dict[str, Any]:
        return {"type": "file", "path": name, "size": len(self.server.files[name]), "oid": "0" * 40}

    def json(self, value: Any, body: bool) -> None:
        content = json.dumps(value).encode()
        self.head(200, {"Content-Type": "application/json"}, len(content))
        self.wfile.write(content if body else b"")

    def file(self, name: str, body: bool) -> None:
        hub, content = self.server, self.server.files[name]
        tag = hashlib.sha256(content).hexdigest()
        found = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(found[1]) if found else 0
        if body and name == LARGE:
            hub.ranges.append(self.headers.get("Range") or "whole")
        span = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if found else {}
        linked = {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(len(content))}
        self.head(
            206 if found else 200, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, **linked, **span}, len(content) - start
        )
        if body and name == LARGE and hub.breaks:
            hub.breaks -= 1
            self.wfile.write(content[start : start + (len(content) - start) // 2])
            self.close_connection = True
        elif body:
            self.wfile.write(bytes(len(content) - start) if hub.damaged and name == LARGE else content[start:])

    def head(self, code: int, headers: dict[str, str], length: int) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the screen."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = fake_model(tmp_path / "served")
    for part in ("scheduler", "text_encoder", "tokenizer"):
        (folder / part / "config.json").write_text("{}")
    write_header(folder / LARGE, {"conv_in.weight": (320, 4, 3, 3)}, metadata={"filler": "x" * 300_000})
    (folder / "README.md").write_text("---\nlicense: openrail\n---\n")
    (folder / "unet" / "weights.bin").write_bytes(b"\x80\x02")
    (folder / "model.py").write_text("raise SystemExit")
    server = Hub(folder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def sdplay(hub: Hub, tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    mine = {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "0",
        "TQDM_POSITION": "-1",  # the client's way to say: bars, even where no terminal is
        "SDPLAY_HOME": str(tmp_path / "home"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    kept = {name: value for name, value in os.environ.items() if "TOKEN" not in name}
    command = [sys.executable, "-m", "sdplay.cli.main", "models", *arguments]
    return subprocess.run(
        command, env=kept | mine | environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )


def test_a_download_shows_a_bar_goes_on_where_it_broke_off_and_needs_no_network_then(hub: Hub, tmp_path: Path) -> None:
    hub.breaks = 1
    long = {"filler": "x" * 24_000_000}  # the client writes pieces of ten million bytes: less is begun anew
    hub.files[LARGE] = write_header(tmp_path / "long", {"conv_in.weight": (320, 4, 3, 3)}, metadata=long).read_bytes()
    done = sdplay(hub, tmp_path, "info", NAME)
    assert done.returncode == 0, done.stderr
    assert "openrail" in done.stdout
    assert "%|" in done.stderr
    assert hub.ranges[0] == "whole"
    assert re.fullmatch(r"bytes=[1-9]\d*-", hub.ranges[1])
    (folder,) = (tmp_path / "hf" / "hub").glob(f"models--org--model/snapshots/{COMMIT}")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert (folder / LARGE).read_bytes() == hub.files[LARGE]
    assert found == hub.files.keys() - {"unet/weights.bin", "model.py"}
    assert hub.tokens == {None}
    asked = len(hub.ranges)
    again = sdplay(hub, tmp_path, "info", NAME, HF_HUB_OFFLINE="1")
    assert again.returncode == 0, again.stderr
    assert len(hub.ranges) == asked


def test_a_gated_model_wants_a_token_and_takes_it(hub: Hub, tmp_path: Path) -> None:
    hub.gated = True
    refused = sdplay(hub, tmp_path, "info", NAME)
    assert refused.returncode == 2
    assert "accepted its licence" in refused.stderr
    assert "https://huggingface.co/settings/tokens" in refused.stderr
    assert "Traceback" not in refused.stderr
    done = sdplay(hub, tmp_path, "info", NAME, HF_TOKEN="hf_good")
    assert done.returncode == 0, done.stderr
    assert "hf_good" not in done.stdout + done.stderr


def test_a_damaged_download_is_noticed(hub: Hub, tmp_path: Path) -> None:
    hub.damaged = True
    done = sdplay(hub, tmp_path, "info", NAME)
    assert done.returncode == 1
    assert f"the download was damaged, on its way or on this disk: {LARGE}" in done.stderr
    hub.damaged = False
    assert sdplay(hub, tmp_path, "info", NAME).returncode == 0


def test_a_hub_that_is_not_there_is_told(hub: Hub, tmp_path: Path) -> None:
    done = sdplay(hub, tmp_path, "info", NAME, HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 2
    assert "it was never downloaded, and the hub cannot be reached" in done.stderr
    assert "to go on offline: --model builtin" in done.stderr
    assert "Traceback" not in done.stderr
