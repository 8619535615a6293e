"""A1111's habits: its names and its underscores are understood, and what has no counterpart gets the right word."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sdplay.cli.aliases import ALIASES, WITHOUT_COUNTERPART, as_flag_name, with_usual_hires
from sdplay.cli.main import COMMANDS
from sdplay.cli.main import sdplay as group
from sdplay.cli.request_command import HELP_NAMES
from sdplay.images.own import read_own
from tests.support.commandline import Sdplay
from tests.support.given import photo


def drawn(path: Path) -> dict[str, Any]:
    """What was asked for, every field closed."""
    recipe = read_own(path)[0].recipe
    return {**recipe.request.model_dump(), "steps": recipe.steps, "sampler": recipe.sampler, "seed": recipe.seed}


@pytest.mark.parametrize(
    ("flags", "field", "value"),
    [
        (["--cfg", "5"], "guidance_scale", 5.0),
        (["--cfg-scale", "5"], "guidance_scale", 5.0),
        (["--cfg_scale=5"], "guidance_scale", 5.0),
        (["--guidance_scale", "5"], "guidance_scale", 5.0),
        (["--negative-prompt", "a dog"], "negative_prompt", "a dog"),
        (["--negative_prompt", "a dog"], "negative_prompt", "a dog"),
        (["--W", "64", "--H", "128"], "height", 128),
        (["--W", "64", "--H", "128"], "width", 64),
        (["--sampler_name", "euler"], "sampler", "euler"),
        (["--num_inference_steps", "3"], "steps", 3),
        (["--clip_skip", "2"], "clip_skip", 2),
        (["--guidance_rescale", "0.5"], "guidance_rescale", 0.5),
        (["--enable-hr"], "hires_scale", 2.0),
        (["--enable_hr", "--hr_scale", "1.5"], "hires_scale", 1.5),
        (["--hr-scale", "1.5", "--enable-hr"], "hires_scale", 1.5),
        (["--enable-hr", "--denoising-strength", "0.4"], "hires_strength", 0.4),
        (["--enable-hr", "--hr_second_pass_steps", "3"], "hires_steps", 3),
    ],
)
def test_a_flag_of_a1111_sets_ours(sdplay: Sdplay, flags: list[str], field: str, value: object) -> None:
    outcome = sdplay("a cat", "--size", "64", *flags)
    assert outcome.code == 0, outcome.err
    assert drawn(outcome.paths[0])[field] == value


@pytest.mark.parametrize("flag", ["--n_iter", "--n-iter", "--n_samples", "--batch-count"])
def test_so_many_are_drawn(sdplay: Sdplay, flag: str) -> None:
    assert len(sdplay("a cat", flag, "2").paths) == 2


def test_denoising_strength_is_the_strength_where_a_picture_is_given(sdplay: Sdplay, here: Path) -> None:
    photo(here / "a.png")
    outcome = sdplay("img2img", "a cat", "--init_img", "a.png", "--denoising_strength", "0.3")
    assert outcome.code == 0, outcome.err
    assert drawn(outcome.paths[0])["strength"] == 0.3


@pytest.mark.parametrize("flag", ["--checkpoint", "--ckpt", "--sd_model"])
def test_a_checkpoint_is_a_model(sdplay: Sdplay, flag: str) -> None:
    outcome = sdplay("a cat", flag, "nowhere.safetensors")
    assert outcome.code == 2
    assert outcome.err.startswith("error: --model = 'nowhere.safetensors'")


def test_variations_of_a_saved_picture_understand_them_too(sdplay: Sdplay) -> None:
    first = sdplay("a cat", "--seed", "7").paths[0]
    outcome = sdplay("again", str(first), "--cfg_scale", "3", "--ckpt", os.environ["SDPLAY_MODEL"])
    assert outcome.code == 0, outcome.err
    assert drawn(outcome.paths[0])["guidance_scale"] == 3.0


def test_a_value_that_looks_like_an_alias_stays_a_value(sdplay: Sdplay) -> None:
    outcome = sdplay("a cat", "--negative", "n_iter cfg_scale W")
    assert drawn(outcome.paths[0])["negative_prompt"] == "n_iter cfg_scale W"


@pytest.mark.parametrize("flag", WITHOUT_COUNTERPART)
def test_what_has_no_counterpart_is_told_so(sdplay: Sdplay, here: Path, flag: str) -> None:
    outcome = sdplay("a cat", f"--{flag}", "1")
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: no such option --{flag}: {WITHOUT_COUNTERPART[flag]}")
    assert not list(here.iterdir())


def test_an_alias_hides_no_flag_of_ours() -> None:
    assert as_flag_name("batch_size", {"batch-size"}) == "batch-size"
    assert as_flag_name("init-image", {"init-image", "image"}) == "init-image"
    assert as_flag_name("init-image", {"image"}) == "image"
    assert as_flag_name("hue_shift", {"seed"}) == "hue-shift"


def test_every_alias_stands_for_a_flag_that_there_is() -> None:
    known = set[str]()
    for name in COMMANDS:
        command = group.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        context = command.make_context(name, ["x"], resilient_parsing=True, help_option_names=HELP_NAMES)
        known |= {flag.lstrip("-") for param in command.get_params(context) for flag in param.opts}
    assert {ours for names in ALIASES.values() for ours in names} <= known


def test_the_switch_for_a_second_pass_is_a_switch_before_the_prompt_only() -> None:
    assert with_usual_hires(["a", "--enable-hr"]) == ["--hires-scale", "2", "a"]
    assert with_usual_hires(["--", "--enable-hr"]) == ["--", "--enable-hr"]


def test_a_batch_that_is_larger_than_what_is_drawn_is_noted(sdplay: Sdplay) -> None:
    assert "how many is --num: 1" in sdplay("a cat", "--batch_size", "4").err
    assert "--num" not in sdplay("a cat", "--batch_size", "4", "-n", "4").err


def test_the_mode_that_has_a_flag_is_named(sdplay: Sdplay, here: Path) -> None:
    photo(here / "a.png")
    assert "`sdplay img2img` starts from a picture" in sdplay("a cat", "--image", "a.png").err
    assert "`sdplay inpaint` repaints" in sdplay("img2img", "a cat", "--image", "a.png", "--mask", "a.png").err


def test_a_film_that_counts_frames_understands_the_words_of_the_others(sdplay: Sdplay, here: Path) -> None:
    photo(here / "a.png")
    planned = sdplay("plan", "animate", "a castle", "--num", "4", "--image", "a.png", "--size", "64")
    assert planned.code == 0, planned.err
    assert "animate, 4 frames of 64x64" in planned.out
