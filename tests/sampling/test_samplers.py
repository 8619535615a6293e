"""Samplers: against the diffusers scheduler of the same name, and against mathematics.

Both sides get the same exact denoiser of a Gaussian, whose answer is known in closed form: for data N(mean, s²) the
best estimate of x0 from x at level sigma is (s²·x + sigma²·mean) / (s² + sigma²), and the probability-flow ODE takes x
at sigma_1 to mean + (x − mean)·sqrt((s² + sigma_2²) / (s² + sigma_1²)) at sigma_2 (Karras et al. 2022, section 3).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    TCDScheduler,
    UniPCMultistepScheduler,
)
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sdplay.sampling.noise import NoiseSampler
from sdplay.sampling.process import make_process
from sdplay.sampling.samplers import RENOISING, SAMPLERS, WITH_ETA, adds_noise, ancestral_step, make_sampler
from sdplay.sampling.sigmas import Sigmas, make_sigmas

SD15 = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
SHAPE = (2, 4, 8, 8)
SPREAD = 0.6
PARITY = 1e-5  # relative L2 in float32, where the noise tables alone differ by up to 1.3e-5 in places
PREDICTIONS = ["epsilon", "v_prediction"]


def mean() -> Tensor:
    return torch.linspace(-1.5, 2.0, 4 * 8 * 8).reshape(1, 4, 8, 8)


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """The exact denoiser for pictures spread around `mean()`."""
    return (SPREAD**2 * x + sigma**2 * mean().to(x)) / (SPREAD**2 + sigma**2)


def no_noise(step: int) -> Tensor:
    raise AssertionError("this sampler must not ask for noise")


def unit_noise(seed: int) -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


def ours(name: str, start: Tensor, sigmas: Sequence[float], noise: NoiseSampler = no_noise) -> Tensor:
    x = start
    for step in SAMPLERS[name](gaussian, start, sigmas, noise):
        x = step.x
    return x


def network_output(prediction: str, x: Tensor, sigma: float) -> Tensor:
    """What a network that was trained perfectly on that Gaussian would say of x = x0 + sigma·noise."""
    x0, scale = gaussian(x, sigma), (1 + sigma**2) ** -0.5
    if prediction == "epsilon":
        return (x - x0) / sigma
    return (x * scale**2 - x0) / (sigma * scale)


def theirs_in_sigma_space(scheduler: Any, start: Tensor, steps: int) -> Tensor:
    """Drive a scheduler that works in sigma space itself (the Euler family)."""
    scheduler.set_timesteps(steps)
    x = start
    for timestep, sigma in zip(scheduler.timesteps, scheduler.sigmas.tolist(), strict=False):
        scheduler.scale_model_input(x, timestep)  # only so that it does not complain
        output = network_output(scheduler.config.prediction_type, x, sigma)
        x = scheduler.step(output, timestep, x, return_dict=False)[0]
    return x


def theirs_in_vp_space(scheduler: Any, start: Tensor, steps: int, levels: Callable[[Any], list[float]]) -> Tensor:
    """Drive a scheduler whose sample is x / sqrt(1 + sigma²)."""
    scheduler.set_timesteps(steps)
    sigmas = levels(scheduler)
    x = start / math.sqrt(1 + sigmas[0] ** 2)
    for timestep, sigma in zip(scheduler.timesteps, sigmas, strict=False):
        output = network_output(scheduler.config.prediction_type, x * math.sqrt(1 + sigma**2), sigma)
        x = scheduler.step(output, timestep, x, return_dict=False)[0]
    return x


def assert_close(one: Tensor, other: Tensor, tolerance: float = PARITY) -> None:
    assert float((one - other).norm() / other.norm()) <= tolerance


def start_of(sigmas: Sigmas) -> Tensor:
    return unit_noise(1) * sigmas.init_noise_sigma


# --- parity with diffusers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spacing", "steps"),
    # one step of linspace starts elsewhere on purpose: see test_schedule
    [("leading", 1), ("trailing", 1), *itertools.product(("leading", "trailing", "linspace"), (2, 5, 20))],
)
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_euler_is_euler_discrete(spacing: str, prediction: str, steps: int) -> None:
    scheduler = EulerDiscreteScheduler(**SD15, timestep_spacing=spacing, steps_offset=1, prediction_type=prediction)
    sigmas = make_sigmas(make_process(), spacing, steps)
    start = start_of(sigmas)
    assert_close(ours("euler", start, sigmas.levels), theirs_in_sigma_space(scheduler, start, steps))


@pytest.mark.parametrize("name", ["karras", "exponential"])
def test_euler_is_euler_discrete_on_other_ladders(name: str) -> None:
    scheduler = EulerDiscreteScheduler(**SD15, timestep_spacing="linspace", **{f"use_{name}_sigmas": True})
    sigmas = make_sigmas(make_process(), name, 20)
    start = start_of(sigmas)
    assert_close(ours("euler", start, sigmas.levels), theirs_in_sigma_space(scheduler, start, 20))


@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_euler_a_is_euler_ancestral_discrete_given_the_same_noise(
    spacing: str, prediction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_out: list[int] = []

    def same_noise(*_: Any, **__: Any) -> Tensor:
        given_out.append(len(given_out))
        return unit_noise(100 + given_out[-1])

    module = "diffusers.schedulers.scheduling_euler_ancestral_discrete.randn_tensor"
    monkeypatch.setattr(module, same_noise)
    scheduler = EulerAncestralDiscreteScheduler(
        **SD15, timestep_spacing=spacing, steps_offset=1, prediction_type=prediction
    )
    sigmas = make_sigmas(make_process(), spacing, 20)
    start = start_of(sigmas)
    theirs = theirs_in_sigma_space(scheduler, start, 20)
    assert given_out == list(range(20))  # theirs draws for the last step too, and multiplies by nothing
    assert_close(ours("euler_a", start, sigmas.levels, lambda k: unit_noise(100 + k)), theirs)


@pytest.mark.parametrize("steps", [2, 5, 14, 15, 20, 40])
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("schedule", ["trailing", "karras", "exponential"])
def test_dpmpp_2m_is_dpm_solver_multistep(schedule: str, prediction: str, steps: int) -> None:
    """algorithm_type dpmsolver++, order 2, midpoint. Leading and linspace: its ladder is another, see test_schedule."""
    flags = {} if schedule == "trailing" else {f"use_{schedule}_sigmas": True}
    scheduler = DPMSolverMultistepScheduler(
        **SD15, timestep_spacing="trailing", prediction_type=prediction, algorithm_type="dpmsolver++", **flags
    )
    assert (scheduler.config.solver_order, scheduler.config.solver_type) == (2, "midpoint")
    sigmas = make_sigmas(make_process(), schedule, steps)
    start = start_of(sigmas)
    theirs = theirs_in_vp_space(scheduler, start, steps, lambda s: s.sigmas.tolist())
    assert_close(ours("dpmpp_2m", start, sigmas.levels), theirs)


@pytest.mark.parametrize("steps", [2, 3, 5, 20])
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("schedule", ["trailing", "karras"])
def test_unipc_is_unipc_multistep(schedule: str, prediction: str, steps: int) -> None:
    """Order 2, bh2, predicting x0, both with their corrector, the last step of order 1."""
    flags = {} if schedule == "trailing" else {"use_karras_sigmas": True}
    scheduler = UniPCMultistepScheduler(
        **SD15, timestep_spacing="trailing", prediction_type=prediction, final_sigmas_type="zero", **flags
    )
    assert (scheduler.config.solver_order, scheduler.config.solver_type) == (2, "bh2")
    sigmas = make_sigmas(make_process(), schedule, steps)
    start = start_of(sigmas)
    theirs = theirs_in_vp_space(scheduler, start, steps, lambda s: s.sigmas.tolist())
    assert_close(ours("unipc", start, sigmas.levels), theirs)


@pytest.mark.parametrize("steps", [2, 5, 20])
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("schedule", ["trailing", "karras"])
def test_dpmpp_2m_sde_is_sde_dpm_solver_multistep_given_the_same_noise(
    schedule: str, prediction: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_out: list[int] = []

    def same_noise(*_: Any, **__: Any) -> Tensor:
        given_out.append(len(given_out))
        return unit_noise(100 + given_out[-1])

    monkeypatch.setattr("diffusers.schedulers.scheduling_dpmsolver_multistep.randn_tensor", same_noise)
    flags = {} if schedule == "trailing" else {"use_karras_sigmas": True}
    scheduler = DPMSolverMultistepScheduler(
        **SD15, timestep_spacing="trailing", prediction_type=prediction, algorithm_type="sde-dpmsolver++", **flags
    )
    sigmas = make_sigmas(make_process(), schedule, steps)
    start = start_of(sigmas)
    theirs = theirs_in_vp_space(scheduler, start, steps, lambda s: s.sigmas.tolist())
    assert_close(ours("dpmpp_2m_sde", start, sigmas.levels, lambda k: unit_noise(100 + k)), theirs)


@pytest.mark.parametrize("steps", [2, 5, 20])
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("schedule", ["trailing", "karras"])
def test_heun_is_heun_discrete(schedule: str, prediction: str, steps: int) -> None:
    """Theirs is driven once for each of its 2n − 1 looks; its list of levels has every inner level twice."""
    # only on linspace do its Karras levels begin and end where the table does
    flags = {"timestep_spacing": "linspace", "use_karras_sigmas": True} if schedule == "karras" else {}
    scheduler = HeunDiscreteScheduler(
        **SD15, **{"timestep_spacing": "trailing", "prediction_type": prediction, **flags}
    )
    sigmas = make_sigmas(make_process(), schedule, steps)
    start = start_of(sigmas)
    theirs = theirs_in_sigma_space(scheduler, start, steps)
    assert len(scheduler.timesteps) == 2 * steps - 1
    assert_close(ours("heun", start, sigmas.levels), theirs)


def test_lcm_jumps_to_what_it_sees_and_adds_the_noise_of_the_next_level() -> None:
    """The paper's algorithm; LCMScheduler differs by its c_skip, at most 2e-4 of the sample at these levels."""
    sigmas = make_sigmas(make_process(), "trailing", 4)
    x = start_of(sigmas)
    for step, following in zip(SAMPLERS["lcm"](gaussian, x, sigmas.levels, unit_noise), sigmas.levels[1:], strict=True):
        x0 = gaussian(x, step.sigma)
        x = x0 + following * unit_noise(step.index) if following else x0
        assert torch.equal(step.x, x)


