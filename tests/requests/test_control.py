"""What a request says about a control image: what is refused, what counts in a recipe, what a frame gets of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.core.identity import AddOn
from sdplay.core.sample import Control
from sdplay.images.inputs import input_assets, with_inputs
from sdplay.requests.base import make_request
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.recipe import Recipe, plan
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from tests.support.given import photo
from tests.support.recipes import MACHINE, MODEL
from tests.support.recipes import recipe as plain

NETWORK = AddOn(kind="controlnet", name="edges", digest="ef" * 32)


def recipe(image: Path, **fields: Any) -> Recipe:
    asked = {"control_image": str(image), "controlnet": "edges", "control_preprocessor": "canny", **fields}
    request = make_request(Txt2Img, prompt="a cat", **asked)
    return replace(resolve_request(request, MODEL, MACHINE, 7, input_assets(request)), add_ons=(NETWORK,))


def test_a_controlnet_needs_something_to_follow() -> None:
    with pytest.raises(BadRequest, match="nothing to follow: give `control_image=FILE"):
        make_request(Txt2Img, prompt="a cat", controlnet="edges")


@pytest.mark.parametrize(
    ("wrong", "value"),
    [
        ("control_scale", -0.1),
        ("control_scale", 10.5),
        ("control_start", 1.01),
        ("control_end", -1.0),
        ("canny_low", 2041),
        ("canny_high", -1),
        ("control_preprocessor", "depth"),
        ("controlnet", ""),
        ("control_image", ""),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(wrong: str, value: object) -> None:
    with pytest.raises(BadRequest) as caught:
        make_request(Txt2Img, **{"prompt": "a cat", "control_image": "a.png", wrong: value})  # type: ignore[arg-type]
    assert caught.value.field == wrong


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(BadRequest, match="is after"):
        make_request(Txt2Img, prompt="a cat", control_image="a.png", control_start=0.6, control_end=0.5)


def test_a_recipe_comes_back_from_its_json(tmp_path: Path) -> None:
    before = recipe(photo(tmp_path / "a.png"), control_scale=0.5)
    after = Recipe.from_dict(before.to_dict())
    assert after.to_dict() == before.to_dict()
    assert after.digest == before.digest
    assert (*plan(after, [0]),) == (*plan(before, [0]),)


def test_what_counts_is_the_picture_and_the_weights_and_not_their_places(tmp_path: Path) -> None:
    one, other = photo(tmp_path / "a.png"), photo(tmp_path / "b.png", seed=4)
    (tmp_path / "moved").mkdir()
    same = photo(tmp_path / "moved" / "c.png")
    first = recipe(one)
    assert recipe(same, controlnet=str(tmp_path / "edges.safetensors")).digest == first.digest
    assert recipe(other).digest != first.digest
    assert replace(first, add_ons=(replace(NETWORK, digest="ee" * 32),)).digest != first.digest
    assert plain("a cat").digest != first.digest


def test_a_moved_control_image_is_found_and_another_is_refused(tmp_path: Path) -> None:
    was = recipe(photo(tmp_path / "a.png"))
    (tmp_path / "a.png").rename(tmp_path / "b.png")
    with pytest.raises(BadRequest) as caught:
        with_inputs(was, {})
    assert "`control_image` where the control image it was drawn from is now" in caught.value.hint
    found = with_inputs(was, {"control_image": str(tmp_path / "b.png")})
    assert found.digest == was.digest
    with pytest.raises(Exception, match="is not the control image it was drawn from"):
        with_inputs(was, {"control_image": str(photo(tmp_path / "c.png", seed=4))})
    with pytest.raises(BadRequest, match="was drawn without the control image"):
        with_inputs(plain("a cat"), {"control_image": str(tmp_path / "b.png")})


def test_every_frame_follows_it(tmp_path: Path) -> None:
    image = photo(tmp_path / "a.png")
    what = recipe(image, num=2, canny_low=50, control_end=0.7)
    one, two = plan(what, [0, 1])
    asset = what.assets["control_image"]
    assert one.control == two.control
    assert one.control == Control(image=asset, network="edges", edges=(50, 200), scale=1.0, start=0.0, end=0.7)
    (bare,) = plan(recipe(image, control_preprocessor="none"), [0])
    assert bare.control is not None
    assert bare.control.edges is None


def test_inpainting_follows_one_too(tmp_path: Path) -> None:
    image = str(photo(tmp_path / "a.png"))
    given = {"image": image, "extend": "left=8", "control_image": image, "controlnet": "x/edges.safetensors"}
    request = make_request(Inpaint, prompt="a cat", **given)
    what = replace(resolve_request(request, MODEL, MACHINE, 7, input_assets(request)), add_ons=(NETWORK,))
    (frame,) = plan(what, [0])
    assert frame.control is not None
    assert frame.control.network == "edges"


def test_a_recipe_without_its_controlnet_is_damaged(tmp_path: Path) -> None:
    image = photo(tmp_path / "a.png")
    for damaged in (replace(recipe(image), add_ons=()), recipe(image, controlnet=None)):
        with pytest.raises(BadRequest, match="damaged"):
            next(plan(damaged, [0]))
