"""Where a picture of an earlier version comes out otherwise, `verify` names the correction that did it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from safetensors.torch import save_file

from sdplay.core.errors import NotReproduced
from sdplay.core.sample import ImageAsset
from sdplay.executors.fake import FakeExecutor
from sdplay.images.inputs import with_inputs
from sdplay.images.picture import pixel_digest
from sdplay.images.read import read_without_profile
from sdplay.images.write import CHUNK
from sdplay.jobs.since_then import known_cause
from sdplay.requests.img2img import Img2Img
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.recipes import MACHINE, MODEL

P3 = Path(__file__).parents[1] / "images" / "cases" / "p3.png"


def recipe_of(**fields: Any) -> Recipe:
    return resolve_request(Txt2Img(**{"prompt": "a pear", **fields}), MODEL, MACHINE, 7)


@pytest.mark.parametrize(
    ("fields", "is_known"),
    [
        ({"prompt": r"hatsune\_miku"}, True),
        ({"negative_prompt": r"a\:b"}, True),
        ({"prompt": "ends with \\"}, True),
        ({"prompt": r"a \(b\) \[c\] \{d\} \\ \__e__"}, False),
        ({"prompt": r"\\a"}, False),
        ({"prompt": r"hatsune\_miku", "prompt_syntax": "plain"}, False),
        ({}, False),
    ],
)
def test_a_backslash_that_escapes_nothing_is_a_cause(fields: dict[str, Any], is_known: bool) -> None:
    assert ("backslash" in known_cause(recipe_of(**fields), MODEL)) == is_known


@pytest.mark.parametrize(("scale", "is_known"), [(0.0, True), (0.99, True), (1.0, False), (7.5, False)])
def test_a_guidance_scale_below_one_is_a_cause(scale: float, is_known: bool) -> None:
    assert ("below 1" in known_cause(recipe_of(guidance_scale=scale), MODEL)) == is_known


def test_verify_names_the_cause(tiny: Path, tmp_path: Path) -> None:
    asked = {"steps": 2, "seed": 1, "model": str(tiny), "size": 64}
    with Studio(FakeExecutor()) as studio:
        for name, prompt in (("stray", r"hatsune\_miku"), ("plain", "a pear")):
            (made,) = studio.draw(prompt, **asked)
            other = replace(made, pixels=np.roll(made.pixels ^ 1, 3, axis=0)).save(tmp_path / f"{name}.png")
            assert other.path is not None
        with pytest.raises(NotReproduced, match="it comes out otherwise here") as told:
            studio.verify(tmp_path / "stray.png", str(tiny))
        assert "kept a backslash that escapes nothing in a prompt" in told.value.hint
        assert "by sdplay" in told.value.hint
        with pytest.raises(NotReproduced, match="the arithmetic gives other bits here"):
            studio.verify(tmp_path / "plain.png", str(tiny))


def test_verify_tells_a_wrong_digest_from_other_pixels(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "named.png"
    with Studio(FakeExecutor()) as studio:
        (made,) = studio.draw("a pear", steps=2, seed=1, model=str(tiny), size=64)
        made.save(path)
        with Image.open(path) as image:
            told = json.loads(image.info[CHUNK]) | {"pixels": "0" * 64}
            words = PngInfo()
            words.add_text(CHUNK, json.dumps(told))
            image.save(path, pnginfo=words)
        with pytest.raises(NotReproduced, match="its metadata names the digest of other pixels"):
            studio.verify(path, str(tiny))


def test_a_checkpoint_with_another_noise_is_a_cause(tmp_path: Path) -> None:
    weights = {"ztsnr": torch.zeros(0), "model.diffusion_model.out.2.weight": torch.zeros(1)}
    save_file(weights, tmp_path / "v.safetensors")
    assert "ztsnr" in known_cause(recipe_of(), replace(MODEL, path=tmp_path / "v.safetensors"))
    save_file({"model.diffusion_model.out.2.weight": torch.zeros(1)}, tmp_path / "e.safetensors")
    assert known_cause(recipe_of(), replace(MODEL, path=tmp_path / "e.safetensors")) == ""


@pytest.mark.parametrize(
    ("config", "is_known"), [('{"rescale_betas_zero_snr": true}', True), ("{}", False), ("[", False)]
)
def test_a_folder_with_another_noise_is_a_cause(config: str, is_known: bool, tmp_path: Path) -> None:
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(config)
    assert ("noise levels" in known_cause(recipe_of(), replace(MODEL, path=tmp_path))) == is_known


def test_a_picture_whose_profile_once_counted_for_nothing_is_told(tmp_path: Path) -> None:
    path = str(P3)
    pixels = read_without_profile(path)
    asset = ImageAsset(path=path, digest=pixel_digest(pixels), width=64, height=64)
    request = Img2Img(prompt="a pear", image=path)
    recipe = resolve_request(request, MODEL, MACHINE, 7, {"image": asset})
    with pytest.raises(NotReproduced, match="has a colour profile, which was left out when it was drawn from"):
        with_inputs(recipe, {})
    changed = replace(recipe, assets={"image": replace(asset, digest="0" * 64)})
    with pytest.raises(NotReproduced, match="is not the picture it was drawn from"):
        with_inputs(changed, {})
