"""The guide for models: its commands run in its order, its Python runs, and the program says what its table says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from sdplay.cli.main import main
from sdplay.library.card import add_alias
from tests.docs.pages import ROOT, blocks
from tests.support.fakemodel import fake_model
from tests.support.headers import SD15, write_header
from tests.support.pickles import bomb, hostile, small

GUIDE = ROOT / "docs" / "guides" / "models.md"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models that the guide names."""
    desk = tmp_path / "desk"
    in_library = desk / "webui" / "models" / "Stable-diffusion"
    for folder in (desk / "downloads", in_library):
        folder.mkdir(parents=True)
    fake_model(desk / "dreamy")
    write_header(desk / "downloads" / "ink-v1.safetensors", SD15)
    write_header(in_library / "paper.safetensors", SD15)
    write_header(desk / "downloads" / "soft.safetensors", {"decoder.conv_in.weight": (512, 4, 3, 3)})
    small(desk / "downloads" / "old.ckpt")
    monkeypatch.chdir(desk)
    monkeypatch.delenv("SDPLAY_MODELS", raising=False)
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path / "home"))
    return desk


def test_every_command_runs(desk: Path, builtin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line for block in blocks(GUIDE, "sh") for line in block.splitlines()]
    assert len(lines) > 10
    for line in lines:
        word, *arguments = shlex.split(line)
        if word == "export":
            name, value = arguments[0].split("=")
            monkeypatch.setenv(name, value)
        else:
            assert (word, main(arguments)) == ("sdplay", 0), line
    drawn = sum("--model" in line for line in lines)
    assert len(list((desk / "images").glob("*.png"))) == drawn >= 5


def test_the_python_runs(desk: Path, builtin: Path) -> None:
    (block,) = blocks(GUIDE, "python")
    names: dict[str, object] = {}
    exec(compile(block, str(GUIDE), "exec"), names)
    assert len(names["pictures"]) == 1  # type: ignore[arg-type]


def stale(desk: Path) -> str:
    add_alias(desk.parent / "home", "moved", str(desk / "gone.safetensors"))
    return "moved"


def twice(desk: Path) -> str:
    for folder in ("Stable-diffusion", "checkpoints"):
        path = desk / "webui" / "models" / folder / "same.safetensors"
        path.parent.mkdir(exist_ok=True)
        write_header(path, {**SD15, f"first_stage_model.{folder}": (1,)})
    return "same"


def written(name: str, content: bytes) -> Callable[[Path], str]:
    def write(desk: Path) -> str:
        (desk / name).write_bytes(content)
        return name

    return write


WITHOUT_VAE = {name: shape for name, shape in SD15.items() if not name.startswith("first_stage_model.")}
FAILURES: dict[str, Callable[[Path], str]] = {
    "no model has this name": lambda desk: "dreemy",
    "2 models have this name": twice,
    "it was added for": stale,
    "this is a pickle": lambda desk: "downloads/old.ckpt",
    "this pickle is more than weights": lambda desk: f"{hostile(desk / 'bad.ckpt', desk / 'it ran')} --allow-pickle",
    "it would unpack to": lambda desk: f"{bomb(desk / 'bomb.ckpt', 10**6)} --allow-pickle",
    "there is no VAE in this model": lambda desk: str(write_header(desk / "no-vae.safetensors", WITHOUT_VAE)),
    "in EDM's form": lambda desk: str(write_header(desk / "edm.safetensors", {**SD15, "edm_vpred.sigma_max": ()})),
    "this is a web page": written("page.safetensors", b"<!DOCTYPE html>"),
    "the file is empty": written("empty.safetensors", b""),
    "the file was cut off": written("cut.safetensors", (10**4).to_bytes(8, "little") + b"{" + bytes(100)),
    "a pointer of git-lfs": written("lfs.safetensors", b"version https://git-lfs.github.com/spec/v1\n"),
    "this is a LoRA": lambda desk: str(write_header(desk / "lora.safetensors", {"lora_unet_a.up": (1,)})),
    "the folder has no": lambda desk: "downloads",
    "it was never downloaded": lambda desk: "sdplay-tests/no-such-model",
}


@pytest.mark.parametrize("said", FAILURES)
def test_the_program_says_what_the_table_says(
    said: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SDPLAY_MODELS", "webui")
    assert main(["a cat", "--model", *shlex.split(FAILURES[said](desk))]) in {1, 2}
    assert said in capsys.readouterr().err
    assert not (desk / "it ran").exists()


def test_every_row_of_the_table_is_shown_to_happen() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("| message |")[2]
    rows = re.findall(r"^\| (.+?) \|", table, re.MULTILINE)
    assert set(rows) - {"meaning"} == FAILURES.keys()
