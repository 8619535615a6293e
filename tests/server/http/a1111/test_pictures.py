"""The shapes that A1111's resize modes bring a picture into, and what is no picture."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdplay.core.errors import BadRequest
from sdplay.images.read import png
from sdplay.server.http.a1111.pictures import arranged, cropped, decoded, rounded


def test_base64_with_and_without_an_address() -> None:
    content = base64.b64encode(b"picture").decode()
    assert decoded(content, "image") == decoded(f"data:image/png;base64,{content}", "image") == b"picture"
    assert decoded(content[:4] + "\n" + content[4:], "image") == b"picture"


@pytest.mark.parametrize("text", ["", "data:image/png;base64,", "***", "HTTP://host/a.png", "file:///etc/passwd"])
def test_what_is_no_picture(text: str) -> None:
    with pytest.raises(BadRequest):
        decoded(text, "image")


def test_proportions() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 40:] = 255
    assert arranged(pixels, (64, 64), "crop") is pixels
    assert arranged(pixels, (160, 80), "stretch") is pixels  # the same proportions
    assert arranged(pixels, (64, 64), "stretch").shape == (64, 64, 3)
    filled = arranged(pixels, (64, 64), "fill")
    assert filled.shape == (64, 64, 3)
    assert (filled[0] == filled[16]).all()  # the edge goes on
    assert arranged(pixels[..., 0], (64, 64), "fill").shape == (64, 64)


def test_masks_are_rounded() -> None:
    soft = np.array([[0, 127, 128, 255]], np.uint8)
    assert rounded(soft).tolist() == [[0, 0, 255, 255]]
    hard = np.array([[0, 255]], np.uint8)
    assert rounded(hard) is hard


def test_crop_keeps_the_words() -> None:
    image = Image.new("RGB", (40, 20))
    buffer = io.BytesIO()
    info = PngInfo()
    info.add_text("parameters", "a red apple")
    image.save(buffer, "PNG", pnginfo=info)
    with Image.open(io.BytesIO(cropped(buffer.getvalue(), (20, 20)))) as part:
        assert part.size == (20, 20)
        assert part.info["parameters"] == "a red apple"
    whole = png(np.zeros((8, 8, 3), np.uint8))
    assert cropped(whole, (8, 8)) is whole
