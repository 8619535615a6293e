"""Sizes that a model cannot draw: what is drawn instead, and that nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.sample import ImageAsset, LatentsAsset
from sdplay.library import upscalers
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.recipe import Enlargement, Recipe
from sdplay.requests.request import AnyStill
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img, drawn_size, picture_size, second_pass
from tests.support import ncnn
from tests.support.recipes import CARD, MACHINE, MODEL, recipe

SMALL = replace(MODEL, card=replace(CARD, size=64, largest=96, most_hires_strength=0.4))


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no network were installed, whether one is or not."""
    monkeypatch.setattr(upscalers, "weights_folder", lambda: None)


def made(kind: type[AnyStill] = Txt2Img, **fields: Any) -> Recipe:
    assets = {"image": ImageAsset(path="p.png", width=200, height=100, digest="ab" * 32)} if kind is not Txt2Img else {}
    return resolve_request(make_request(kind, prompt="a cat", **fields), SMALL, MACHINE, 7, assets)  # type: ignore[arg-type]


@pytest.mark.parametrize("fields", [{}, {"size": 96}, {"size": "64x96"}, {"hires_scale": 1.5}])
def test_what_the_model_can_draw_is_as_it_was(fields: dict[str, Any]) -> None:
    unlimited = recipe("a cat", **fields)
    assert made(**fields) == unlimited
    assert made(**fields).digest == unlimited.digest
    assert "enlargement" not in unlimited.to_dict()


def test_a_larger_picture_is_drawn_at_the_models_own_size_and_enlarged() -> None:
    larger = made(size="512x768")
    assert (larger.width, larger.height) == drawn_size(larger) == (64, 64)
    assert picture_size(larger) == (512, 768)
    assert larger.enlargement == Enlargement(width=512, height=768, upscaler="lanczos")
    assert Recipe.from_dict(larger.to_dict()).digest == larger.digest
    assert larger.digest != made().digest != made(size="512x760").digest


def test_a_second_pass_that_changes_much_is_left_out_and_a_careful_one_is_not() -> None:
    bold, careful = made(hires_scale=2, hires_strength=0.5), made(hires_scale=2, hires_strength=0.4)
    assert (picture_size(bold), second_pass(bold)) == ((128, 128), None)
    assert "hires_scale" not in bold.to_dict()
    assert careful.enlargement is None
    assert drawn_size(careful) == (128, 128)
    assert made(size=96, hires_scale=4).enlargement == Enlargement(width=384, height=384, upscaler="lanczos")


def test_a_picture_keeps_its_proportions() -> None:
    larger = made(Img2Img, image="p.png")
    assert (larger.width, larger.height) == (96, 48)
    assert picture_size(larger) == (200, 100)


def test_who_insists_has_it_as_asked_and_so_have_other_modes() -> None:
    assert made(size=512, anyway=True) == replace(made(size=512, anyway=True), width=512, height=512, enlargement=None)
    assert made(size=64, anyway=True).digest == made(size=64).digest
    hole = made(Inpaint, image="p.png", extend="left=8")
    assert (hole.width, hole.height, hole.enlargement) == (208, 100, None)


def test_latents_that_are_given_say_their_own_size() -> None:
    start = LatentsAsset(path="l.npy", channels=4, width=32, height=16, digest="ab" * 32)
    request = make_request(Txt2Img, prompt="a cat", latents="l.npy")
    drawn = resolve_request(request, SMALL, MACHINE, 7, {"latents": start})
    assert (drawn.width, drawn.height, drawn.enlargement) == (256, 128, None)


def test_a_network_is_taken_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = ncnn.package(tmp_path / "site") / upscalers.PACKAGE / "models"
    monkeypatch.setattr(upscalers, "weights_folder", lambda: folder)
    larger = made(size=256).enlargement
    assert larger is not None
    assert larger.upscaler == "realesrgan"
    assert len(larger.weights) == 64
    small = made(size="64x128").enlargement  # no larger, only with margins
    assert small == Enlargement(width=64, height=128, upscaler="lanczos")


@pytest.mark.parametrize(
    ("changed", "error"),
    [({"upscaler": "magic"}, UnknownName), ({"width": 0}, BadRequest), ({"weights": "no"}, BadRequest)],
)
def test_damaged_recipes_are_refused(changed: dict[str, Any], error: type[BadRequest]) -> None:
    written = made(size=512).to_dict()
    with pytest.raises(error):
        Recipe.from_dict(written | {"enlargement": written["enlargement"] | changed})
