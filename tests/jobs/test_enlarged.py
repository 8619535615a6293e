"""A picture that its model cannot draw at the size asked: drawn, kept, proved, and drawn again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sdplay
from sdplay.events import Warned
from sdplay.images.own import read_own
from sdplay.library import upscalers
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.builtin import SIDE

ASKED = {"steps": 1, "seed": 3, "device": "cpu"}


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no network were installed, whether one is or not."""
    monkeypatch.setattr(upscalers, "weights_folder", lambda: None)


def test_it_has_the_bits_of_the_small_one_enlarged_and_is_proved_and_drawn_again(builtin: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        (large,) = studio.draw("a red apple", out=tmp_path, size=2 * SIDE, **ASKED)
        (small,) = studio.draw("a red apple", **ASKED)
        assert np.array_equal(large.pixels, studio.upscale(small, 2, "lanczos").pixels)
        assert large.path is not None
        embedded, pixels = read_own(large.path)
        assert pixels.shape == (2 * SIDE, 2 * SIDE, 3)
        assert (embedded.recipe.width, embedded.recipe.height) == (SIDE, SIDE)
        assert studio.verify(large.path).digest == large.digest
        assert studio.draw_again(large.path)[0].digest == large.digest
        (varied,) = studio.draw_again(large.path, steps=2)
        assert varied.pixels.shape == (2 * SIDE, 2 * SIDE, 3)
        assert varied.recipe.enlargement == large.recipe.enlargement


def test_what_is_said_of_it_comes_with_the_events_and_the_pictures(builtin: Path) -> None:
    with Studio() as studio:
        request = make_request(Txt2Img, prompt="a yak", size=2 * SIDE, **ASKED)
        events = [event for event in studio.stream(request) if isinstance(event, Warned)]
        pictures = studio.draw(request)
    assert [event.warning.code for event in events] == ["enlarged", "unknown-words"]
    assert [warning.code for warning in pictures.warnings] == ["enlarged", "unknown-words"]
    assert sdplay.draw("a red apple", **ASKED).warnings == []


def test_what_other_programs_read_says_so_too(builtin: Path, tmp_path: Path) -> None:
    (large,) = sdplay.draw("a red apple", out=tmp_path, size=f"{2 * SIDE}x{3 * SIDE}", **ASKED)
    assert large.path is not None
    text = sdplay.Studio().read(large.path)
    assert text.recipe.enlargement == large.recipe.enlargement  # type: ignore[union-attr]
    from PIL import Image

    with Image.open(large.path) as image:
        said = image.text["parameters"]  # type: ignore[attr-defined]
    assert f"Size: {SIDE}x{SIDE}" in said
    assert f"Postprocess upscale to: {2 * SIDE}x{3 * SIDE}, Postprocess upscaler: Lanczos" in said
