"""The noise levels of a run, against those of diffusers and on their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from diffusers import DPMSolverMultistepScheduler, EulerDiscreteScheduler

from sdplay.core.errors import BadRequest
from sdplay.sampling.process import NoiseSchedule, make_process
from sdplay.sampling.sigmas import SCHEDULES, Sigmas, make_sigmas

SD15 = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
# diffusers multiplies a thousand float32 numbers up, we float64: their table is off by this much at most.
TABLE_TOLERANCE = 2e-5
STEPS = [1, 2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 28, 30, 33, 50, 64, 75, 100, 150, 200, 250, 333, 500, 999, 1000]
FEW_STEPS = [2, 4, 8, 20, 50]


def theirs(kind: Any, steps: int, **settings: Any) -> np.ndarray:
    scheduler = kind(**SD15, **settings)
    scheduler.set_timesteps(steps)
    return scheduler.sigmas.double().numpy()


def assert_same_sigmas(ours: Sigmas, others: np.ndarray, tolerance: float = TABLE_TOLERANCE) -> None:
    assert len(ours.levels) == len(others)
    assert ours.levels[-1] == others[-1] == 0
    assert np.array(ours.levels[:-1]) == pytest.approx(others[:-1], rel=tolerance)


@pytest.mark.parametrize("beta_schedule", ["scaled_linear", "linear"])
def test_the_table_is_that_of_diffusers(beta_schedule: str) -> None:
    settings = {**SD15, "beta_schedule": beta_schedule}
    alphas = EulerDiscreteScheduler(**settings).alphas_cumprod.double().numpy()
    table = make_process(beta_schedule=beta_schedule).schedule
    assert table.length == 1000
    assert table.sigmas == pytest.approx(((1 - alphas) / alphas) ** 0.5, rel=TABLE_TOLERANCE)
    assert (np.diff(table.sigmas) > 0).all()


def test_the_table_of_zero_snr_is_that_of_diffusers() -> None:
    scheduler = EulerDiscreteScheduler(**SD15, rescale_betas_zero_snr=True, timestep_spacing="trailing")
    alphas = scheduler.alphas_cumprod.double().numpy()
    process = make_process(zero_snr=True, prediction="v_prediction")
    assert process.schedule.sigmas == pytest.approx(((1 - alphas) / alphas) ** 0.5, rel=1e-4)
    assert process.schedule.sigmas[-1] == pytest.approx(4096, rel=1e-6)
    others = theirs(EulerDiscreteScheduler, 20, timestep_spacing="trailing", rescale_betas_zero_snr=True)
    assert_same_sigmas(make_sigmas(process, "trailing", 20), others, 1e-4)


def test_zero_snr_is_for_networks_that_predict_v() -> None:
    with pytest.raises(ValueError, match="rescale_betas_zero_snr and predicts epsilon"):
        make_process(zero_snr=True)


def test_the_ends_of_the_table_of_stable_diffusion() -> None:
    sigmas = make_process().schedule.sigmas
    assert (sigmas[0], sigmas[-1]) == (pytest.approx(0.029167, abs=1e-6), pytest.approx(14.6146, abs=1e-4))


@pytest.mark.parametrize("steps", STEPS)
def test_leading_is_that_of_euler(steps: int) -> None:
    """Up to 999 steps. At 1000 theirs has the noisiest level twice: offset 1 leaves the table, and they clamp."""
    others = theirs(EulerDiscreteScheduler, steps, timestep_spacing="leading", steps_offset=1)
    ours = make_sigmas(make_process(offset=1), "leading", steps)
    if steps == 1000:
        assert others[0] == others[1]
        assert np.array(ours.levels[:-1]) == pytest.approx(make_process().schedule.sigmas[::-1])
    else:
        assert_same_sigmas(ours, others)


@pytest.mark.parametrize("steps", STEPS)
def test_trailing_is_that_of_euler(steps: int) -> None:
    others = theirs(EulerDiscreteScheduler, steps, timestep_spacing="trailing")
    assert_same_sigmas(make_sigmas(make_process(), "trailing", steps), others)


@pytest.mark.parametrize("steps", STEPS)
def test_linspace_is_that_of_euler(steps: int) -> None:
    """But for one step: numpy's linspace(0, 999, 1) is the *cleanest* level, from which no picture can be drawn."""
    others = theirs(EulerDiscreteScheduler, steps, timestep_spacing="linspace")
    ours = make_sigmas(make_process(), "linspace", steps)
    if steps == 1:
        assert others[0] == pytest.approx(0.029167, abs=1e-6)
        assert ours.levels[0] == pytest.approx(14.6146, abs=1e-4)
    else:
        assert_same_sigmas(ours, others)


