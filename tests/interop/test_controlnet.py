"""What is written about a control image, and what is read of what A1111's extension wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sdplay.core.identity import AddOn
from sdplay.images.infotext import infotext
from sdplay.images.inputs import input_assets
from sdplay.interop import parse_infotext
from sdplay.interop.import_settings import import_settings
from sdplay.library.library import Library
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from tests.support.given import photo
from tests.support.headers import write_header
from tests.support.recipes import MACHINE, MODEL

THEIRS = (
    "a cat\nSteps: 20, Sampler: Euler a, Schedule type: Automatic, CFG scale: 7, Seed: 3, Size: 512x512, "
    'ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 0.8, Resize Mode: Crop and '
    "Resize, Processor Res: 512, Threshold A: 80.0, Threshold B: 160.0, Guidance Start: 0.1, Guidance End: 0.9, "
    'Pixel Perfect: True, Control Mode: Balanced", Version: v1.10.1'
)
SAID = {
    "control_preprocessor": "canny",
    "controlnet": "control_v11p_sd15_canny",
    "control_scale": 0.8,
    "canny_low": 80,
    "canny_high": 160,
    "control_start": 0.1,
    "control_end": 0.9,
}


def recipe(image: Path, **fields: object) -> Recipe:
    asked = {"control_image": str(image), "controlnet": "my-canny", "control_preprocessor": "canny", **fields}
    request = make_request(Txt2Img, prompt="a cat", **asked)
    made = resolve_request(request, MODEL, MACHINE, 7, input_assets(request))
    return replace(made, add_ons=(AddOn(kind="controlnet", name="my-canny", digest="ef" * 32),))


def test_what_is_written(tmp_path: Path) -> None:
    text = infotext(recipe(photo(tmp_path / "a.png"), control_scale=0.5), 0, "0.1.0")
    assert (
        'ControlNet 0: "Module: canny, Model: my-canny [efefefef], Weight: 0.5, Resize Mode: Crop and Resize, '
        "Threshold A: 100, Threshold B: 200, Guidance Start: 0.0, Guidance End: 1.0, Pixel Perfect: True, "
        'Control Mode: Balanced"'
    ) in text
    assert "Threshold" not in infotext(recipe(photo(tmp_path / "a.png"), control_preprocessor="none"), 0, "0.1.0")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    made = recipe(photo(tmp_path / "a.png"), control_scale=0.5, canny_low=50, control_start=0.2, control_end=0.7)
    found = parse_infotext(infotext(made, 0, "0.1.0"))
    assert "ControlNet 0" not in found.other
    for name in SAID:
        assert found.fields[name] == getattr(made.request, name)


def test_what_a1111_wrote_is_read() -> None:
    found = parse_infotext(THEIRS)
    assert {name: found.fields.get(name) for name in SAID} == SAID
    assert "ControlNet 0" not in found.other


@pytest.mark.parametrize(
    "change",
    [
        ("Module: canny", "Module: depth_midas"),
        ("Balanced", "ControlNet is more important"),
        ("Crop and Resize", "Just Resize"),
    ],
)
def test_what_is_done_otherwise_here_is_told(change: tuple[str, str], tmp_path: Path) -> None:
    found = parse_infotext(THEIRS.replace(*change))
    assert "ControlNet 0" in found.other
    adopted = import_settings(found, {}, Library(home=tmp_path))
    assert "one ControlNet here" in next(one.reason for one in adopted.left if one.name == "ControlNet 0")
    if "Module" in change[0]:
        assert found.fields.keys().isdisjoint({"control_preprocessor", "canny_low", "canny_high"})


def test_without_its_control_image_nothing_of_it_is_taken_over(tmp_path: Path) -> None:
    adopted = import_settings(parse_infotext(THEIRS), {}, Library(home=tmp_path))
    told = {one.name: one.reason for one in adopted.left}
    for name in SAID:
        assert "give `control_image`" in told[name.replace("_", " ")] or name == "controlnet"
    assert adopted.request.controlnet is None


def test_with_it_all_of_it_is(tmp_path: Path) -> None:
    in_library = tmp_path / "models" / "ControlNet"
    in_library.mkdir(parents=True)
    tensors = {"control_model.input_hint_block.0.weight": [16, 3, 3, 3]}
    write_header(in_library / "control_v11p_sd15_canny.safetensors", tensors)
    image = str(photo(tmp_path / "a.png"))
    here = Library(home=tmp_path / "home", roots=(tmp_path,))
    request = import_settings(parse_infotext(THEIRS), {"control_image": image}, here).request
    assert {name: getattr(request, name) for name in SAID} == SAID
    elsewhere = import_settings(parse_infotext(THEIRS), {"control_image": image}, Library(home=tmp_path / "empty"))
    assert elsewhere.request.controlnet is None
    assert elsewhere.request.control_scale == 0.8
    assert any(one.name == "controlnet" and "`controlnet`" in one.reason for one in elsewhere.left)


def test_damaged_entries_say_less() -> None:
    for value in ("", "Module", "Module: , Weight: much", "Weight: NaN, Threshold A: 1e400"):
        found = parse_infotext(f'a cat\nSteps: 20, Sampler: Euler a, Seed: 1, ControlNet 0: "{value}"')
        assert found.fields.keys().isdisjoint(SAID)
