"""Files of other programs, made after public reports of what was read wrong: what each of them says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from sdplay.interop import ParsedMetadata, read_found
from sdplay.interop.import_settings import mode_of, supported_fields

CASES = Path(__file__).parent / "cases"
OF_A1111 = {"steps": 12, "sampler": "euler_a", "guidance_scale": 6.0, "seed": 41, "width": 128, "height": 192}
OF_SWARM = {
    "steps": 20,
    "sampler": "dpmpp_2m",
    "schedule": "karras",
    "guidance_scale": 7.0,
    "seed": 735,
    "width": 1024,
    "height": 1024,
    "lora": ("rust:0.7",),
    "model": "OfficialStableDiffusion/sd_xl_base_1.0",
}


def read(path: Path) -> ParsedMetadata:
    found = read_found(path)
    assert found is not None
    return found


def drawn(path: Path) -> tuple[str, str]:
    """Prompt and negative prompt as they are drawn here."""
    found = read(path)
    fields = supported_fields(found, mode_of(found))[0]
    return fields["prompt"], fields["negative_prompt"]


def files(*patterns: str) -> Iterable[Any]:
    found = [path for pattern in patterns for path in sorted(CASES.glob(pattern))]
    assert len(found) >= len(patterns)
    return [pytest.param(path, id=path.name) for path in found]


@pytest.mark.parametrize("path", files("02-*/[abfmo]-*.png", "03-*/*", "04-*/*", "11-*/*"))
def test_the_settings_of_a1111_wherever_and_however_they_stand(path: Path) -> None:
    found = read(path)
    assert found.program == "A1111"
    assert {name: found.fields.get(name) for name in OF_A1111} == OF_A1111


@pytest.mark.parametrize(
    ("name", "prompt", "negative"),
    [
        ("02-infotext-oddities/a-newline-in-value.png", "a tin robot", "fog"),
        ("02-infotext-oddities/b-template-after.png", "a red tin robot", "fog"),
        ("02-infotext-oddities/c-civitai.png", 'a tin robot, "so called"', "fog"),
        ("02-infotext-oddities/d-adetailer.png", "a tin robot <lora:rusty metal, v1.2:0.7>", "fog"),
        ("02-infotext-oddities/e-steps-in-prompt.png", "recipe card,\nSteps: first, mix; second, bake\n\na cake", ""),
        ("02-infotext-oddities/f-crlf.png", "a tin robot", "fog,\nrain"),
        ("02-infotext-oddities/o-unicode.png", "桜の木, café", "霧"),
        ("03-usercomment-encodings/g-unicode-but-utf8.jpg", "a tin robot, cafe", "fog"),
        ("03-usercomment-encodings/h-unicode-but-utf8-odd.jpg", "a tin robot, café 桜", "fog"),
        ("03-usercomment-encodings/k-charset-prefix.jpg", "a tin robot, cafe", "fog"),
        ("03-usercomment-encodings/n-xpcomment.jpg", "a tin robot, café 桜", "fog"),
        ("03-usercomment-encodings/q-cjk-le.jpg", "桜の木の下で" * 8, "霧" * 20),
        ("04-stealth-png/a-alpha-info.png", "a tin robot", "fog"),
        ("04-stealth-png/c-rgb-comp.png", "a tin robot", "fog"),
        ("04-stealth-png/d-alpha.webp", "a tin robot", "fog"),
        ("05-swarmui/a-swarm.png", "a (tin:1.3) robot <lora:rust:0.7>", "fog"),
        ("06-drawthings-easydiffusion/a-drawthings.png", "a tin robot (by a lake)", "fog, rain"),
        ("06-drawthings-easydiffusion/b-easydiffusion.png", "a tin robot", "fog"),
        ("06-drawthings-easydiffusion/d-midjourney.png", "a tin robot by a lake, film grain", "fog"),
        ("09-fooocus/c-ruinedfooocus.png", "a tin robot", "fog"),
        ("10-loras-of-other-programs/comfy.png", "a castle, 3d render", ""),
        ("11-prompt-begins-with-brace/a-nai-braces.png", "{best quality}, {{tin robot}}, lake", "fog"),
        ("11-prompt-begins-with-brace/c-variant.png", "{red|blue} tin robot", "fog"),
    ],
)
def test_the_words_of_each_file(name: str, prompt: str, negative: str) -> None:
    found = read(CASES / name)
    assert (found.prompt, found.negative_prompt) == (prompt, negative)


@pytest.mark.parametrize(
    ("name", "prompt", "negative"),
    [
        ("07-novelai/a-v3.png", "(tin robot:1.1025), (rust:0.9524), a lake", "fog, (rain:1.1025)"),
        ("07-novelai/b-v4.png", "a lake, (tin robot:1.5) , (rust:-1) , boy, red hat", "fog, hat"),
        ("08-invokeai/a-v5.png", "a (tin robot:1.21) by a lake", "fog"),
        ("11-prompt-begins-with-brace/a-nai-braces.png", "{best quality}, {{tin robot}}, lake", "fog"),
        ("11-prompt-begins-with-brace/c-variant.png", r"\{red|blue\} tin robot", "fog"),
        (
            "01-a1111-again-weights/weights.png",
            read(CASES / "01-a1111-again-weights/weights.png").prompt,
            "(blurry:1.2)",
        ),
    ],
)
def test_how_its_weights_are_drawn_here(name: str, prompt: str, negative: str) -> None:
    assert drawn(CASES / name) == (prompt, negative)


@pytest.mark.parametrize(
    ("name", "program", "fields"),
    [
        ("05-swarmui/a-swarm.png", "SwarmUI", OF_SWARM),
        ("05-swarmui/b-swarm.jpg", "SwarmUI", OF_SWARM),
        (
            "06-drawthings-easydiffusion/a-drawthings.png",
            "Draw Things",
            {
                "steps": 10,
                "sampler": "ddim",
                "guidance_scale": 7.5,
                "seed": 735,
                "width": 512,
                "height": 768,
                "model": "tin_v1_f16.ckpt",
            },
        ),
        (
            "06-drawthings-easydiffusion/b-easydiffusion.png",
            "Easy Diffusion",
            {"steps": 20, "sampler": "euler_a", "guidance_scale": 7.5, "seed": 735, "width": 512, "height": 768},
        ),
        (
            "09-fooocus/c-ruinedfooocus.png",
            "RuinedFooocus",
            {
                "steps": 30,
                "sampler": "dpmpp_2m_sde",
                "schedule": "karras",
                "guidance_scale": 4.0,
                "seed": 735,
                "width": 896,
                "height": 1152,
                "model": "tinXL.safetensors",
                "lora": ("rust:0.5",),
            },
        ),
        (
            "02-infotext-oddities/i-sdnext.png",
            "SD.Next",
            {
                "steps": 20,
                "sampler": "dpmpp_2m",
                "schedule": "karras",
                "guidance_scale": 6.0,
                "seed": 735,
                "guidance_rescale": 0.7,
                "hires_scale": 2.0,
                "hires_steps": 10,
                "hires_strength": 0.3,
                "hires_upscaler": "latent-nearest",
            },
        ),
        (
            "22-sdcpp-sampler/a.png",
            "stable-diffusion.cpp",
            {"sampler": "euler", "schedule": "linspace", "noise": "philox", "seed": 42, "model": "tin.safetensors"},
        ),
        ("22-sdcpp-sampler/b.png", "stable-diffusion.cpp", {"sampler": "dpmpp_2m", "schedule": "karras"}),
        ("08-invokeai/a-v5.png", "InvokeAI", {"lora": ("rust:0.7",), "vae": "softVAE", "model": "tinXL"}),
        ("08-invokeai/b-v3-sdxl.png", "InvokeAI", {"lora": ("rust:0.75",), "steps": 25}),
        ("09-fooocus/d-fooocus.jpg", "Fooocus", {"lora": ("rust:0.5",), "sampler": "dpmpp_2m_sde"}),
        ("10-loras-of-other-programs/comfy.png", "ComfyUI", {"lora": ("blueprint:0.5:0.7",), "seed": 3, "steps": 6}),
        ("10-loras-of-other-programs/fooocus.png", "Fooocus", {"lora": ("blueprint:0.7",), "guidance_scale": 5.0}),
    ],
)
def test_the_settings_of_other_programs(name: str, program: str, fields: dict[str, Any]) -> None:
    found = read(CASES / name)
    assert found.program == program
    assert {name: found.fields.get(name) for name in fields} == fields


def test_a_pair_that_breaks_over_lines_belongs_to_no_prompt() -> None:
    found = read(CASES / "02-infotext-oddities/a-newline-in-value.png")
    assert (found.version, found.other) == ("v1.5.1", {"Wild words": "one\ntwo"})
    found = read(CASES / "02-infotext-oddities/b-template-after.png")
    assert found.other == {"Template": "a {red|blue} tin robot, {__place__}", "Negative Template": "fog"}


def test_hashes_of_names_with_commas() -> None:
    found = read(CASES / "02-infotext-oddities/d-adetailer.png")
    assert found.other["Lora hashes"] == {"rusty metal, v1.2": "aabbccddeeff"}
    assert found.other["TI hashes"] == {"bad-hands": "112233445566"}
