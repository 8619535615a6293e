"""Init latents: where they are. What they become is held to diffusers in `test_picture_parity`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sdplay.pipeline.latents import LatentPreparer, no_init_pixels, noisy_latents, stack_inpaint_channels, with_mask
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.recipe import plan
from sdplay.sampling.noise import batch_noise
from sdplay.sampling.sigmas import make_sigmas
from tests.pipeline.stub import StubFamily
from tests.support.given import mask, photo, settled_on


class Elsewhere(StubFamily):
    """The doors of a family that is not on the CPU: pixels are there, latents are not."""

    def __init__(self, *, is_inpaint: bool) -> None:
        super().__init__()
        self.device, self.is_inpaint = torch.device("meta"), is_inpaint

    def encode(self, pixels: Tensor) -> Tensor:
        assert pixels.device.type == "cpu"
        return torch.empty(len(pixels), 4, pixels.size(2) // 8, pixels.size(3) // 8, device=self.device)


@pytest.mark.parametrize("is_inpaint", [False, True])
@pytest.mark.parametrize("fill", ["original", "noise"])
def test_latents_are_made_on_the_device_of_the_family(tiny: Path, tmp_path: Path, fill: str, is_inpaint: bool) -> None:
    """On a device without memory; its tensors raise an error as soon as one meets a tensor of the CPU."""
    hole = mask(tmp_path / "mask.png", (64, 64), (8, 8, 40, 40))
    recipe = settled_on(tiny, Inpaint, image=photo(tmp_path / "photo.png"), mask=hole, fill=fill, strength=0.5).recipe
    (sample,) = plan(recipe, [0])
    family = Elsewhere(is_inpaint=is_inpaint)
    inits = [LatentPreparer(recipe, family, no_init_pixels)(sample)]
    noise = partial(batch_noise, [sample.noise], (4, 8, 8), device=family.device)
    sigmas = make_sigmas(family.process, "karras", 8).for_strength(0.5)
    x = noisy_latents(family.process, inits, noise, sigmas, fill_draw=8)
    denoised = with_mask(lambda x, sigma: x, inits)(x, 1.0)
    channels = stack_inpaint_channels(inits)
    assert x.device.type == denoised.device.type == "meta"
    assert (channels is None) != is_inpaint
    assert channels is None or (channels.device.type, channels.shape) == ("meta", (1, 5, 8, 8))
