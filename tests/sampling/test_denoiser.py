"""From a network to a denoiser, and guidance around it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sdplay.sampling.denoiser import GuidedDenoiser, NetworkDenoiser
from sdplay.sampling.process import make_process

STEPS = [0, 1, 250, 500, 951, 999]


def known_picture() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(3, 4, 8, 8, generator=generator), torch.randn(3, 4, 8, 8, generator=generator)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("step", STEPS)
def test_a_network_that_is_right_gives_the_clean_picture(step: int, prediction: str) -> None:
    """epsilon is the noise itself; v = c·noise − c·sigma·x0 with c = 1/sqrt(1 + sigma²) (Salimans & Ho, appendix D)."""
    process = make_process(prediction=prediction)  # type: ignore[arg-type]
    sigma = float(process.schedule.sigmas[step])
    clean, noise = known_picture()
    scale = (1 + sigma**2) ** -0.5
    seen: list[tuple[Tensor, Tensor]] = []

    def network(x: Tensor, timesteps: Tensor) -> Tensor:
        seen.append((x, timesteps))
        return noise if prediction == "epsilon" else noise * scale - clean * (sigma * scale)

    found = NetworkDenoiser(network, process)(clean + noise * sigma, sigma)
    assert (found - clean).abs().max() < 2e-6 * (1 + sigma)
    ((x, timesteps),) = seen
    assert timesteps.tolist() == [step] * 3  # the very step, not one beside it
    assert timesteps.dtype == torch.float32
    assert (x - (clean * scale + noise * sigma * scale)).abs().max() < 1e-5  # alpha·x0 + sqrt(1 − alpha²)·noise


class Two:
    """A denoiser whose first half of a batch is 1 and whose second half is 3, plus a little of x."""

    def __init__(self) -> None:
        self.batches: list[Tensor] = []

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        self.batches.append(x)
        half = x.size(0) // 2
        answer = torch.cat([torch.full_like(x[:half], 1.0), torch.full_like(x[half:], 3.0)])
        return answer + 0.01 * x


def test_guidance_of_one_is_towards_and_of_zero_is_away() -> None:
    x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(GuidedDenoiser(Two(), [1.0])(x, 5.0), 3 + 0.01 * x, atol=1e-6)
    assert torch.equal(GuidedDenoiser(Two(), [0.0])(x, 5.0), 1 + 0.01 * x)


@given(scale=st.floats(0, 100))
def test_guidance_goes_on_along_the_line_from_away_to_towards(scale: float) -> None:
    x = torch.zeros(2, 4, 1, 1)
    assert GuidedDenoiser(Two(), [scale])(x, 5.0).flatten().tolist() == pytest.approx([1 + 2 * scale] * 8, rel=1e-5)


def test_guidance_is_one_call_for_both_halves() -> None:
    inner = Two()
    x = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    GuidedDenoiser(inner, [7.0])(x, 5.0)
    (batch,) = inner.batches
    assert torch.equal(batch, torch.cat([x, x]))
