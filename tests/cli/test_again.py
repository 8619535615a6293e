from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from sdplay.cli.again import printable
from sdplay.images.own import read_own
from tests.support.commandline import Sdplay
from tests.support.fakemodel import fake_model


@pytest.fixture
def model(here: Path) -> str:
    return str(here.parent / "models" / "fake")


@pytest.fixture
def kept(sdplay: Sdplay) -> Path:
    """Picture 1 of seed 7."""
    return sdplay("a red apple", "-n", "2", "--seed", "7", "--steps", "5", "--guidance", "2").paths[1]


def rewritten(path: Path, edit: Callable[[Image.Image], None] = lambda image: None, **recipe: object) -> Path:
    """A copy of `path` with other pixels, or with another recipe inside."""
    with Image.open(path) as image:
        chunk = json.loads(image.info["sdplay"])
        chunk["recipe"].update(recipe)
        copy = image.convert("RGB")
    edit(copy)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("sdplay", json.dumps(chunk))
    copy.save("changed.png", pnginfo=info)
    return Path("changed.png")


def test_verify_says_that_a_picture_is_made_again(sdplay: Sdplay, kept: Path, model: str) -> None:
    outcome = sdplay("verify", str(kept), "--model", model)
    assert outcome.code == 0
    assert outcome.out.startswith(f"{kept}: made again bit for bit")


def test_verify_tells_changed_pixels(sdplay: Sdplay, kept: Path, model: str) -> None:
    changed = rewritten(kept, lambda image: image.putpixel((0, 0), (1, 2, 3)))
    outcome = sdplay("verify", str(changed), "--model", model)
    assert outcome.code == 1
    assert "pixels were changed" in outcome.out


def test_verify_tells_a_changed_recipe(sdplay: Sdplay, kept: Path, model: str) -> None:
    outcome = sdplay("verify", str(rewritten(kept, seed=99)), "--model", model)
    assert outcome.code == 1
    assert "differs: " in outcome.out


def test_verify_tells_another_model(sdplay: Sdplay, kept: Path, tmp_path: Path) -> None:
    other = fake_model(tmp_path / "models" / "other", sample_size=16)
    outcome = sdplay("verify", str(kept), "--model", str(other))
    assert outcome.code == 1
    assert "the model 'fake' is not the one it was drawn with" in outcome.out


def test_verify_cannot_try_without_the_model_or_the_file_or_a_recipe(sdplay: Sdplay, kept: Path) -> None:
    Image.new("RGB", (64, 64)).save("foreign.png")
    Path("text.png").write_text("no picture")
    for file, why in [(kept, "'fake'"), ("nowhere.png", "no such file"), ("foreign.png", "recipe"), ("text.png", "")]:
        outcome = sdplay("verify", str(file))
        assert outcome.code == 2
        assert outcome.out.startswith(f"{file}: cannot be tried: ")
        assert why in outcome.out


def test_verify_goes_through_all_files_and_differing_weighs_most(sdplay: Sdplay, kept: Path, model: str) -> None:
    changed = rewritten(kept, lambda image: image.putpixel((0, 0), (1, 2, 3)))
    for files, code in [(["nowhere.png", kept], 2), (["nowhere.png", changed, kept], 1), ([kept, kept], 0)]:
        outcome = sdplay("verify", *map(str, files), "--model", model)
        assert outcome.code == code
        assert all(f"{file}: " in outcome.out for file in files)


