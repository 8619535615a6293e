"""`show` and `again` of pictures that other programs made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from sdplay.images.own import read_own
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from tests.interop.samples import png
from tests.interop.test_cases import CASES
from tests.interop.test_read import CHUNKS
from tests.support.builtin import SIDE
from tests.support.commandline import Sdplay
from tests.support.given import mask, photo


@pytest.fixture
def foreign(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture of A1111's, and no model of the name that stands in it."""
    monkeypatch.delenv("SDPLAY_MODEL")
    return png(Path("a1111.png"), **CHUNKS["A1111"])


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("program", CHUNKS)
def test_show_says_who_made_it_and_all_that_it_says(sdplay: Sdplay, program: str) -> None:
    path = png(Path("x.png"), **CHUNKS[program])
    outcome = sdplay("show", str(path))
    assert (outcome.code, outcome.err) == (0, "")
    rows = dict(line.split(None, 2)[:2] for line in outcome.out.splitlines())
    assert outcome.out.startswith("made by")
    assert program.split()[0] in outcome.out.splitlines()[0]
    assert {"prompt", "seed", "steps"} <= rows.keys()
    as_json = json.loads(sdplay("show", str(path), "--json").out)
    assert as_json["program"] in outcome.out
    assert as_json.keys() == {"program", "version", "prompt", "negative_prompt", "fields", "other", "text"}
    assert str(as_json["fields"]["seed"]) == rows["seed"]


def test_show_tells_what_has_a_meaning_here_from_what_has_none(sdplay: Sdplay, foreign: Path) -> None:
    lines = sdplay("show", str(foreign)).out.splitlines()
    assert "schedule         karras" in lines
    assert "model hash       6ce0161689" in lines
    assert "hires scale      2.0" in lines
    note = "a note on the LoRAs, which are looked for by name"
    assert f"also said        Lora hashes = {{'ghibli': '0123abcd4567'}}: {note}" in lines


def test_again_draws_what_it_can_and_tells_the_rest_line_by_line(sdplay: Sdplay, foreign: Path) -> None:
    outcome = sdplay("again", str(foreign), "--size", "64")
    assert outcome.code == 0
    recipe = read_own(outcome.paths[0])[0].recipe
    assert (recipe.seed, recipe.steps, recipe.sampler, recipe.schedule) == (965400086, 20, "dpmpp_2m", "karras")
    assert (recipe.width, recipe.height, recipe.model.name) == (64, 64, "builtin")
    said = outcome.err.splitlines()
    assert said[0] == "made by A1111 v1.10.1; all that it says is taken over but 2:"
    assert "  <lora:ghibli:0.8> in the prompt = 'ghibli': is left out: it is not here (SDPLAY_MODELS)" in said
    assert [line for line in said if line.startswith("  model = 'v1-5-pruned-emaonly': is not in the library")]
    assert sdplay("again", str(foreign), "--size", "64", "--quiet").err == ""


def test_again_takes_flags_for_what_the_file_says(sdplay: Sdplay, foreign: Path, here: Path) -> None:
    model = str(here.parent / "models" / "fake")
    outcome = sdplay("again", str(foreign), "--model", model, "--steps", "3", "--seed", "5", "-n", "2", "--size", "64")
    recipes = [read_own(path)[0].recipe for path in outcome.paths]
    assert [(recipe.steps, recipe.seed, recipe.model.name) for recipe in recipes] == [(3, 5, "fake")] * 2
    assert "in the library" not in outcome.err


@pytest.mark.usefixtures("here")
def test_again_of_a_painted_picture_asks_for_what_it_was_painted_on(sdplay: Sdplay) -> None:
    text = "a hat\nSteps: 5, Sampler: Euler, Seed: 1, Denoising strength: 0.6, Mask blur: 2, Version: v1.10.1"
    path = str(png(Path("painted.png"), parameters=text))
    photo(Path("photo.png"))
    mask(Path("mask.png"), (64, 64), (8, 8, 24, 24))
    alone = sdplay("again", path, "--size", "64")
    assert "strength = 0.6: belongs to a picture it was drawn from, which is not in the file: give --image" in alone.err
    for flags, kind in ((["--image", "photo.png"], Img2Img), (["--image", "photo.png", "--mask", "mask.png"], Inpaint)):
        request = read_own(sdplay("again", path, *flags).paths[0])[0].recipe.request
        assert isinstance(request, kind)
        assert request.strength == 0.6
    refused = sdplay("again", path, "--strength", "0.5")
    assert refused.code == 2
    assert "--strength = 0.5: means nothing for a picture of the mode txt2img" in refused.err


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", ["show", "again"])
def test_a_picture_that_says_nothing_is_told_clearly(sdplay: Sdplay, command: str) -> None:
    Image.new("RGB", (64, 64)).save("silent.png")
    outcome = sdplay(command, "silent.png")
    assert (outcome.code, outcome.out) == (2, "")
    assert "file = 'silent.png': says nothing about how it was made" in outcome.err
    assert "→ many web sites" in outcome.err
    assert "no such file" in sdplay(command, "nowhere.png").err
    Path("text.png").write_text("no picture")
    assert "is not a picture that can be read" in sdplay(command, "text.png").err