@pytest.mark.parametrize("eta", [0.0, 0.3, 0.75, 1.0])
@pytest.mark.parametrize("steps", [2, 4, 8])
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_tcd_is_its_authors_scheduler_given_the_same_noise(
    prediction: str, steps: int, eta: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Theirs ends at the first level of training and ours at none, so what both see in the last step is compared."""
    given_out: list[int] = []

    def same_noise(*_: Any, **__: Any) -> Tensor:
        given_out.append(len(given_out))
        return unit_noise(100 + given_out[-1])

    monkeypatch.setattr("diffusers.schedulers.scheduling_tcd.randn_tensor", same_noise)
    scheduler = TCDScheduler(**SD15, prediction_type=prediction, clip_sample=False)
    sigmas = make_sigmas(make_process(), "trailing", steps)
    start = start_of(sigmas)
    scheduler.set_timesteps(timesteps=[1000 - k * 1000 // steps - 1 for k in range(steps)])
    x, seen = start / math.sqrt(1 + sigmas.levels[0] ** 2), start
    for timestep, sigma in zip(scheduler.timesteps, sigmas.levels, strict=False):
        output = network_output(prediction, x * math.sqrt(1 + sigma**2), sigma)
        seen = gaussian(x * math.sqrt(1 + sigma**2), sigma)
        x = scheduler.step(output, timestep, x, eta=eta, return_dict=False)[0]
    sampler = make_sampler("tcd", eta, make_process().schedule)
    *_, last = sampler(gaussian, start, sigmas.levels, lambda k: unit_noise(100 + k))
    assert len(given_out) == (steps - 1 if eta else 0)
    assert_close(last.x, last.x0)
    assert_close(last.x0, seen)


@pytest.mark.parametrize("eta", [0.3, 1.0])
def test_ddim_with_noise_is_ddim_given_the_same_noise(eta: float, monkeypatch: pytest.MonkeyPatch) -> None:
    given_out: list[int] = []

    def same_noise(*_: Any, **__: Any) -> Tensor:
        given_out.append(len(given_out))
        return unit_noise(100 + given_out[-1])

    monkeypatch.setattr("diffusers.schedulers.scheduling_ddim.randn_tensor", same_noise)
    scheduler = DDIMScheduler(**SD15, timestep_spacing="trailing", clip_sample=False)
    # theirs ends at the first level of training unless told otherwise, and asks for noise in the last step as well
    scheduler.final_alpha_cumprod = torch.tensor(1.0)
    sigmas = make_sigmas(make_process(), "trailing", 20)
    start = start_of(sigmas)
    scheduler.set_timesteps(20)
    x = start / math.sqrt(1 + sigmas.levels[0] ** 2)
    for timestep, sigma in zip(scheduler.timesteps, ddim_levels(scheduler), strict=True):
        output = network_output("epsilon", x * math.sqrt(1 + sigma**2), sigma)
        x = scheduler.step(output, timestep, x, eta=eta, return_dict=False)[0]
    sampler = make_sampler("ddim", eta, make_process().schedule)
    *_, last = sampler(gaussian, start, sigmas.levels, lambda k: unit_noise(100 + k))
    assert_close(last.x, x)


def test_at_their_ends_the_samplers_with_noise_are_others() -> None:
    sigmas = make_sigmas(make_process(), "trailing", 6)
    start, schedule = start_of(sigmas), make_process().schedule

    def run(name: str, eta: float | None) -> Tensor:
        *_, last = make_sampler(name, eta, schedule)(gaussian, start, sigmas.levels, lambda k: unit_noise(100 + k))
        return last.x

    assert_close(run("tcd", 0.0), run("ddim", None))
    assert_close(run("euler_a", 0.0), run("euler", None))
    assert_close(run("ddim", 1.0), run("euler_a", None))
    assert torch.equal(run("tcd", 0.3), run("tcd", None))
    assert torch.equal(run("euler_a", 1.0), run("euler_a", None))
    assert not torch.equal(run("tcd", 0.6), run("tcd", 0.3))
    assert_close(run("tcd", 1.0), run("lcm", None), 2e-2)  # the first level of training is not quite none


def test_it_is_known_which_samplers_add_noise() -> None:
    assert {name for name in SAMPLERS if adds_noise(name, None)} == RENOISING
    assert {name for name in SAMPLERS if adds_noise(name, 0.5)} == RENOISING | WITH_ETA
    assert {name for name in SAMPLERS if adds_noise(name, 0.0)} == RENOISING - WITH_ETA


def ddim_levels(scheduler: DDIMScheduler) -> list[float]:
    kept = scheduler.alphas_cumprod[scheduler.timesteps].double()
    return ((1 - kept) / kept).sqrt().tolist()


@pytest.mark.parametrize("steps", [5, 20, 50])  # its own stride is whole: for others "trailing" differs by rounding
@pytest.mark.parametrize("prediction", PREDICTIONS)
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_ddim_is_ddim_that_ends_at_zero(spacing: str, prediction: str, steps: int) -> None:
    """With set_alpha_to_one=True. Ours ends every ladder at zero noise, whatever a scheduler file says there."""
    scheduler = DDIMScheduler(
        **SD15,
        timestep_spacing=spacing,
        steps_offset=1 if spacing == "leading" else 0,
        prediction_type=prediction,
        clip_sample=False,
        set_alpha_to_one=True,
    )
    sigmas = make_sigmas(make_process(), spacing, steps)
    start = start_of(sigmas)
    assert_close(ours("ddim", start, sigmas.levels), theirs_in_vp_space(scheduler, start, steps, ddim_levels))


def test_ddim_that_stops_at_the_first_level_keeps_some_noise_and_ours_does_not() -> None:
    """set_alpha_to_one=False, as in Stable Diffusion 1.5's own file: it ends at sigma 0.029 instead of 0."""
    scheduler = DDIMScheduler(
        **SD15, timestep_spacing="leading", steps_offset=1, clip_sample=False, set_alpha_to_one=False
    )
    sigmas = make_sigmas(make_process(), "leading", 20)
    start = start_of(sigmas)
    theirs = theirs_in_vp_space(scheduler, start, 20, ddim_levels)
    first = float(make_process().schedule.sigmas[0])
    stopped = ours("ddim", start, [*sigmas.levels[:-1], first]) / math.sqrt(1 + first**2)
    assert_close(stopped, theirs)
    difference = float((ours("ddim", start, sigmas.levels) - theirs).norm() / theirs.norm())
    assert 1e-4 < difference < 2e-2


# --- mathematics -----------------------------------------------------------------------------------------------------


def fine_ladder(steps: int) -> list[float]:
    """Levels evenly spaced in log sigma from 14.6 to 1e-5, then zero: the last jump hides no error."""
    return [*np.geomspace(14.6, 1e-5, steps).tolist(), 0.0]


def exact(start: Tensor, sigma: float) -> Tensor:
    return mean().to(start) + (start - mean().to(start)) * SPREAD / math.sqrt(SPREAD**2 + sigma**2)


def error_after(name: str, steps: int) -> float:
    sigmas = fine_ladder(steps)
    start = unit_noise(2).double() * sigmas[0]
    found, wanted = ours(name, start, sigmas), exact(start, sigmas[0])
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("ddim", 1), ("dpmpp_2m", 2)])
def test_a_sampler_converges_to_the_exact_solution_in_its_order(name: str, order: int) -> None:
    errors = [error_after(name, steps) for steps in (100, 200, 400, 800)]
    assert errors[-1] < {1: 0.01, 2: 2e-4}[order]
    for coarse, fine in itertools.pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.25)