@pytest.mark.parametrize("steps", FEW_STEPS)
@pytest.mark.parametrize("name", ["karras", "exponential"])
@pytest.mark.parametrize("kind", [EulerDiscreteScheduler, DPMSolverMultistepScheduler])
def test_karras_and_exponential_are_those_of_euler_and_dpm(name: str, steps: int, kind: Any) -> None:
    """Between the ends of the whole table: DPMSolverMultistep has it so whatever its spacing, Euler for linspace."""
    others = theirs(kind, steps, timestep_spacing="linspace", **{f"use_{name}_sigmas": True})
    assert_same_sigmas(make_sigmas(make_process(), name, steps), others)


@pytest.mark.parametrize("steps", FEW_STEPS)
def test_trailing_is_that_of_dpm_too(steps: int) -> None:
    others = theirs(DPMSolverMultistepScheduler, steps, timestep_spacing="trailing")
    assert_same_sigmas(make_sigmas(make_process(), "trailing", steps), others)


@pytest.mark.parametrize("name", ["leading", "linspace"])
def test_leading_and_linspace_are_not_those_of_dpm_on_purpose(name: str) -> None:
    """DPMSolverMultistep cuts steps + 1 levels and drops the last; here a schedule is one thing for all samplers."""
    others = theirs(DPMSolverMultistepScheduler, 20, timestep_spacing=name, steps_offset=1)
    ours = make_sigmas(make_process(), name, 20)
    assert len(ours.levels) == len(others)
    assert ours.levels[-2] < others[-2] / 2


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("offset", [0, 1])
def test_every_sigmas_of_any_length_goes_down_strictly_and_ends_at_zero(name: str, offset: int) -> None:
    process = make_process(offset=offset)
    for steps in range(1, 1001):
        sigmas = make_sigmas(process, name, steps)
        values = np.array(sigmas.levels)
        assert (sigmas.steps, len(values), values[-1]) == (steps, steps + 1, 0)
        assert (np.diff(values) < 0).all(), steps
        assert values[0] <= process.schedule.sigmas[-1] * (1 + 1e-12)
        assert values[-2] >= process.schedule.sigmas[0] * (1 - 1e-12)


@pytest.mark.parametrize("name", ["trailing", "linspace", "karras", "exponential"])
@pytest.mark.parametrize("steps", [1, 2, 20])
def test_all_but_leading_start_at_the_noisiest_level_with_sigma_times_noise(name: str, steps: int) -> None:
    sigmas = make_sigmas(make_process(), name, steps)
    assert sigmas.levels[0] == pytest.approx(make_process().schedule.sigmas[-1], rel=1e-12)
    assert sigmas.init_noise_sigma == sigmas.levels[0]


@pytest.mark.parametrize("steps", [1, 4, 20, 50])
def test_leading_starts_with_the_root_of_one_plus_sigma_squared(steps: int) -> None:
    sigmas = make_sigmas(make_process(), "leading", steps)
    assert sigmas.init_noise_sigma == math.sqrt(1 + sigmas.levels[0] ** 2)
    scheduler = EulerDiscreteScheduler(**SD15, timestep_spacing="leading", steps_offset=1)
    scheduler.set_timesteps(steps)
    assert sigmas.init_noise_sigma == pytest.approx(float(scheduler.init_noise_sigma), rel=TABLE_TOLERANCE)


