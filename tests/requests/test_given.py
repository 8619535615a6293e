"""Pictures that are given as such: what is taken, what they are called, and what is refused."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.images.mask import read_mask
from sdplay.images.picture import SavedImage
from sdplay.images.read import png, read_image
from sdplay.requests.given import PictureInMemory, as_picture
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img
from tests.support.given import photo, pixels_of
from tests.support.recipes import picture, recipe

SIZE = (40, 24)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return photo(tmp_path / "photo.png", SIZE)


def test_a_path_stays_a_path(file: Path) -> None:
    saved = SavedImage(path=file, digest="", media_type="image/png", recipe=recipe(), index=0, seconds=0.0)
    assert [as_picture(given) for given in (str(file), file, saved)] == [str(file)] * 3
    assert Img2Img(prompt="a", image=file).image == str(file)


def test_every_form_of_the_same_pixels_is_the_same_picture(file: Path) -> None:
    pixels = pixels_of(file)
    alpha = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    forms = (
        *(Image.open(file), pixels, pixels / 255, pixels.astype(np.float32) / 255, pixels[:, ::-1][:, ::-1], alpha),
        *(file.read_bytes(), bytearray(file.read_bytes()), memoryview(file.read_bytes()), png(pixels)),
    )
    for form in forms:
        assert np.array_equal(read_image(as_picture(form)), pixels)
    assert as_picture(forms[0]) == as_picture(forms[1]) == as_picture(forms[2])


def test_a_picture_of_ours_is_its_pixels() -> None:
    made = picture(recipe())
    assert np.array_equal(read_image(as_picture(made)), made.pixels)
    assert np.asarray(made).dtype == np.uint8


def test_gray_arrays_are_gray_pictures_and_transparent_pixels_white() -> None:
    gray = np.arange(12, dtype=np.uint8).reshape(3, 4)
    for form in (gray, gray[..., None]):
        assert np.array_equal(read_image(as_picture(form)), np.repeat(gray[..., None], 3, axis=2))
    clear = np.zeros((3, 4, 4), np.uint8)
    assert (read_image(as_picture(clear)) == 255).all()


def test_a_mask_may_be_true_and_false() -> None:
    left = np.zeros((24, 40), np.bool_)
    left[:, :10] = True
    assert np.array_equal(read_mask(as_picture(left), SIZE), left * np.uint8(255))


def test_photographs_are_turned_upright_whichever_way_they_come(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", SIZE, "red").save(tmp_path / "turned.jpg", exif=exif)
    with Image.open(tmp_path / "turned.jpg") as image:
        forms = ((tmp_path / "turned.jpg").read_bytes(), image)
        assert [read_image(as_picture(form)).shape for form in forms] == [(40, 24, 3)] * 2


def test_a_picture_is_what_it_was_when_it_was_given(file: Path) -> None:
    pixels, image = pixels_of(file).copy(), Image.open(file)
    before = pixels.copy()
    given = as_picture(pixels), as_picture(image)
    pixels[:] = 0
    image.paste(0, (0, 0, 40, 24))
    assert all(np.array_equal(read_image(one), before) for one in given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (np.zeros((3, 8, 9), np.uint8), "is an array of 3×8×9; a picture is [height, width]"),
        (np.zeros((8, 9, 2), np.uint8), "is an array of 8×9×2"),
        (np.zeros((0, 9, 3), np.uint8), "is an array of 0×9×3"),
        (np.uint8(3), "is an array of a single number"),
        (np.full((8, 9, 3), 1.5), "has values from 1.5 to 1.5; those of floating point are 0 to 1"),
        (np.full((8, 9, 3), -0.1), "has values from -0.1 to -0.1"),
        (np.full((8, 9, 3), np.nan), "has values from nan to nan"),
        (np.zeros((8, 9, 3), np.int64), "is an array of int64; a picture is uint8"),
        (np.zeros((8, 9), np.uint16), "is an array of uint16"),
        ([[1, 2], [3, 4]], "is not a picture: give a path, a PIL image"),
        (5, "is not a picture"),
    ],
)
@pytest.mark.parametrize("field", ["image", "mask", "control_image"])
def test_what_is_no_picture_is_refused_with_its_field(given: Any, why: str, field: str) -> None:
    fields: dict[str, Any] = {"image": "a.png", "mask": "b.png", field: given}
    with pytest.raises(BadRequest) as caught:
        Inpaint(prompt="a", **fields)
    assert caught.value.field == field
    assert caught.value.reason.startswith(why)
    assert len(str(caught.value)) <= 300


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_bytes_that_are_no_picture_are_refused_when_they_are_read(content: bytes) -> None:
    with pytest.raises(BadRequest, match="is not a picture that can be read") as caught:
        read_image(as_picture(content), "mask")
    assert caught.value.field == "mask"


def test_a_picture_too_large_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdplay.images.read.MOST_PIXELS", 100)
    with pytest.raises(BadRequest, match="has 40x24 pixels"):
        read_image(as_picture(png(np.zeros((24, 40, 3), np.uint8))))


def test_an_image_whose_file_is_closed_is_refused(file: Path) -> None:
    with Image.open(file) as image:
        pass
    with pytest.raises(ValueError, match="is not a picture that can be read"):
        as_picture(image)


def test_it_survives_a_copy_of_the_request_and_the_way_to_another_process() -> None:
    pixels = np.full((24, 40, 3), 7, np.uint8)
    request = Img2Img(prompt="a", image=pixels)  # type: ignore[arg-type]  # the type of the field is that of a path
    for same in (pickle.loads(pickle.dumps(request)), Img2Img(**request.model_dump()), request.model_copy()):
        assert isinstance(same.image, PictureInMemory)
        assert np.array_equal(read_image(same.image), pixels)
        assert same == request
    assert request.to_dict()["image"] == str(request.image)
    assert request.image.startswith("memory:")


def test_another_picture_is_another_request() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, "red").save(buffer, "PNG")
    given = [np.zeros((24, 40, 3), np.uint8), np.zeros((40, 24, 3), np.uint8), np.ones((24, 40, 3), np.uint8)]
    assert len({as_picture(one) for one in (*given, buffer.getvalue())}) == 4


def test_a_control_image_is_given_in_the_same_way() -> None:
    assert isinstance(Txt2Img(prompt="a", control_image=np.eye(9)).control_image, PictureInMemory)  # type: ignore[arg-type]
