"""The key frames of a dream are the pictures that txt2img draws of the same words and seeds, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdplay.events import ImageDone
from sdplay.film.request_dream import Dream
from sdplay.images.read import Pixels
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio

PROMPTS = ("a red apple", "a cat", "the blue render")
SHARED: dict[str, Any] = {"steps": 2, "width": 64, "height": 64, "sampler": "euler_a", "device": "cpu"}
WALKS: dict[str, tuple[dict[str, Any], dict[int, int]]] = {  # fields, and the frame of each key
    "slerp": ({"num": 7}, {0: 0, 3: 1, 6: 2}),
    "smooth": ({"num": 5, "path": "smooth"}, {0: 0, 2: 1, 4: 2}),
    "loop": ({"num": 6, "loop": True}, {0: 0, 2: 1, 4: 2}),
    "circle": ({"num": 6, "path": "circle"}, {0: 0}),
    "frames_per_key": ({"frames_per_key": 2}, {0: 0, 2: 1, 4: 2}),
}


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


def frames(studio: Studio, request: Dream, indices: list[int]) -> dict[int, Pixels]:
    events = studio.run(studio.resolve(request), indices)
    return {event.picture.index: event.picture.pixels for event in events if isinstance(event, ImageDone)}


def check(studio: Studio, model: Path, tile: int, walk: str, **given: Any) -> None:
    shared = {**SHARED, "model": str(model), "batch_size": tile, **given}
    fields, keys = WALKS[walk]
    found = frames(
        studio, make_request(Dream, prompts=PROMPTS, seed=31, **shared, **fields), list(range(max(keys) + 1))
    )
    for index, key in keys.items():
        still = studio.draw(make_request(Txt2Img, prompt=PROMPTS[key], seed=31 + key, **shared))[0]
        assert np.array_equal(found[index], still.pixels), (walk, index)
    if walk == "slerp":
        assert not np.array_equal(found[1], found[0])


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("tile", [1, 3])
def test_keys_are_the_pictures_of_a_tiny_model(studio: Studio, tiny: Path, tile: int, walk: str) -> None:
    check(studio, tiny, tile, walk)


@pytest.mark.parametrize("tile", [1, 2])
def test_keys_are_the_pictures_of_the_builtin_model(studio: Studio, builtin: Path, tile: int) -> None:
    check(studio, builtin, tile, "slerp")


@pytest.mark.parametrize("given", [{"guidance_rescale": 0.7}, {"clip_skip": 2}])
def test_keys_are_drawn_with_all_that_pictures_are_drawn_with(
    studio: Studio, tiny: Path, given: dict[str, Any]
) -> None:
    check(studio, tiny, 2, "slerp", **given)
    plain, other = (
        frames(studio, make_request(Dream, prompts=PROMPTS, seed=31, **SHARED, model=str(tiny), **each, num=3), [1])
        for each in ({}, given)
    )
    assert not np.array_equal(plain[1], other[1])