def test_again_draws_the_same_bits(sdplay: Sdplay, kept: Path, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_STEPS", "30")
    monkeypatch.setenv("SDPLAY_NUM", "3")
    outcome = sdplay("again", str(kept), "--model", model, "--out", "more")
    assert outcome.code == 0
    (path,) = outcome.paths
    assert path == Path("more/00000-8.png")
    assert path.read_bytes() == kept.read_bytes()
    assert outcome.err.endswith(f"bit for bit the picture in {kept}\n")


def test_again_says_when_the_bits_are_others(sdplay: Sdplay, kept: Path, model: str) -> None:
    outcome = sdplay("again", str(rewritten(kept, seed=99)), "--model", model)
    assert outcome.code == 0
    assert "not bit for bit" in outcome.err


@pytest.mark.parametrize(
    ("flags", "changed"),
    [
        (["--seed", "3"], {"seed": 3}),
        (["--steps", "9"], {"steps": 9}),
        (["--guidance", "4"], {"guidance_scale": 4.0}),
        (["--size", "80"], {"width": 80, "height": 80}),
        (["--prompt", "a pear"], {"prompt": "a pear"}),
        (["--negative", "rain"], {"negative_prompt": "rain"}),
        (["-n", "1"], {}),
    ],
)
def test_again_with_flags_changes_these_things_only(
    sdplay: Sdplay, kept: Path, model: str, flags: list[str], changed: dict[str, object]
) -> None:
    before = {**read_own(kept)[0].recipe.to_dict(), "seed": 8}  # picture 1 of seed 7 is picture 0 of seed 8
    (path,) = sdplay("again", str(kept), "--model", model, *flags).paths
    embedded, _ = read_own(path)
    assert embedded.index == 0
    assert embedded.recipe.to_dict() == {**before, **changed}


def test_again_with_a_new_seed_and_many(sdplay: Sdplay, kept: Path, model: str) -> None:
    paths = sdplay("again", str(kept), "--model", model, "--seed", "-1", "-n", "3").paths
    seeds = [read_own(path)[0].recipe.seed for path in paths]
    assert len(paths) == 3
    assert len(set(seeds)) == 1
    assert seeds[0] not in {7, 8}


def test_again_on_another_model_is_a_variation(sdplay: Sdplay, kept: Path, tmp_path: Path) -> None:
    other = fake_model(tmp_path / "models" / "other", sample_size=16)
    outcome = sdplay("again", str(kept), "--model", str(other))
    assert outcome.code == 0
    recipe = read_own(outcome.paths[0])[0].recipe
    assert (recipe.model.name, recipe.width, recipe.seed) == ("other", 64, 8)
    assert "bit for bit" not in outcome.err


def test_again_without_its_model_says_so(sdplay: Sdplay, kept: Path) -> None:
    outcome = sdplay("again", str(kept))
    assert outcome.code == 2
    assert "--model = 'fake'" in outcome.err


def test_again_refuses_a_flag_of_another_mode(sdplay: Sdplay, kept: Path, model: str) -> None:
    outcome = sdplay("again", str(kept), "--model", model, "--strength", "0.5")
    assert outcome.code == 2
    assert outcome.err == "error: --strength = 0.5: means nothing for a picture of the mode txt2img\n"


def test_again_refuses_what_cannot_be_had(sdplay: Sdplay, kept: Path, model: str) -> None:
    outcome = sdplay("again", str(kept), "--model", model, "--guidance", "nan")
    assert outcome.code == 2
    assert outcome.err.startswith("error: --guidance = nan")


def test_show_prints_the_recipe(sdplay: Sdplay, kept: Path) -> None:
    outcome = sdplay("show", str(kept))
    embedded, _ = read_own(kept)
    assert outcome.code == 0
    rows = dict(line.split("  ", 1) for line in outcome.out.splitlines())
    rows = {name: value.strip() for name, value in rows.items()}
    assert next(iter(rows)) == "prompt"
    assert rows["prompt"] == "a red apple"
    assert rows["steps"] == "5"
    assert rows["seed"] == "8 (picture 1 of a batch from 7)"
    assert rows["pixels"] == f"sha256 {embedded.digest}"
    assert rows["recipe"] == f"sha256 {embedded.recipe.digest}"
    assert embedded.recipe.model.digest[:16] in rows["model"]
    ours = {name.replace("_", " ") for name in embedded.recipe.to_dict()} - {"format"}
    assert ours <= set(rows), "an ingredient is not shown"


def test_show_as_json_is_what_the_file_holds(sdplay: Sdplay, kept: Path) -> None:
    with Image.open(kept) as image:
        held = json.loads(image.info["sdplay"])
    assert json.loads(sdplay("show", str(kept), "--json").out) == held


@pytest.mark.parametrize("file", ["nowhere.png", "foreign.png"])
def test_show_of_what_holds_no_recipe(sdplay: Sdplay, here: Path, file: str) -> None:
    Image.new("RGB", (64, 64)).save("foreign.png")
    outcome = sdplay("show", file)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: file = '{file}': ")


def test_a_prompt_cannot_steer_the_terminal(sdplay: Sdplay) -> None:
    (path,) = sdplay("evil \x1b[2J\nSteps: 3 \u202e ü 🍎").paths
    shown = sdplay("show", str(path)).out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert r"evil \x1b[2J\nSteps: 3 \u202e ü 🍎" in shown
    assert printable("a\tb") == r"a\tb"
