"""A reader that is not ours (sd-parsers, from the package index) reads our files, and what we read elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from sd_parsers import ParserManager
from sd_parsers.data import Generators

from sdplay.images.formats import SUFFIXES, Format
from sdplay.images.write import encode
from sdplay.interop import read_found
from sdplay.requests.inpaint import Inpaint
from tests.images.test_written_infotext import redrawn
from tests.interop.samples import png
from tests.interop.test_read import CHUNKS
from tests.support.recipes import picture, recipe


@pytest.mark.parametrize("kind", [kind for kind in SUFFIXES if kind != "avif"])  # which it does not read
@pytest.mark.parametrize("prompt", ["a red apple", "a red apple,\non a 猫 👩‍👩‍👧 table"])
def test_sd_parsers_reads_our_files(kind: Format, prompt: str, tmp_path: Path) -> None:
    asked = recipe(prompt, negative_prompt="blurry", seed=0, sampler="dpmpp_2m", schedule="karras", width=72)
    path = tmp_path / f"x{SUFFIXES[kind]}"
    path.write_bytes(encode(picture(asked, 3), kind, "1.2"))
    info = ParserManager().parse(path)
    assert info is not None
    assert info.generator is Generators.AUTOMATIC1111
    sampler = info.samplers[0]
    assert [text.value for text in sampler.prompts] == [prompt]
    assert [text.value for text in sampler.negative_prompts] == ["blurry"]
    assert sampler.name == "DPM++ 2M"
    assert sampler.parameters == {"steps": "4", "cfg_scale": "3.0", "seed": "3", "scheduler": "Karras"}
    assert sampler.model is not None
    assert (sampler.model.name, sampler.model.hash) == ("pretend", "ab" * 5)
    assert info.metadata["Size"] == "72x64"


def test_sd_parsers_reads_what_inpainting_says(tmp_path: Path) -> None:
    made = redrawn(Inpaint, strength=0.65, mask_blur=2.5, fill="noise", only_masked=True)
    path = tmp_path / "x.png"
    path.write_bytes(encode(picture(made), "png", "1.2"))
    info = ParserManager().parse(path)
    assert info is not None
    said = {**info.samplers[0].parameters, **info.metadata}
    expected = {"Denoising strength": "0.65", "Mask blur": "2.5", "Masked content": "latent noise"}
    expected |= {"Inpaint area": "Only masked", "Masked area padding": "32"}
    assert {key: said.get(key, said.get(key.lower().replace(" ", "_"))) for key in expected} == expected


@pytest.mark.parametrize("program", ["A1111", "Fooocus", "Fooocus as A1111", "InvokeAI", "ComfyUI", "NovelAI"])
def test_both_readers_agree_on_the_samples(program: str, tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", **CHUNKS[program])
    theirs, ours = ParserManager().parse(path), read_found(path)
    assert theirs is not None
    assert ours is not None
    sampler = theirs.samplers[0]
    assert "".join(text.value for text in sampler.prompts) == ours.prompt
    assert "".join(text.value for text in sampler.negative_prompts) == ours.negative_prompt
    assert int(sampler.parameters["seed"]) == ours.fields["seed"]
    assert float(sampler.parameters["cfg_scale"]) == ours.fields["guidance_scale"]
