"""Recipes that start from pictures: their round trip, and what their digest counts."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.images.inputs import input_assets
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from tests.support.given import mask, photo
from tests.support.recipes import MACHINE, MODEL


def recipe(kind: type[Img2Img] | type[Inpaint], **fields: Any) -> Recipe:
    request = make_request(kind, prompt="a red apple", seed=7, **{name: plain(value) for name, value in fields.items()})
    return resolve_request(request, MODEL, MACHINE, 0, input_assets(request))


def plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return photo(tmp_path / "photo.png", (31, 45))


@pytest.fixture
def hole(tmp_path: Path) -> Path:
    return mask(tmp_path / "mask.png", (31, 45), (3, 3, 20, 20))


def both(image: Path, hole: Path) -> list[Recipe]:
    return [
        recipe(Img2Img, image=image, strength=0.3),
        recipe(Inpaint, image=image, mask=hole, fill="noise", only_masked=True),
        recipe(Inpaint, image=image, extend="left=9"),
    ]


def test_the_picture_gives_its_size_unless_the_crop_is_drawn(image: Path, hole: Path) -> None:
    assert [(made.width, made.height) for made in both(image, hole)] == [(31, 45), (64, 64), (40, 45)]


def test_a_picture_that_is_too_large_is_drawn_at_the_size_that_is_asked(tmp_path: Path) -> None:
    long = photo(tmp_path / "long.png", (4100, 8))
    with pytest.raises(BadRequest, match="it is 4100x8 pixels, and 4096 is the most a side may have") as caught:
        recipe(Img2Img, image=long)
    assert "`size=" in caught.value.hint
    made = recipe(Img2Img, image=long, width=64, height=72)
    assert (made.width, made.height) == (64, 72)


def test_a_recipe_comes_back_from_json(image: Path, hole: Path) -> None:
    for made in both(image, hole):
        again = Recipe.from_dict(json.loads(json.dumps(made.to_dict())))
        assert again.assets == made.assets
        assert again.digest == made.digest
        assert again.to_dict() == made.to_dict()


def test_the_digest_counts_the_pixels_and_not_the_place(image: Path, hole: Path, tmp_path: Path) -> None:
    made = recipe(Inpaint, image=image, mask=hole)
    (tmp_path / "moved").mkdir()
    with Image.open(image) as opened:
        opened.save(tmp_path / "moved" / "other.tiff")
    elsewhere = tmp_path / "moved" / "mask.png"
    elsewhere.write_bytes(hole.read_bytes())
    assert recipe(Inpaint, image=tmp_path / "moved" / "other.tiff", mask=elsewhere).digest == made.digest
    mask(hole, (31, 45), (3, 3, 20, 21))
    assert recipe(Inpaint, image=image, mask=hole).digest != made.digest
    mask(hole, (31, 45), (3, 3, 20, 20))
    assert recipe(Inpaint, image=photo(image, (31, 45), seed=4), mask=hole).digest != made.digest


def test_of_a_transparent_mask_the_mask_counts_and_not_what_it_looks_like_on_white(image: Path, hole: Path) -> None:
    def with_white_brush(right: int) -> str:
        brush = Image.new("RGBA", (31, 45), (255, 255, 255, 0))
        brush.paste((255, 255, 255, 255), (0, 0, right, 9))
        brush.save(hole)
        return recipe(Inpaint, image=image, mask=hole).digest

    assert with_white_brush(4) != with_white_brush(5)


@pytest.mark.parametrize("field", ["strength", "mask_blur", "mask_grow", "mask_invert", "fill", "padding", "extend"])
def test_every_setting_counts(image: Path, hole: Path, field: str) -> None:
    values = {
        "strength": 0.31,
        "mask_blur": 1.5,
        "mask_grow": 2,
        "mask_invert": True,
        "fill": "noise",
        "padding": 3,
        "extend": "top=8",
    }
    made = recipe(Inpaint, image=image, mask=hole)
    assert recipe(Inpaint, image=image, mask=hole, **{field: values[field]}).digest != made.digest


DAMAGE: dict[str, Callable[[dict[str, Any]], object]] = {
    "no assets": lambda ingredients: ingredients.pop("assets"),
    "assets that are a list": lambda ingredients: ingredients.update(assets=[]),
    "one asset missing": lambda ingredients: ingredients["assets"].pop("mask"),
    "one asset too many": lambda ingredients: ingredients["assets"].update(depth=ingredients["assets"]["mask"]),
    "an asset of tomorrow": lambda ingredients: ingredients["assets"]["mask"].update(gamma=2),
    "no digest": lambda ingredients: ingredients["assets"]["image"].pop("digest"),
    "a digest that is none": lambda ingredients: ingredients["assets"]["image"].update(digest="0"),
    "no size": lambda ingredients: ingredients["assets"]["image"].update(width=0),
    "no strength": lambda ingredients: ingredients.update(strength=2),
    "nothing to paint": lambda ingredients: ingredients.update(mask=None),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_recipe_is_refused(image: Path, hole: Path, damage: str) -> None:
    ingredients = json.loads(json.dumps(recipe(Inpaint, image=image, mask=hole).to_dict()))
    DAMAGE[damage](ingredients)
    with pytest.raises(BadRequest):
        Recipe.from_dict(ingredients)


def test_txt2img_has_no_assets(image: Path) -> None:
    made = recipe(Img2Img, image=image)
    with pytest.raises(BadRequest):
        Recipe.from_dict({**made.to_dict(), "mode": "txt2img"})
    assert "assets" not in replace(made, assets={}).to_dict()
