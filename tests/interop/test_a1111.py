"""Infotexts of A1111 and of the programs that write its format."""

from __future__ import annotations

from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.images.infotext import UPSCALER_LABELS
from sdplay.interop import parse_infotext
from sdplay.interop.names import SAMPLERS, SCHEDULES, sampler_of, schedule_of, split
from sdplay.interop.parsed import LARGEST_TEXT
from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES
from tests.interop import samples


def fields(line: str) -> dict[str, Any]:
    return parse_infotext(f"a cat\n{line}").fields


def test_the_example_of_the_conventions() -> None:
    found = parse_infotext(samples.A1111)
    assert (found.program, found.version, found.text) == ("A1111", "v1.10.1", samples.A1111)
    assert found.prompt == "a lighthouse (storm:1.2), [oil:photo:0.4], <lora:ghibli:0.8>\nsecond prompt line"
    assert found.negative_prompt == "blurry, low quality"
    assert found.fields == {
        "steps": 20,
        "sampler": "dpmpp_2m",
        "schedule": "karras",
        "guidance_scale": 7.0,
        "seed": 965400086,
        "width": 512,
        "height": 768,
        "model_hash": "6ce0161689",
        "model": "v1-5-pruned-emaonly",
        "clip_skip": 2,
        "noise": "philox",
        "hires_scale": 2.0,
        "hires_upscaler": "latent",
        "hires_strength": 0.7,
    }
    assert found.other == {
        "Lora hashes": {"ghibli": "0123abcd4567"},
    }


def test_a_text_of_two_pairs_is_a_prompt() -> None:
    found = parse_infotext("a cat\nSteps: 20, Seed: 1")
    assert (found.program, found.prompt, found.fields, found.other) == (
        "unknown",
        "a cat\nSteps: 20, Seed: 1",
        {},
        {},
    )


def test_a_picture_without_a_prompt() -> None:
    found = parse_infotext("Steps: 20, Sampler: Euler, Seed: 0")
    assert (found.prompt, found.negative_prompt, found.fields["seed"]) == ("", "", 0)


@pytest.mark.parametrize(
    ("written", "sampler", "schedule"),
    [
        ("Sampler: DPM++ 2M Karras, Version: v1.7.0", "dpmpp_2m", "karras"),
        ("Sampler: DPM++ 2M Exponential", "dpmpp_2m", "exponential"),
        ("Sampler: Euler SGM Uniform", "euler", "trailing"),
        ("Sampler: DPM++ 2M, Version: v1.7.0", "dpmpp_2m", "linspace"),
        ("Sampler: Euler a", "euler_a", "linspace"),
        ("Sampler: DDIM", "ddim", "leading"),
        ("Sampler: DPM++ 2M, Schedule type: Karras", "dpmpp_2m", "karras"),
        ("Sampler: DPM++ 2M, Schedule type: Automatic", "dpmpp_2m", "karras"),
        ("Sampler: Euler, Schedule type: Automatic", "euler", "linspace"),
        ("Sampler: Euler, Schedule type: Simple", "euler", "trailing"),
        ("Sampler: euler_a, Version: stable-diffusion.cpp", "euler_a", None),
        ("Sampler: Euler, Schedule type: Beta", "euler", "beta"),
        ("Sampler: DPM++ 2M SDE Karras", "dpmpp_2m_sde", "karras"),
        ("Sampler: Euler, Schedule type: Turbo", "euler", None),
        ("Sampler: DPM++ SDE Karras", None, "karras"),
        ("Sampler: DPM fast, Schedule type: Automatic", None, None),
    ],
)
def test_samplers_and_schedules(written: str, sampler: str | None, schedule: str | None) -> None:
    found = fields(f"Steps: 20, Seed: 1, Size: 64x64, {written}")
    assert (found.get("sampler"), found.get("schedule")) == (sampler, schedule)


def test_names_that_we_lack_are_kept_by_their_own() -> None:
    found = parse_infotext("a\nSteps: 20, Sampler: DPM++ SDE Karras, Schedule type: Turbo, RNG: TPU, Seed: -1")
    assert found.other == {
        "Sampler": "DPM++ SDE Karras",
        "Schedule type": "Turbo",
        "RNG": "TPU",
        "Seed": "-1",
    }
    assert found.fields == {"steps": 20, "clip_skip": 1, "noise": "philox"}


def test_the_strength_is_that_of_img2img_without_hires() -> None:
    assert fields("Steps: 20, Seed: 1, Denoising strength: 0.75")["strength"] == 0.75
    two_passes = fields("Steps: 20, Seed: 1, Denoising strength: 0.75, Hires upscale: 2, Hires steps: 9")
    assert "strength" not in two_passes
    assert {name: value for name, value in two_passes.items() if name.startswith("hires")} == {
        "hires_strength": 0.75,
        "hires_scale": 2.0,
        "hires_steps": 9,
    }


