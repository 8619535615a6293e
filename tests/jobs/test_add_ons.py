"""Files that change a model, named in whatever way: what the recipe calls them is what the request calls them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.identity import AddOn
from sdplay.library.add_ons import SHIPPED
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import control_of
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.given import photo

FRAMED = SHIPPED / "loras" / "framed.safetensors"
FEW: dict[str, Any] = {"prompt": "an apple", "steps": 2, "seed": 1}


def settled(**fields: object) -> Recipe:
    with Studio() as studio:
        return studio.resolve(make_request(Txt2Img, **{**FEW, **fields})).recipe


def drawn(**fields: object) -> str:
    with Studio() as studio:
        (picture,) = studio.draw(make_request(Txt2Img, **{**FEW, **fields}))
        return picture.digest


def test_a_name_in_another_case_and_a_link_lead_to_the_file(builtin: Path, tmp_path: Path) -> None:
    link = tmp_path / "linked.safetensors"
    link.symlink_to(FRAMED)
    plain = drawn()
    assert drawn(lora=("framed:1",)) == drawn(lora=("Framed:1",)) == drawn(lora=(f"{link}:1",)) != plain


def test_a_controlnet_in_another_case_is_that_of_the_recipe(builtin: Path, tmp_path: Path) -> None:
    image = str(photo(tmp_path / "control.png", (64, 64), seed=9))
    recipe = settled(controlnet="Builtin-Canny", control_image=image)
    control = control_of(recipe)
    assert control is not None
    assert [one.name for one in recipe.add_ons] == [control.network] == ["Builtin-Canny"]
    with pytest.raises(UnknownName, match=r"builtin-canny:0\.5"):
        settled(controlnet="builtin-canny:0.5", control_image=image)


def test_two_files_of_one_name_are_refused(builtin: Path, tmp_path: Path) -> None:
    places = [tmp_path / folder / "one.safetensors" for folder in ("a", "b")]
    for place in places:
        place.parent.mkdir()
        shutil.copy(FRAMED, place)
    with pytest.raises(BadRequest, match="another file of this name") as refused:
        settled(lora=tuple(map(str, places)))
    assert (refused.value.field, refused.value.value) == ("lora", str(places[1]))
    twice = settled(lora=(f"{places[0]}:0.5", f"{places[0]}:0.5"))
    assert [(one.kind, one.name) for one in twice.add_ons] == [("lora", "one")]
    assert isinstance(twice.add_ons[0], AddOn)


def test_what_has_no_part_in_a_picture_is_no_ingredient(builtin: Path, tmp_path: Path) -> None:
    image = str(photo(tmp_path / "control.png", (64, 64), seed=9))
    assert settled(canny_low=50, control_scale=0.5, control_end=0.7).digest == settled().digest
    follows = {"control_image": image, "control_preprocessor": "none"}
    assert settled(**follows, canny_low=50).digest == settled(**follows).digest
    assert settled(**follows, control_scale=0.5).digest != settled(**follows).digest
    edges = {"control_image": image, "control_preprocessor": "canny"}
    assert settled(**edges).digest != settled(**follows).digest
    for name, value in {"canny_low": 50, "canny_high": 300, "control_start": 0.1, "control_end": 0.9}.items():
        assert settled(**edges, **{name: value}).digest != settled(**edges).digest


def test_a_prompt_names_no_path_and_one_file_is_one_lora(builtin: Path) -> None:
    with pytest.raises(UnknownName, match=r"\.\./framed"):
        settled(prompt="an apple <lora:../framed:1>")
    twice = "an apple <lora:framed:1> <lora:FRAMED:0.5>"
    assert drawn(prompt=twice) == drawn(prompt="an apple <lora:framed:1.5>")