def ancestral_spread(steps: int) -> float:
    """The exact standard deviation of what euler_a draws from unit noise, for data N(0, SPREAD²).

    The sampler is linear here, so one run on basis vectors gives its coefficients for the start and for every noise.
    """
    sigmas = fine_ladder(steps)
    basis = torch.eye(steps + 1, dtype=torch.float64)

    def centred(x: Tensor, sigma: float) -> Tensor:
        return x * SPREAD**2 / (SPREAD**2 + sigma**2)

    x = basis[0] * math.sqrt(SPREAD**2 + sigmas[0] ** 2)
    for step in SAMPLERS["euler_a"](centred, x, sigmas, lambda k: basis[k + 1]):
        x = step.x
    return float(x.norm())


def test_euler_a_draws_from_the_right_distribution_in_the_limit() -> None:
    errors = [abs(ancestral_spread(steps) - SPREAD) for steps in (50, 100, 200, 400)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.02 * SPREAD


def test_euler_a_needs_noise_of_every_step_but_the_last() -> None:
    asked: list[int] = []

    def noise(step: int) -> Tensor:
        asked.append(step)
        return unit_noise(step)

    ours("euler_a", unit_noise(0), [10.0, 5.0, 1.0, 0.1, 0.0], noise)
    assert asked == [0, 1, 2]


@given(sigma=st.floats(1e-3, 200), fraction=st.floats(0, 1))
def test_an_ancestral_step_keeps_the_variance(sigma: float, fraction: float) -> None:
    following = sigma * fraction
    down, up = ancestral_step(sigma, following)
    assert 0 <= down <= following * (1 + 1e-9)
    assert 0 <= up <= following * (1 + 1e-9)
    assert math.hypot(down, up) == pytest.approx(following, rel=1e-9, abs=1e-12)
    assert ancestral_step(sigma, 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("name", SAMPLERS)
def test_any_sampler_returns_a_constant_picture_exactly(name: str) -> None:
    """Where the denoiser is sure, the answer is what it says."""
    sure = torch.full(SHAPE, 0.37)
    sigmas = make_sigmas(make_process(), "karras", 12)
    last = None
    for step in SAMPLERS[name](lambda x, sigma: sure, start_of(sigmas), sigmas.levels, unit_noise):
        last = step
    assert last is not None
    assert (last.x - sure).abs().max() < 1e-5


@pytest.mark.parametrize("name", SAMPLERS)
def test_steps_are_told_in_order_and_the_denoiser_is_asked_once_a_step(name: str) -> None:
    sigmas = make_sigmas(make_process(), "trailing", 6)
    asked: list[float] = []

    def denoise(x: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return gaussian(x, sigma)

    start = start_of(sigmas)
    untouched = start.clone()
    told = list(SAMPLERS[name](denoise, start, sigmas.levels, unit_noise))
    assert [step.index for step in told] == list(range(6))
    assert {step.total for step in told} == {6}
    assert [step.sigma for step in told] == list(sigmas.levels[:-1])
    twice = [
        sigma for sigma in sigmas.levels[1:-1] for _ in range(2)
    ]  # Heun looks at both ends of a step, but the last
    assert asked == ([sigmas.levels[0], *twice] if name == "heun" else list(sigmas.levels[:-1]))
    assert_close(told[-1].x, told[-1].x0, 1e-6)  # the last step arrives at the estimate itself
    assert torch.equal(told[0].x0, gaussian(untouched, sigmas.levels[0]))
    assert torch.equal(start, untouched)


@pytest.mark.parametrize("name", SAMPLERS)
def test_no_work_is_done_before_it_is_asked_for(name: str) -> None:
    asked: list[float] = []

    def denoise(x: Tensor, sigma: float) -> Tensor:
        asked.append(sigma)
        return gaussian(x, sigma)

    steps = SAMPLERS[name](denoise, unit_noise(0), [10.0, 5.0, 1.0, 0.0], unit_noise)
    looks = [10.0, 5.0] if name == "heun" else [10.0]
    assert asked == []
    next(steps)
    assert asked == looks
    steps.close()  # type: ignore[attr-defined]
    assert asked == looks


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_treats_every_picture_of_a_batch_alone(name: str) -> None:
    sigmas = make_sigmas(make_process(), "karras", 7)
    start = start_of(sigmas)
    together = ours(name, start, sigmas.levels, unit_noise)
    for row in range(2):
        alone = ours(name, start[row : row + 1], sigmas.levels, lambda k, row=row: unit_noise(k)[row : row + 1])
        assert torch.equal(alone[0], together[row])


def test_euler_and_ddim_are_one_method_in_sigma_space() -> None:
    sigmas = make_sigmas(make_process(), "karras", 10)
    start = start_of(sigmas)
    assert_close(ours("euler", start, sigmas.levels), ours("ddim", start, sigmas.levels), 1e-6)