@pytest.mark.parametrize("upscaler", UPSCALER_LABELS)
def test_upscalers_have_their_names(upscaler: str) -> None:
    written = f"Steps: 20, Seed: 1, Hires upscale: 2, Hires upscaler: {UPSCALER_LABELS[upscaler]}"
    assert fields(written)["hires_upscaler"] == upscaler


def test_a_network_that_enlarges_becomes_lanczos_and_is_told() -> None:
    found = parse_infotext("a\nSteps: 20, Seed: 1, Hires upscale: 2, Hires upscaler: R-ESRGAN 4x+")
    assert found.fields["hires_upscaler"] == "lanczos"
    assert found.other == {"Hires upscaler": "R-ESRGAN 4x+"}


@pytest.mark.parametrize(("rng", "noise"), [("NV", "philox"), ("GPU", "philox"), ("CPU", "torch")])
def test_where_noise_comes_from(rng: str, noise: str) -> None:
    assert fields(f"Steps: 20, Seed: 1, RNG: {rng}")["noise"] == noise


INPAINTED = "Steps: 20, Seed: 1, Denoising strength: 0.75"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Mask blur: 4", {"mask_blur": 4.0}),
        ("Mask mode: Inpaint not masked", {"mask_invert": True}),
        ("Mask mode: Inpaint masked", {"mask_invert": False}),
        ("Masked content: fill", {"fill": "surroundings"}),
        ("Masked content: original", {"fill": "original"}),
        ("Masked content: latent noise", {"fill": "noise"}),
        ("Masked content: latent nothing", {"fill": "nothing"}),
        ("Inpaint area: Only masked, Masked area padding: 16", {"only_masked": True, "padding": 16}),
        ("Inpaint area: Whole picture", {"only_masked": False}),
    ],
)
def test_what_inpainting_says(written: str, meant: dict[str, Any]) -> None:
    assert fields(f"{INPAINTED}, {written}") == fields(INPAINTED) | meant


def test_a_fill_that_we_lack_is_kept_by_its_own_name() -> None:
    found = parse_infotext(f"a\n{INPAINTED}, Masked content: mirrored")
    assert "fill" not in found.fields
    assert found.other["Masked content"] == "mirrored"


def test_hires_values_are_kept_as_they_are() -> None:
    found = parse_infotext(
        'a\nSteps: 20, Seed: 1, Hires resize: 1024x768, Hires prompt: "a, \\"b\\"\\nc: d", Hires upscaler: R-ESRGAN 4x+'
    )
    assert found.other == {
        "Hires resize-1": "1024",
        "Hires resize-2": "768",
        "Hires prompt": 'a, "b"\nc: d',
        "Hires upscaler": "R-ESRGAN 4x+",
    }


def test_hashes_quoted_or_bare() -> None:
    bare = parse_infotext('a\nSteps: 20, Seed: 1, Hashes: {"model": "6ce0161689", "lora:x": "0a"}, CFG scale: 7')
    assert bare.other["Hashes"] == {"model": "6ce0161689", "lora:x": "0a"}
    assert (bare.fields["model_hash"], bare.fields["guidance_scale"]) == ("6ce0161689", 7.0)
    listed = parse_infotext('a\nSteps: 20, Seed: 1, Lora hashes: "a: b: 01, c: 02", TI hashes: "just words"')
    assert listed.other["Lora hashes"] == {"a: b": "01", "c": "02"}
    assert listed.other["TI hashes"] == "just words"


def test_civitai_resources_do_not_spill_into_other_pairs() -> None:
    found = parse_infotext(
        'a\nSteps: 20, Seed: 1, Clip skip: 2, Civitai resources: [{"type":"lora","weight":0.8}, {"Seed": 9}], Model: x'
    )
    assert found.fields["seed"] == 1
    assert found.fields["model"] == "x"
    assert found.other["Civitai resources"].endswith('{"Seed": 9}]')


@pytest.mark.parametrize(
    ("pair", "program", "version"),
    [
        ("Version: f2.0.1v1.10.1-previous-224-g9007", "Forge", "f2.0.1v1.10.1-previous-224-g9007"),
        ("Version: Fooocus v2.5.5", "Fooocus", "v2.5.5"),
        ("Version: ComfyUI", "ComfyUI", ""),
        ("Version: stable-diffusion.cpp", "stable-diffusion.cpp", ""),
        ("App: SD.Next, Version: 0bb5cfc", "SD.Next", "0bb5cfc"),
        ("Version: v1.6.0-2-g4afaaf8a", "A1111", "v1.6.0-2-g4afaaf8a"),
        ("Eta: 0.0", "A1111", ""),
    ],
)
def test_who_wrote_it(pair: str, program: str, version: str) -> None:
    found = parse_infotext(f"a\nSteps: 20, Seed: 1, {pair}")
    assert (found.program, found.version) == (program, version)