@pytest.mark.usefixtures("here")
def test_a_picture_cannot_steer_the_terminal(sdplay: Sdplay) -> None:
    text = "a \x1b[31mred\x07 cat\nSteps: 5, Sampler: \x1b[2J, Seed: 1, Version: v\x1b[0m"
    path = str(png(Path("x.png"), parameters=text))
    for command in (["show", path], ["again", path, "--size", "64"]):
        outcome = sdplay(*command)
        assert outcome.code == 0
        assert "\x1b" not in outcome.out + outcome.err


def test_our_own_text_is_enough_where_our_recipe_was_taken_out(sdplay: Sdplay, here: Path) -> None:
    (kept,) = sdplay("a hat", "--seed", "7", "--steps", "3").paths
    with Image.open(kept) as image:
        path = str(png(Path("stripped.png"), parameters=image.info["parameters"]))
    assert sdplay("show", path).out.splitlines()[0].startswith("made by          sdplay ")
    (again,) = sdplay("again", path, "--model", str(here.parent / "models" / "fake")).paths
    assert read_own(again)[0].recipe.digest == read_own(kept)[0].recipe.digest


@pytest.mark.usefixtures("here")
def test_again_puts_on_the_lora_that_comfyui_names(sdplay: Sdplay) -> None:
    outcome = sdplay("again", str(CASES / "10-loras-of-other-programs" / "comfy.png"), "--size", "64")
    assert read_own(outcome.paths[0])[0].recipe.request.lora == ("blueprint:0.5:0.7",)
    assert "LoRA" not in outcome.err
    assert "lora" not in outcome.err


@pytest.mark.usefixtures("here")
def test_again_says_nothing_of_weights_that_it_draws(sdplay: Sdplay) -> None:
    outcome = sdplay("again", str(CASES / "01-a1111-again-weights" / "weights.png"), "--size", "64", "--steps", "2")
    assert outcome.err.splitlines()[0] == "made by A1111; all that it says is taken over"


@pytest.mark.usefixtures("here")
def test_show_prints_words_as_they_were_written_and_as_they_are_drawn(sdplay: Sdplay) -> None:
    lines = sdplay("show", str(CASES / "07-novelai" / "a-v3.png")).out.splitlines()
    assert [line.split(None, 1)[1] for line in lines if line.startswith("prompt")] == ["{{tin robot}}, [rust], a lake"]
    assert "drawn as          (tin robot:1.1025), (rust:0.9524), a lake" in lines


@pytest.mark.usefixtures("here")
def test_words_in_no_form_that_is_read_are_said_to_be_there(sdplay: Sdplay) -> None:
    outcome = sdplay("show", str(png(Path("x.png"), parameters='{"by": "others"}')))
    assert outcome.code == 2
    assert "its words are in no form that is read here" in outcome.err
    assert "web sites" not in outcome.err


def test_avif_out_is_verified_and_shown(sdplay: Sdplay, here: Path) -> None:
    (path,) = sdplay("a hat", "--seed", "3", "--steps", "2", "--format", "avif").paths
    assert path.suffix == ".avif"
    model = ("--model", str(here.parent / "models" / "fake"))
    assert sdplay("verify", str(path), *model).code == 0
    assert "a hat" in sdplay("show", str(path)).out
    (again,) = sdplay("again", str(path), *model, "--format", "png").paths
    assert read_own(again)[0].digest == read_own(path)[0].digest


def test_a_picture_of_an_unknown_model_is_not_drawn_much_too_large(sdplay: Sdplay, foreign: Path, here: Path) -> None:
    refused = sdplay("again", str(foreign))
    assert (refused.code, refused.out) == (2, "")
    assert f"this model is not here, and builtin is made for {SIDE}x{SIDE} pixels, not for " in refused.err
    assert "--model NAME" in refused.err
    assert "--anyway" in refused.err
    assert not (here / "images").exists()
    assert len(sdplay("again", str(foreign), "--anyway", "--steps", "1").paths) == 1


def test_a_second_pass_counts_as_size_too(sdplay: Sdplay, foreign: Path) -> None:
    small = ["again", str(foreign), "--size", str(SIDE), "--steps", "1"]
    assert f"not for {2 * SIDE}x{2 * SIDE}" in sdplay(*small, "--hires-scale", "2").err
    assert sdplay(*small, "--hires-scale", "1").code == 0
