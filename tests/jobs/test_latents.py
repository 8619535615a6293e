"""Latents out of a drawing and into another: the same numbers, the same picture, and a recipe that says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sdplay
from sdplay.core.errors import BadRequest, NotReproduced
from sdplay.core.sample import Noise
from sdplay.sampling.noise import seed_noise
from sdplay.studio import Studio
from tests.support.tiny import build_tiny


@pytest.fixture
def asked(tiny: Path) -> dict[str, Any]:
    return {
        "prompt": "a pear",
        "steps": 2,
        "size": (64, 80),
        "seed": 5,
        "model": str(tiny),
        "device": "cpu",
        "precision": "float32",
    }


@pytest.fixture
def noise() -> np.ndarray:
    """The noise that seed 5 would make, float32 [4, 10, 8]."""
    return seed_noise(Noise(seed=5), (4, 10, 8)).numpy()


def draw(asked: dict[str, Any], **more: Any) -> sdplay.Picture:
    (picture,) = sdplay.draw(**asked, **more)
    return picture


def test_a_picture_has_its_latents_where_that_is_asked(asked: dict[str, Any]) -> None:
    plain, kept = draw(asked), draw(asked, keep_latents=True)
    assert plain.latents is None
    assert kept.latents is not None
    assert (kept.latents.dtype, kept.latents.shape) == (np.float32, (4, 10, 8))
    assert kept.digest == plain.digest
    assert kept.recipe.digest == plain.recipe.digest
    both = sdplay.draw(**asked, num=2, keep_latents=True, batch_size=2)
    first, second = (picture.latents for picture in both)
    assert first is not None
    assert second is not None
    assert not np.array_equal(first, second)


def test_the_latents_are_those_that_the_vae_decodes(asked: dict[str, Any], tiny: Path) -> None:
    import torch
    from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

    kept = draw(asked, keep_latents=True)
    vae: Any = AutoencoderKL.from_pretrained(tiny / "vae")
    with torch.inference_mode():
        decoded = vae.decode(torch.as_tensor(kept.latents)[None] / vae.config.scaling_factor).sample
    pixels = ((decoded.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(pixels, kept.pixels)


def test_the_noise_of_a_seed_given_as_latents_draws_its_picture(asked: dict[str, Any], noise: np.ndarray) -> None:
    assert draw(asked, latents=noise).digest == draw(asked).digest
    sampled = {**asked, "sampler": "euler_a"}  # what it adds later is the seed's own
    assert draw(sampled, latents=noise).digest == draw(sampled).digest
    assert draw(asked, latents=noise[:, ::-1]).digest != draw(asked).digest


def test_a_kept_picture_asks_for_its_latents(asked: dict[str, Any], noise: np.ndarray, tmp_path: Path) -> None:
    path = draw(asked, latents=noise, out=tmp_path).path
    assert path is not None
    with Studio() as studio:
        with pytest.raises(BadRequest, match="were given in memory, and not as a file") as missing:
            studio.verify(path, asked["model"])
        assert "say with `latents` where the latents it was drawn from is now" in missing.value.hint
        assert studio.verify(path, asked["model"], pictures={"latents": noise}).latents is None
        with pytest.raises(NotReproduced, match="is not the latents it was drawn from"):
            studio.verify(path, asked["model"], pictures={"latents": noise + 1})
        (again,) = studio.draw_again(path, model=asked["model"], latents=noise)
        assert again.digest == draw(asked).digest


def test_a_file_of_latents_is_found_again(asked: dict[str, Any], noise: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "start.npy", noise)
    kept = draw(asked, latents=tmp_path / "start.npy", out=tmp_path)
    assert kept.path is not None
    with Studio() as studio:
        studio.verify(kept.path, asked["model"])


def test_the_size_is_that_of_the_latents(asked: dict[str, Any], noise: np.ndarray) -> None:
    sized = {name: value for name, value in asked.items() if name != "size"}
    assert draw(sized, latents=noise).pixels.shape == (80, 64, 3)


def test_the_size_is_what_the_codec_makes_of_the_latents(asked: dict[str, Any], tmp_path: Path) -> None:
    asked |= {"model": str(build_tiny(tmp_path / "deep", latent_channels=8, vae_widths=(8, 8, 8, 8, 16)))}
    noise = seed_noise(Noise(seed=5), (8, 5, 4)).numpy()
    (sized,) = sdplay.draw(**{name: value for name, value in asked.items() if name != "size"}, latents=noise)
    assert sized.pixels.shape == (80, 64, 3)
    assert sized.digest == draw(asked).digest


@pytest.mark.parametrize(("shape", "why"), [((4, 6, 6), r"are \[4, 6, 6\], and"), ((16, 10, 8), r"takes \[4, 10, 8\]")])
def test_latents_of_another_shape_are_refused(asked: dict[str, Any], shape: tuple[int, ...], why: str) -> None:
    with pytest.raises(BadRequest, match=why) as refused:
        draw(asked, latents=np.zeros(shape, np.float32))
    assert refused.value.field == "latents"


def test_a_picture_that_starts_from_another_takes_no_latents(asked: dict[str, Any], noise: np.ndarray) -> None:
    with pytest.raises(BadRequest) as refused:
        draw(asked, latents=noise, image=np.zeros((80, 64, 3), np.uint8))
    assert refused.value.field == "latents" or "latents" in str(refused.value)
