"""SwarmUI, Draw Things, Easy Diffusion and Midjourney: values beside the usual ones."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest

from sdplay.interop import ParsedMetadata, read_found
from tests.interop.samples import png


def read(path: Path) -> ParsedMetadata:
    found = read_found(path)
    assert found is not None
    return found


def swarm(folder: Path, **parameters: Any) -> ParsedMetadata:
    text = json.dumps({"sui_image_params": {"prompt": "a fox", "seed": 1, **parameters}})
    return read(png(folder / "x.png", parameters=text))


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"loras": ["a", "sub/b"], "loraweights": ["0.5", "1"]}, {"lora": ("a:0.5", "b:1")}),
        ({"loras": ["a"]}, {"lora": ("a:1",)}),
        ({"clip_stop_at_layer": -2}, {"clip_skip": 2}),
        ({"cfg_scale": 4.5}, {"guidance_scale": 4.5}),
        ({"vae": "Automatic"}, {"vae": None}),
        ({"initimagecreativity": 0.6}, {"strength": 0.6}),
    ],
)
def test_swarmui(parameters: dict[str, Any], fields: dict[str, Any], tmp_path: Path) -> None:
    found = swarm(tmp_path, **parameters)
    assert {name: found.fields.get(name) for name in fields} == fields


def test_words_of_swarmui_for_other_passes_are_told_apart(tmp_path: Path) -> None:
    found = swarm(tmp_path, prompt="a fox <segment:face> a happy face")
    assert (found.prompt, found.other["prompt of other passes"]) == ("a fox", "<segment:face> a happy face")


def draw_things(folder: Path, said: dict[str, Any]) -> ParsedMetadata:
    comment = html.escape(json.dumps(said))
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><exif:UserComment><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{comment}</rdf:li></rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF>'
        "</x:xmpmeta>"
    )
    return read(png(folder / "x.png", **{"XML:com.adobe.xmp": xmp}))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"sampler": "DPM++ 2M Karras"}, {"sampler": "dpmpp_2m", "schedule": "karras"}),
        ({"sampler": "Euler A AYS"}, {"sampler": "euler_a", "schedule": "align_your_steps"}),
        ({"sampler": "DDIM Trailing"}, {"sampler": "ddim", "schedule": "trailing"}),
        ({"lora": [{"model": "rust_lora_f16.ckpt", "weight": 0.6}]}, {"lora": ("rust_lora_f16:0.6",)}),
        ({"strength": 0.7}, {"strength": 0.7}),
        ({"strength": 1}, {"strength": None}),
    ],
)
def test_draw_things(changes: dict[str, Any], fields: dict[str, Any], tmp_path: Path) -> None:
    found = draw_things(tmp_path, {"c": 'a "fox" & <b>', "uc": "fog", "steps": 3, **changes})
    assert (found.prompt, found.negative_prompt) == ('a "fox" & <b>', "fog")
    assert {name: found.fields.get(name) for name in fields} == fields


@pytest.mark.parametrize(
    ("chunks", "fields"),
    [
        ({"use_lora_model": "rust", "lora_alpha": "0.5"}, {"lora": ("rust:0.5",)}),
        ({"use_lora_model": "['a', 'b']", "lora_alpha": "[0.5, 1.0]"}, {"lora": ("a:0.5", "b:1")}),
        ({"use_lora_model": "[[[", "lora_alpha": "0.5"}, {"lora": None}),
        ({"clip_skip": "True"}, {"clip_skip": 2}),
        ({"sampler_name": "unipc_snr"}, {"sampler": "unipc"}),
        ({"prompt_strength": "0.8"}, {"strength": 0.8}),
    ],
)
def test_easy_diffusion(chunks: dict[str, str], fields: dict[str, Any], tmp_path: Path) -> None:
    found = read(png(tmp_path / "x.png", prompt="a fox", num_inference_steps="20", seed="1", **chunks))
    assert found.program == "Easy Diffusion"
    assert {name: found.fields.get(name) for name in fields} == fields


def test_midjourney(tmp_path: Path) -> None:
    text = "a fox -- red, near --- water --no fog, rain --ar 2:3 --tile Job ID: 01234567-0000-4000-8000-000000000000"
    found = read(png(tmp_path / "x.png", Description=text))
    assert (found.program, found.prompt, found.negative_prompt) == (
        "Midjourney",
        "a fox -- red, near --- water",
        "fog, rain",
    )
    assert found.other == {"ar": "2:3", "tile": "", "Job ID": "01234567-0000-4000-8000-000000000000"}
