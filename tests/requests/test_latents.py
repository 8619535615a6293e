"""Latents that are given: checked at the door, kept by digest, read from files without running anything in them."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdplay.core.errors import BadRequest
from sdplay.requests.latents import LatentsInMemory, latents_asset, latents_digest, read_latents
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from tests.support.recipes import MACHINE, MODEL

VALUES = np.random.default_rng(3).standard_normal((4, 10, 12)).astype(np.float32)


def starting_from(latents: Any) -> Txt2Img:
    return Txt2Img(prompt="a pear", latents=latents)


def test_an_array_and_a_file_of_it_are_the_same_latents(tmp_path: Path) -> None:
    np.save(tmp_path / "start.npy", VALUES)
    np.save(tmp_path / "fortran.npy", np.asfortranarray(VALUES))
    given = starting_from(VALUES).latents
    assert isinstance(given, LatentsInMemory)
    paths = [given, str(tmp_path / "start.npy"), str(tmp_path / "fortran.npy")]
    assets = [latents_asset(path) for path in paths]
    assert {asset.digest for asset in assets} == {latents_digest(VALUES)}
    assert {(asset.channels, asset.height, asset.width) for asset in assets} == {(4, 10, 12)}
    for path in paths:
        np.testing.assert_array_equal(read_latents(path), VALUES)


def test_latents_are_what_they_were_when_they_were_given() -> None:
    values = VALUES.copy()
    request = starting_from(values)
    values[:] = 0
    assert request.latents is not None
    np.testing.assert_array_equal(read_latents(request.latents), VALUES)
    assert read_latents(pickle.loads(pickle.dumps(request)).latents).any()


def test_float16_is_taken_exactly() -> None:
    half = VALUES.astype(np.float16)
    assert latents_digest(read_latents(str_of(half))) == latents_digest(half.astype(np.float32))


def str_of(values: Any) -> str:
    latents = starting_from(values).latents
    assert latents is not None
    return latents


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (VALUES.astype(np.float64), r"array of float64; latents are float32: say \.astype\('float32'\)"),
        (VALUES[None], r"array of 1×4×10×12; latents are \[channels, height, width\].*give latents\[0\]"),
        (VALUES[0], "array of 10×12"),
        (np.zeros((100, 8, 8), np.float32), "array of 100×8×8"),
        (np.full((4, 8, 8), np.nan, np.float32), "NaN or infinite"),
        (7, r"are no latents: give an array \[channels, height, width\]"),
    ],
)
def test_what_are_no_latents_is_refused(given: Any, why: str) -> None:
    with pytest.raises(BadRequest, match=why) as refused:
        starting_from(given)
    assert refused.value.field == "latents"


def npy(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file"),
        (b"", "magic string"),
        (b"no array at all", "magic string"),
        (npy(VALUES)[:-8], "is damaged"),
        (npy(VALUES) + b"more", "is damaged"),
        (npy(np.array([print], object)), "is damaged, or holds no numbers"),
        (npy(VALUES).replace(b"(4, 10, 12)", b"(4, 10, 99)"), "is damaged"),
        (npy(VALUES.astype(np.int32)), "array of int32"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(content: bytes | None, why: str, tmp_path: Path) -> None:
    path = tmp_path / "start.npy"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRequest, match=why) as refused:
        latents_asset(str(path))
    assert (refused.value.field, refused.value.value) == ("latents", str(path))


def test_a_recipe_keeps_their_digest_and_is_read_back() -> None:
    request = starting_from(VALUES)
    recipe = resolve_request(request, MODEL, MACHINE, 7, {"latents": latents_asset(str_of(VALUES))})
    assert (recipe.width, recipe.height) == (96, 80)
    told = recipe.to_dict()
    assert told["assets"]["latents"] == {
        "path": f"memory:{latents_digest(VALUES)[:16]}",
        "digest": latents_digest(VALUES),
        "channels": 4,
        "height": 10,
        "width": 12,
    }
    assert Recipe.from_dict(told).digest == recipe.digest
    moved = resolve_request(request, MODEL, MACHINE, 7, {"latents": latents_asset(str_of(VALUES + 1))})
    assert moved.digest != recipe.digest


def test_a_recipe_without_latents_says_nothing_of_them() -> None:
    told = resolve_request(Txt2Img(prompt="a pear"), MODEL, MACHINE, 7).to_dict()
    assert "latents" not in told
    assert "assets" not in told
