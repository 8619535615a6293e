"""ControlNet against that of diffusers, to the bit."""

from __future__ import annotations

import pytest
import torch
from diffusers import ControlNetModel as Stock

from sdplay.networks.config import ControlNetConfig
from sdplay.networks.controlnet import ControlNetModel
from tests.support.kinds import WIDTH, build_unet
from tests.support.twins import FORMATS, latents, noise, placed, sizes, twin

WIDTHS = (8, 8, 16, 16)


@pytest.mark.parametrize(
    ("base", "pooled", "dtype"),
    [*((base, False, dtype) for base in ("sd15", "sd2", "sdxl") for dtype in FORMATS), ("sd15", True, FORMATS[0])],
)
def test_every_residual_is_that_of_diffusers(base: str, pooled: bool, dtype: torch.dtype) -> None:
    """`pooled` is what the one for shuffled pictures adds: the mean of each channel."""
    theirs = Stock.from_unet(build_unet(base, 4), conditioning_embedding_out_channels=WIDTHS)
    theirs.register_to_config(global_pool_conditions=pooled)
    for n, weight in enumerate(theirs.parameters()):
        weight.data = noise(n, *weight.shape) * 0.1  # some are zero before training
    ours = ControlNetModel(ControlNetConfig.read(theirs.config))
    twin(ours, theirs, dtype)
    x, times, picture = latents(dtype, 4, (8, 8)), torch.tensor([712.3, 5.0]), placed(noise(4, 1, 3, 64, 64), dtype)
    text = noise(3, 2, 24, theirs.config.cross_attention_dim).to(dtype)
    added = sizes(2, WIDTH, dtype) if base == "sdxl" else {}
    with torch.inference_mode():
        both = picture.expand(2, -1, -1, -1)
        down, middle = theirs(x, times, text, both, return_dict=False, **added)
        hint = ours.controlnet_cond_embedding(both)  # of two, as theirs: of one, some processors calculate otherwise
        found = ours(x, times, text, hint, **added)
    assert len(found) == len(down) + 1
    assert all(map(torch.equal, found, [*down, middle]))
    assert all(bool(residual.any()) for residual in found)
    assert (found[0].shape[2:] == (1, 1)) == pooled
