"""Pictures that a request names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.images.inputs import input_assets, read_pictures
from sdplay.requests.base import make_request
from sdplay.requests.inpaint import Inpaint


def asked(folder: Path, gray: int, **fields: Any) -> Inpaint:
    """A request to paint by a mask of one gray."""
    Image.new("RGB", (64, 64)).save(folder / "image.png")
    Image.new("L", (64, 64), gray).save(folder / "mask.png")
    return make_request(Inpaint, prompt="a", image=str(folder / "image.png"), mask=str(folder / "mask.png"), **fields)


@pytest.mark.parametrize(("gray", "fields"), [(0, {}), (1, {}), (255, {"mask_invert": True})])
def test_a_mask_that_paints_nothing_is_refused(gray: int, fields: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="paints nothing") as caught:
        read_pictures(asked(tmp_path, gray, **fields))
    assert caught.value.field == "mask"


@pytest.mark.parametrize(("gray", "fields"), [(255, {}), (0, {"mask_invert": True}), (0, {"extend": "left=64"})])
def test_a_mask_that_paints_something_is_not(gray: int, fields: dict[str, Any], tmp_path: Path) -> None:
    assert read_pictures(asked(tmp_path, gray, **fields))[1].keys() == {"image", "mask"}


def test_a_recipe_drawn_by_a_black_mask_can_still_be_drawn_again(tmp_path: Path) -> None:
    assert input_assets(asked(tmp_path, 0)).keys() == {"image", "mask"}