@pytest.mark.parametrize("steps", [4, 20, 50])
def test_trailing_starts_as_euler_does(steps: int) -> None:
    scheduler = EulerDiscreteScheduler(**SD15, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    start = make_sigmas(make_process(), "trailing", steps).init_noise_sigma
    assert start == pytest.approx(float(scheduler.init_noise_sigma), rel=TABLE_TOLERANCE)


def test_the_timestep_of_a_level_is_the_inverse_of_the_level_of_a_timestep() -> None:
    table = make_process().schedule
    for step in (0, 1, 500, 951, 998, 999):
        assert table.timestep(float(table.sigmas[step])) == pytest.approx(step, abs=1e-6)
    between = float(np.sqrt(table.sigmas[10] * table.sigmas[11]))
    assert table.timestep(between) == pytest.approx(10.5, abs=1e-9)
    assert table.timestep(1e-9) == 0
    assert table.timestep(1e9) == 999
    assert table.sigmas_at(np.array([10.0, 10.5])) == pytest.approx(
        [table.sigmas[10], (table.sigmas[10] + table.sigmas[11]) / 2]
    )


@pytest.mark.parametrize("name", SCHEDULES)
def test_more_steps_than_the_model_has_levels_are_refused(name: str) -> None:
    process = make_process(length=50)
    assert make_sigmas(process, name, 50).steps == 50
    with pytest.raises(BadRequest, match=r"steps = 51: .*50 noise levels"):
        make_sigmas(process, name, 51)


@pytest.mark.parametrize(
    ("entry", "value", "known"),
    [
        ("beta_schedule", "squaredcos_cap_v2", "scaled_linear, linear"),
        ("prediction", "sample", "epsilon, v_prediction"),
    ],
)
def test_a_table_we_cannot_make_is_refused(entry: str, value: str, known: str) -> None:
    with pytest.raises(ValueError, match=f"unknown {entry}.*'{value}'; known: {known}"):
        make_process(**{entry: value})  # type: ignore[arg-type]


def test_tables_are_compared_by_identity_and_hold_what_they_were_given() -> None:
    table = NoiseSchedule(np.array([0.1, 1.0]), 0)
    assert (table.length, table.offset) == (2, 0)
    assert table != NoiseSchedule(np.array([0.1, 1.0]), 0)


@pytest.mark.parametrize("steps", [2, 5, 20, 100])
def test_beta_spaces_levels_by_the_quantiles_of_its_distribution(steps: int) -> None:
    """Held to the incomplete beta function by its series (Abramowitz & Stegun 26.5.4), not by our integral."""

    def series(x: float, shape: float = 0.6) -> float:
        term = total = 1.0
        for n in range(20_000):
            term *= (2 * shape + n) / (shape + 1 + n) * x
            total += term
            if term < 1e-16 * total:
                break
        whole = math.gamma(shape) ** 2 / math.gamma(2 * shape)
        return x**shape * (1 - x) ** shape / (shape * whole) * total

    sigmas = np.array(make_sigmas(make_process(), "beta", steps).levels[:-1])
    low, high = make_process().schedule.sigmas[[0, -1]]
    parts = (sigmas - low) / (high - low)
    assert (parts[0], parts[-1]) == (pytest.approx(1), pytest.approx(0, abs=1e-9))
    wanted = 1 - np.linspace(0, 1, steps)
    small = (parts > 0) & (parts < 0.9)  # where the series converges quickly; the distribution is symmetric
    assert [series(x) for x in parts[small]] == pytest.approx(wanted[small], abs=1e-6)
    assert parts[::-1] == pytest.approx(1 - parts, abs=1e-6)


def test_align_your_steps_are_the_published_levels_and_lie_between_them_otherwise() -> None:
    published = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029]
    assert make_sigmas(make_process(), "align_your_steps", 11).levels[:-1] == pytest.approx(published, rel=6e-3)
    # the two ends lie just outside the table of the model
    assert make_sigmas(make_process(), "align_your_steps", 11).levels[1:-2] == pytest.approx(published[1:-1])
    finer = make_sigmas(make_process(), "align_your_steps", 21).levels
    assert finer[1] == pytest.approx(math.sqrt(14.615 * 6.475))
    assert all(np.diff(finer) < 0)