def test_more_than_a_megabyte_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"1,048,577 characters long, and no more than 1,048,576 are read"):
        parse_infotext("a" * (LARGEST_TEXT + 1))


def test_every_name_is_one_of_ours_and_every_alias_is_known() -> None:
    assert set(SAMPLERS.values()) == set(SAMPLER_ALIASES)
    assert set(SCHEDULES.values()) == set(SCHEDULE_ALIASES)
    for ours, aliases in SAMPLER_ALIASES.items():
        assert {sampler_of(alias.upper()) for alias in (ours, *aliases)} == {ours}
    for ours, aliases in SCHEDULE_ALIASES.items():
        assert {schedule_of(alias.upper()) for alias in (ours, *aliases)} == {ours}


@pytest.mark.parametrize(
    "text",
    [
        "a tin robot\nNegative prompt: fog\nSteps: 12, Sampler: Euler, Seed: 3, Size: 8x8",
        "a tin robot\r\nNegative prompt: fog\r\nSteps: 12, Sampler: Euler, Seed: 3, Size: 8x8\r\n",
        "a tin robot Negative prompt: fog Steps: 12, Sampler: Euler, Seed: 3, Size: 8x8",
        "a tin robot\nNegative prompt: fog Steps: 12, Sampler: Euler, Seed: 3, Size: 8x8",
        "a tin robot\nNegative prompt: fog\nSteps: 12, Sampler: Euler,\nSeed: 3, Size: 8x8",
        "a tin robot\nNegative prompt: fog\nSteps: 12, Sampler: Euler\nSeed: 3, Size: 8x8",
        "a tin robot\nNegative prompt: fog\nSize: 8x8, Seed: 3, Steps: 12, Sampler: Euler",
        "a tin robot\nNegative prompt: fog\nSteps: 12, Sampler: Euler, Seed: 3, Size: 8x8\nTemplate: a, b: c, d: e\nx",
        "a tin robot\nNegative prompt: fog\nSteps: 12, Sampler: Euler, Seed: 3, Size: 8x8\n\nsaved by somebody",
        "a tin robot\nNegative prompt: fog\nsteps: 12, sampler: Euler, Seed: 3, SIZE: 8x8, cfg scale: 4",
    ],
)
def test_settings_are_found_by_their_shape(text: str) -> None:
    found = parse_infotext(text)
    assert (found.prompt, found.negative_prompt) == ("a tin robot", "fog")
    said = {name: found.fields.get(name) for name in ("steps", "sampler", "seed", "width", "height")}
    assert said == {"steps": 12, "sampler": "euler", "seed": 3, "width": 8, "height": 8}


def test_a_sentence_that_looks_like_settings_is_a_sentence() -> None:
    text = "Steps: 1, Seed: 2, Size: 3x4\nModel: a woman, Version: best\nSteps: 20, Sampler: Euler, Seed: 5, Size: 8x8"
    found = parse_infotext(text)
    assert found.prompt == "Steps: 1, Seed: 2, Size: 3x4\nModel: a woman, Version: best"
    assert found.fields["seed"] == 5


@pytest.mark.parametrize(
    ("label", "sampler", "schedule"),
    [
        ("euler discrete", "euler", "linspace"),
        ("euler_a karras", "euler_a", "karras"),
        ("dpm++2m discrete", "dpmpp_2m", "linspace"),
        ("dpm++2m karras", "dpmpp_2m", "karras"),
        ("heun exponential", "heun", "exponential"),
        ("ddim_trailing", "ddim", "trailing"),
        ("lcm sgm_uniform", "lcm", "trailing"),
        ("Euler AYS", "euler", "align_your_steps"),
        ("dpmpp_2m_sde_k", "dpmpp_2m_sde", "karras"),
        ("EulerAncestralDiscreteScheduler", "euler_a", None),
        ("dpm2 karras", None, "karras"),
        ("ipndm_v discrete", None, "linspace"),
    ],
)
def test_names_of_samplers_in_every_spelling(label: str, sampler: str | None, schedule: str | None) -> None:
    assert split(label) == (sampler, schedule)


def test_what_sd_next_enlarges_without_drawing() -> None:
    line = "Steps: 20, Size: 64x64, Seed: 1, Hires upscaler: Latent Nearest, Hires scale: 2.0, Denoising strength: 0.5"
    found = parse_infotext(f"a\n{line}, App: SD.Next")
    assert {name: found.fields.get(name) for name in ("hires_scale", "hires_strength", "strength")} == {
        "hires_scale": 2.0,
        "hires_strength": 0.0,
        "strength": 0.5,
    }


@pytest.mark.parametrize(("rng", "noise"), [("cuda", "philox"), ("cpu", "torch"), ("std_default", None)])
def test_noise_of_stable_diffusion_cpp(rng: str, noise: str | None) -> None:
    assert fields(f"Steps: 2, Seed: 1, RNG: {rng}, Version: stable-diffusion.cpp").get("noise") == noise
