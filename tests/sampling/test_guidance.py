"""Guidance rescale: the paper's formula on what the network says, whatever that is."""

from __future__ import annotations

import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sdplay.sampling.denoiser import ComposedDenoiser, GuidedDenoiser, NetworkDenoiser, Rescale
from sdplay.sampling.process import Prediction, make_process

SCALES = [9.0, 2.5]


def random(rows: int, seed: int = 0) -> Tensor:
    return torch.randn(rows, 4, 8, 8, generator=torch.Generator().manual_seed(seed))


def says(out: Tensor, prediction: Prediction) -> NetworkDenoiser:
    """A denoiser whose network answers `out`, whatever it is asked."""
    return NetworkDenoiser(lambda x, timesteps: out, make_process(prediction=prediction))


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("sigma", [14.6, 1.0, 0.05])
@pytest.mark.parametrize("phi", [0.3, 1.0])
def test_it_is_that_of_diffusers(prediction: Prediction, sigma: float, phi: float) -> None:
    x, out = random(2) * (1 + sigma), random(4, seed=1) + 0.2
    uncond, cond = out.chunk(2)
    guided = uncond + torch.tensor(SCALES).view(2, 1, 1, 1) * (cond - uncond)
    theirs = says(rescale_noise_cfg(guided, cond, phi), prediction)(x, sigma)
    ours = GuidedDenoiser(says(out, prediction), SCALES, Rescale(phi, make_process(prediction=prediction)))(x, sigma)
    assert float((ours - theirs).norm() / theirs.norm()) < 1e-5
    assert float((ours - says(guided, prediction)(x, sigma)).norm() / theirs.norm()) > 1e-2  # it does something


def test_a_composition_of_one_part_is_ordinary_guidance() -> None:
    x, out = random(2) * 3, random(4, seed=1)
    rescale = Rescale(0.7, make_process())
    one = GuidedDenoiser(says(out, "epsilon"), SCALES, rescale)(x, 2.0)
    other = ComposedDenoiser(says(out, "epsilon"), SCALES, [[1.0, 1.0]], rescale)(x, 2.0)
    assert torch.allclose(one, other, atol=1e-5)


@given(phi=st.floats(0, 1), sigma=st.floats(0.03, 15))
def test_at_a_scale_of_one_there_is_nothing_to_bring_back(phi: float, sigma: float) -> None:
    x, out = random(2) * (1 + sigma), random(6, seed=2)
    weights = [[1.0, 0.5], [0.5, -1.0]]
    rescaled = ComposedDenoiser(
        says(out, "v_prediction"), [1.0, 1.0], weights, Rescale(phi, make_process(prediction="v_prediction"))
    )
    plain = ComposedDenoiser(says(out, "v_prediction"), [1.0, 1.0], weights)
    assert torch.allclose(rescaled(x, sigma), plain(x, sigma), atol=1e-4 * (1 + sigma))


def test_a_picture_does_not_depend_on_its_neighbour() -> None:
    out, x = random(4, seed=3), random(2)
    both = GuidedDenoiser(says(out, "epsilon"), SCALES, Rescale(1.0, make_process()))(x, 5.0)
    alone = GuidedDenoiser(says(out[::2], "epsilon"), SCALES[:1], Rescale(1.0, make_process()))(x[:1], 5.0)
    assert torch.allclose(both[:1], alone, atol=1e-5)
