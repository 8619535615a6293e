"""`sdplay models`: listing, telling, naming and forgetting."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.library.card import shipped_cards
from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES
from tests.support.commandline import Sdplay
from tests.support.fakemodel import fake_model
from tests.support.headers import SD15, write_header
from tests.support.pickles import hostile


def test_models_lists_what_needs_no_download(sdplay: Sdplay) -> None:
    outcome = sdplay("models")
    assert outcome.code == 0
    for card in shipped_cards().values():
        listed = any(line.startswith(f"{card.name} ") for line in outcome.out.splitlines())
        assert listed == (card.folder is not None)
        assert (card.licence in outcome.out) == listed
    assert "ADDED" not in outcome.out


def test_models_lists_the_shelves_too(sdplay: Sdplay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_library = tmp_path / "webui" / "models" / "Stable-diffusion"
    lora = tmp_path / "webui" / "models" / "Lora" / "ink.safetensors"
    for path in (in_library / "dreamy.safetensors", lora):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    assert "dreamy" not in sdplay("models").out
    monkeypatch.setenv("SDPLAY_MODELS", str(tmp_path / "webui"))
    listed = [line.split() for line in sdplay("models").out.splitlines()]
    assert ["dreamy", str(in_library / "dreamy.safetensors")] in listed
    assert listed.index(["LORA", "WHERE", "IT", "IS"]) < listed.index(["ink", str(lora)])


def told(out: str) -> dict[str, str]:
    return {name: value.strip() for name, value in (line.split("  ", 1) for line in out.splitlines())}


def test_info_tells_of_a_folder(sdplay: Sdplay, tmp_path: Path) -> None:
    outcome = sdplay("models", "info", str(tmp_path / "models" / "fake"))
    assert outcome.code == 0
    rows = told(outcome.out)
    assert rows["name"] == "fake"
    assert "Stable Diffusion 1.x" in rows["what it is"]
    assert (rows["size"], rows["family"], rows["predicts"]) == ("64x64", "sd", "epsilon")
    assert len(rows["sha256"]) == 64


def test_info_tells_of_the_built_in_model(sdplay: Sdplay, builtin: Path) -> None:
    rows = told(sdplay("models", "info", "builtin").out)
    card = shipped_cards()["builtin"]
    assert rows["licence"] == card.licence
    assert rows["on disk"].endswith(" MB")
    assert rows["sampler"] == f"{card.sampler}, {card.schedule}"
    assert "million weights in F" in rows["network"]
    assert rows["where it is"] == str(builtin)
    assert rows["found as"] == "a model that comes with the program"


def test_info_of_nothing(sdplay: Sdplay) -> None:
    outcome = sdplay("models", "info", "no-such-model")
    assert outcome.code == 2
    assert "no model has this name" in outcome.err


@pytest.mark.parametrize("name", ["mine", None])
def test_a_name_is_given_used_and_taken_back(
    sdplay: Sdplay, here: Path, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fake_model(here / "dreamy")
    outcome = sdplay("models", "add", "dreamy", *(["--name", name] if name else []))
    given = name or "dreamy"
    assert outcome.code == 0
    assert outcome.out.startswith(f"{given} stands for {folder}, a diffusers folder")
    assert f"--model {given}" in outcome.err
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    assert f"\n{given}  " in sdplay("models").out
    assert told(sdplay("models", "info", given).out)["found as"] == f"a name that was added, for {folder}"
    drawn = sdplay("a cat", "--model", given, "--seed", "1")
    assert drawn.code == 0, drawn.err
    assert sdplay("verify", str(drawn.paths[0])).code == 0  # by the name in the picture, wherever one stands
    outcome = sdplay("models", "remove", given)
    assert (outcome.code, outcome.out) == (0, f"{given} is forgotten; {folder} stays as it is\n")
    assert folder.is_dir()
    assert sdplay("models", "info", given).code == 2
    assert sdplay("models", "remove", given).code == 2


def test_a_model_of_the_hub_gets_a_name(sdplay: Sdplay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fake_model(tmp_path / "hub")
    write_header(folder / "unet" / "diffusion_pytorch_model.safetensors", {"conv_in.weight": (320, 4, 3, 3)})
    monkeypatch.setattr("sdplay.library.fetch._client", lambda: lambda name, **asked: str(folder))
    assert sdplay("models", "add", "org/model@v1").out.startswith("model stands for org/model@v1, ")
    assert told(sdplay("models", "info", "model").out)["where it is"] == str(folder)


def test_what_is_no_model_gets_no_name(sdplay: Sdplay, here: Path, tmp_path: Path) -> None:
    (here / "page.safetensors").write_text("<!DOCTYPE html>")
    hostile(here / "bad.ckpt", tmp_path / "it ran")
    refused = {
        ("page.safetensors",): (1, "this is a web page"),
        ("bad.ckpt",): (1, "--allow-pickle"),
        ("bad.ckpt", "--allow-pickle"): (1, "it wants to call"),
        ("nothing-here",): (2, "no model has this name"),
    }
    for arguments, (code, said) in refused.items():
        outcome = sdplay("models", "add", *arguments)
        assert outcome.code == code
        assert said in outcome.err
    assert "ADDED" not in sdplay("models").out
    assert not (tmp_path / "it ran").exists()


def test_the_name_of_another_model_stays_its_own(sdplay: Sdplay, here: Path) -> None:
    for name in ("one", "two"):
        write_header(here / f"{name}.safetensors", SD15)
    assert sdplay("models", "add", "one.safetensors", "--name", "m").code == 0
    outcome = sdplay("models", "add", "two.safetensors", "--name", "m")
    assert outcome.code == 2
    assert f"this name stands for {here / 'one.safetensors'} already" in outcome.err
    assert sdplay("models", "add", "two.safetensors", "--name", "builtin").code == 2


def test_samplers_lists_every_sampler_and_schedule_with_its_aliases(sdplay: Sdplay) -> None:
    outcome = sdplay("samplers")
    assert outcome.code == 0
    for name, aliases in (SAMPLER_ALIASES | SCHEDULE_ALIASES).items():
        (line,) = [line for line in outcome.out.splitlines() if line.split("  ")[0] == name]
        assert all(alias in line for alias in aliases)


def test_a_folder_of_models_that_is_not_there_is_told(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_MODELS", "nowhere")
    assert "note: SDPLAY_MODELS names nowhere, and nothing is there" in sdplay("models").err
    monkeypatch.setenv("SDPLAY_MODELS", ".")
    assert sdplay("models").err == ""
