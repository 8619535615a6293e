"""Steps that are not computed: which, and what stands in their place."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from sdplay.requests.resolve import computed_steps
from sdplay.sampling.denoiser import ForecastDenoiser
from sdplay.sampling.samplers import RENOISING, SAMPLERS

SIGMAS = [14.6, 8.0, 5.0, 3.0, 1.8, 1.0, 0.5, 0.2, 0.0]


class Asked:
    """A denoiser that counts at which levels it is asked."""

    def __init__(self, x0: Callable[[Tensor, float], Tensor]) -> None:
        self.levels: list[float] = []
        self._x0 = x0

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        self.levels.append(sigma)
        return self._x0(x, sigma)


def run(sampler: str, denoiser: Callable[[Tensor, float], Tensor], x: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    noise = {i: torch.randn(x.shape, generator=generator) for i in range(-1, len(SIGMAS))}
    return [step.x for step in SAMPLERS[sampler](denoiser, x, SIGMAS, noise.__getitem__)][-1]


def test_it_is_asked_at_the_computed_steps_alone() -> None:
    asked = Asked(lambda x, sigma: x * 0.1)
    run("euler", ForecastDenoiser(asked, SIGMAS, {0, 1, 4}), torch.ones(1, 4, 2, 2))
    assert asked.levels == [SIGMAS[0], SIGMAS[1], SIGMAS[4]]


@pytest.mark.parametrize("renoised", [False, True])
def test_what_changes_evenly_from_step_to_step_is_forecast_exactly(renoised: bool) -> None:
    noise, slope, x = torch.randn(1, 4, 2, 2), torch.randn(1, 4, 2, 2), torch.randn(1, 4, 2, 2)

    def x0(x: Tensor, sigma: float) -> Tensor:
        even = noise + SIGMAS.index(sigma) * slope
        return even if renoised else x - sigma * even

    forecast = ForecastDenoiser(x0, SIGMAS, {0, 2}, renoised=renoised)
    for sigma in SIGMAS[:-1]:
        assert torch.allclose(forecast(x, sigma), x0(x, sigma), atol=1e-4) or SIGMAS.index(sigma) == 1
    assert not torch.allclose(ForecastDenoiser(x0, SIGMAS, {0, 2})(x, SIGMAS[2]), forecast(x, SIGMAS[3]))


def test_after_one_answer_that_one_is_kept() -> None:
    forecast = ForecastDenoiser(lambda x, sigma: x - sigma * 0.5, SIGMAS, {0})
    x = torch.zeros(1, 1)
    forecast(x, SIGMAS[0])
    assert forecast(x, SIGMAS[3]).item() == pytest.approx(-0.5 * SIGMAS[3])


def test_a_run_that_begins_in_the_middle_asks_first() -> None:
    asked = Asked(lambda x, sigma: x)
    ForecastDenoiser(asked, SIGMAS, {0})(torch.ones(1, 1), SIGMAS[5])
    assert asked.levels == [SIGMAS[5]]


def distance(sampler: str, *, renoised: bool) -> float:
    """Between the ends of a whole run and of one that is forecast. The data are a Gaussian around 1, whose exact
    denoiser is known (Karras et al. 2022, equation 3).
    """

    def exact(x: Tensor, sigma: float) -> Tensor:
        return (x * 0.25 + sigma**2) / (0.25 + sigma**2)

    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1)) * SIGMAS[0]
    shorter = run(sampler, ForecastDenoiser(exact, SIGMAS, {0, 1, 2, 4, 6}, renoised=renoised), x)
    return (run(sampler, exact, x) - shorter).square().mean().sqrt().item()


@pytest.mark.parametrize("sampler", sorted(SAMPLERS.keys() - RENOISING))
def test_a_run_without_new_noise_ends_near_the_picture_it_would_have_drawn(sampler: str) -> None:
    assert distance(sampler, renoised=False) < 0.1  # the pictures' own spread is 0.5


@pytest.mark.parametrize("sampler", sorted(RENOISING))
def test_a_run_with_new_noise_is_nearer_by_its_pictures_than_by_its_noise(sampler: str) -> None:
    assert distance(sampler, renoised=True) < min(0.3, distance(sampler, renoised=False))


@pytest.mark.parametrize("steps", [1, 2, 5, 6, 7, 20, 50, 150, 1000])
def test_the_first_steps_are_computed_and_lie_closest_together(steps: int) -> None:
    assert computed_steps("exact", steps) == tuple(range(steps))
    for quality, share, least in (("fast", 0.4, 6), ("draft", 0.25, 5)):
        computed = computed_steps(quality, steps)
        assert computed[0] == 0
        assert computed[-1] < steps
        assert list(computed) == sorted(set(computed))
        assert len(computed) <= min(steps, max(least, round(share * steps)))
        assert len(computed) >= min(steps, round(0.9 * max(least, share * steps)) - 1)
        gaps = [after - before for before, after in pairwise(computed)]
        assert steps <= least or gaps[0] <= gaps[-1]


def test_the_presets_are_those_that_were_measured() -> None:
    assert computed_steps("fast", 20) == (0, 1, 2, 5, 7, 10, 14, 18)
    assert computed_steps("draft", 20) == (0, 2, 5, 10, 16)
