"""InvokeAI's three formats, Fooocus's two, NovelAI's one."""

from __future__ import annotations

import json

import pytest

from sdplay.core.errors import BadRequest
from sdplay.interop import parse_fooocus, parse_invokeai, parse_novelai
from tests.interop import samples


def test_invokeai_since_3() -> None:
    found = parse_invokeai({"invokeai_metadata": json.dumps(samples.INVOKEAI)})
    assert (found.program, found.version) == ("InvokeAI", "5.4.3")
    assert (found.prompt, found.negative_prompt) == ("a lighthouse", "fog")
    assert found.fields == {
        "steps": 50,
        "sampler": "dpmpp_2m",
        "schedule": "karras",
        "guidance_scale": 7.5,
        "seed": 1554095076,
        "width": 832,
        "height": 1216,
        "strength": 0.6,
        "model": "dreamshaper-8",
        "clip_skip": 1,
        "noise": "torch",
        "lora": ("ghibli:0.75",),
    }
    assert set(found.other) == {"generation_mode", "model"}


@pytest.mark.parametrize(
    ("changes", "fields", "other"),
    [
        ({"scheduler": "euler"}, {"sampler": "euler"}, {}),
        ({"scheduler": "kdpm_2"}, {}, {"scheduler": "kdpm_2"}),
        ({"scheduler": None}, {}, {"scheduler": None}),
        ({"model": {"model_name": "sd-1.5"}}, {"model": "sd-1.5"}, {"model": {"model_name": "sd-1.5"}}),
        ({"model": {"hash": "x"}}, {}, {"model": {"hash": "x"}}),
        ({"clip_skip": 2}, {"clip_skip": 3}, {}),
        ({"clip_skip": None}, {}, {"clip_skip": None}),
        ({"seed": 1.0}, {"seed": 1}, {}),
        ({"seed": True, "steps": "x"}, {}, {"seed": True, "steps": "x"}),
        ({"cfg_scale": "inf"}, {}, {"cfg_scale": "inf"}),
    ],
)
def test_values_of_invokeai(changes: dict[str, object], fields: dict[str, object], other: dict[str, object]) -> None:
    found = parse_invokeai({"invokeai_metadata": json.dumps({"positive_prompt": "a", **changes})})
    assert (found.fields, found.other) == (fields, other)


def test_invokeai_2() -> None:
    found = parse_invokeai({"sd-metadata": json.dumps(samples.SD_METADATA), "Dream": samples.DREAM})
    assert (found.version, found.prompt, found.negative_prompt) == ("2.2.4", "a cat on a mat", "blurry, dog")
    assert found.fields == {
        "steps": 50,
        "sampler": "euler_a",
        "guidance_scale": 7.5,
        "seed": 42,
        "width": 640,
        "height": 512,
        "model": "stable-diffusion-1.5",
        "model_hash": "cc6cb27103417325ff94f52b7a5d2dde45a7515b25c255d8e396c90014281516",
    }
    assert found.other["model"] == "stable diffusion"


@pytest.mark.parametrize("prompt", ["a  cat", [{"prompt": "a  cat"}], ["a  cat"], [{"prompt": "a  cat"}, 5, {}]])
def test_shapes_of_the_prompt_of_invokeai_2(prompt: object) -> None:
    found = parse_invokeai({"sd-metadata": json.dumps({"image": {"prompt": prompt}})})
    assert (found.prompt, found.negative_prompt) == ("a  cat", "")


def test_the_dream_command() -> None:
    found = parse_invokeai({"Dream": samples.DREAM})
    assert (found.prompt, found.negative_prompt) == ('a "big" cat', "dog")
    assert found.fields == {
        "steps": 50,
        "seed": 1234,
        "width": 512,
        "height": 640,
        "guidance_scale": 7.5,
        "sampler": "dpmpp_2m",
        "strength": 0.75,
    }
    assert found.other == {"-I": "my cat.png", "-F": ""}


@pytest.mark.parametrize("rest", ["", "  ", ' -I "never closed', " -s 20 --odd x - -"])
def test_the_rest_of_a_dream_command_may_be_anything(rest: str) -> None:
    assert parse_invokeai({"Dream": f'"a cat, 7" tall"{rest}'}).prompt == 'a cat, 7" tall'


@pytest.mark.parametrize(
    ("chunks", "reason"),
    [
        ({"Dream": "a cat -s 50"}, "is no dream command"),
        ({}, "is no dream command"),
        ({"sd-metadata": '{"image": 5}'}, "says nothing of its image"),
        ({"invokeai_metadata": "{"}, "is damaged JSON"),
    ],
)
def test_damaged_metadata_of_invokeai(chunks: dict[str, str], reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        parse_invokeai(chunks)


def test_fooocus_in_json() -> None:
    found = parse_fooocus(json.dumps(samples.FOOOCUS), "fooocus")
    assert (found.program, found.version) == ("Fooocus", "v2.5.5")
    assert (found.prompt, found.negative_prompt) == ("a fox\nin the snow", "")
    assert found.fields == {
        "steps": 30,
        "sampler": "dpmpp_2m_sde",
        "schedule": "karras",
        "guidance_scale": 4.0,
        "seed": 123,
        "width": 1152,
        "height": 896,
        "model": "juggernautXL_v8Rundiffusion",
        "model_hash": "aeb7e9e689",
        "clip_skip": 2,
        "lora": ("offset:0.1",),
    }
    assert "sampler" not in found.other
    assert found.other["full_prompt"] == ["cinematic still a fox", "a fox"]
    assert "resolution" not in found.other


def test_a_resolution_is_read_and_not_run() -> None:
    found = parse_fooocus(json.dumps({**samples.FOOOCUS, "resolution": "__import__('os').abort()", "prompt": None}))
    assert found.other["resolution"] == "__import__('os').abort()"
    assert found.prompt == ""


@pytest.mark.parametrize("scheme", ["a1111", ""])
def test_fooocus_in_an_infotext(scheme: str) -> None:
    found = parse_fooocus(samples.FOOOCUS_INFOTEXT, scheme)
    assert (found.program, found.version) == ("Fooocus", "v2.5.5")
    assert found.prompt == "cinematic still a fox . shallow depth of field, a fox, intricate"
    assert found.fields == {
        "steps": 30,
        "sampler": "dpmpp_2m_sde",
        "schedule": "karras",
        "guidance_scale": 4.0,
        "seed": 123,
        "width": 1152,
        "height": 896,
        "model": "juggernautXL_v8Rundiffusion",
        "model_hash": "aeb7e9e689",
        "clip_skip": 1,
        "lora": ("offset:0.1",),
    }
    assert "Sampler" not in found.other
    assert found.other["Raw prompt"] == "a fox"
    assert found.other["Lora hashes"] == {"offset": "4852686128ab"}


def test_novelai() -> None:
    found = parse_novelai(samples.NOVELAI)
    assert (found.program, found.prompt) == ("NovelAI", "1girl, lighthouse")
    assert found.negative_prompt == "lowres, a: b, cc: d, ee: f"
    assert found.fields == {
        "steps": 28,
        "sampler": "euler_a",
        "schedule": "karras",
        "guidance_scale": 11.0,
        "seed": 5,
        "width": 512,
        "height": 768,
        "model": "Stable Diffusion F4D50568",
    }
    assert found.other == {}


def test_a_novelai_picture_without_settings_is_refused() -> None:
    with pytest.raises(BadRequest, match="damaged JSON"):
        parse_novelai({"Software": "NovelAI"})
