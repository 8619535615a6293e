"""Noise levels: the table a model was trained on, and the ladder of levels a sampler climbs down.

Everything is in k-diffusion's sigma space: x = x0 + sigma·noise, where sigma² = (1 − ᾱ)/ᾱ (Karras et al. 2022,
arXiv:2206.00364, appendix B.1.1 and equation 5 for the spacing named after the first author).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sdplay.core.errors import BadRequest

Floats = NDArray[np.float64]
Prediction = Literal["epsilon", "v_prediction"]
KARRAS_RHO = 7.0
BETA_SHAPE, BETA_GRID = 0.6, 100_001
ALIGNED = (14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029)


@dataclass(frozen=True, slots=True)
class Sigmas:
    """Levels from the noisiest to the cleanest: `sigmas` has steps + 1 entries; the start is noise·`start_scale`."""

    sigmas: tuple[float, ...]
    init_noise_sigma: float

    @property
    def steps(self) -> int:
        return len(self.sigmas) - 1

    @property
    def end_scale(self) -> float:
        """What the last x is multiplied by to be the latents: 1 unless the ladder stops above zero noise."""
        return 1 / math.sqrt(1 + self.sigmas[-1] ** 2)

    def for_strength(self, strength: float) -> Sigmas:
        """The part that is climbed when a picture is to change by `strength` 0..1: the last int(steps·strength) steps.

        Started from known + sigma·noise; whole at 1, one level of zero noise at 0 (diffusers counts the same way).
        """
        return self.last(min(int(self.steps * strength), self.steps))

    def last(self, left: int) -> Sigmas:
        """The part that is climbed in the last `left` steps."""
        return self if left == self.steps else Sigmas(self.sigmas[self.steps - left :], self.sigmas[self.steps - left])


@dataclass(frozen=True, slots=True, eq=False)
class NoiseSchedule:
    """The training levels of a model: `sigmas` [T] rising, `prediction` what its network outputs.

    `spacing` is the one its authors chose ("leading", "trailing" or "linspace"), `offset` its steps_offset.
    """

    sigmas: Floats
    prediction: Prediction
    spacing: str
    offset: int

    @property
    def length(self) -> int:
        return len(self.sigmas)

    def timestep(self, sigma: float) -> float:
        """The (fractional) training step whose level is `sigma`, interpolated in log sigma and clamped to the table."""
        return float(np.interp(math.log(sigma), np.log(self.sigmas), np.arange(self.length)))

    def sigmas_at(self, timesteps: Floats) -> Floats:
        return np.interp(timesteps, np.arange(self.length), self.sigmas)


def make_noise_schedule(
    *,
    length: int = 1000,
    beta_start: float = 0.00085,
    beta_end: float = 0.012,
    beta_schedule: str = "scaled_linear",
    prediction: Prediction = "epsilon",
    spacing: str = "leading",
    offset: int = 1,
) -> NoiseSchedule:
    """The table of a Stable Diffusion model from the entries of its scheduler_config.json; `ValueError` for others."""
    if prediction not in get_args(Prediction):
        raise ValueError(f"unknown prediction_type {prediction!r}; known: {', '.join(get_args(Prediction))}")
    if beta_schedule == "scaled_linear":
        betas = np.linspace(beta_start**0.5, beta_end**0.5, length, dtype=np.float32).astype(np.float64) ** 2
    elif beta_schedule == "linear":
        betas = np.linspace(beta_start, beta_end, length)
    else:
        raise ValueError(f"unknown beta_schedule {beta_schedule!r}; known: scaled_linear, linear")
    kept = np.cumprod(1 - betas)
    return NoiseSchedule(np.sqrt((1 - kept) / kept), prediction, spacing, offset)


def linspace(table: NoiseSchedule, steps: int) -> Floats:
    """From the last training step to the first; a single step starts at the noisiest (diffusers: the cleanest)."""
    return table.sigmas_at(np.linspace(table.length - 1, 0, steps, dtype=np.float64))


def leading(table: NoiseSchedule, steps: int) -> Floats:
    """Multiples of a whole stride, plus the offset as far as the table reaches."""
    timesteps = np.arange(steps, dtype=np.float64)[::-1] * (table.length // steps)
    return table.sigmas_at(timesteps + min(table.offset, table.length - 1 - timesteps[0]))


def trailing(table: NoiseSchedule, steps: int) -> Floats:
    """Counted down from the last training step in even strides, rounded."""
    strides = np.arange(steps, 0, -1, dtype=np.float64)
    return table.sigmas_at(np.round(strides * (table.length / steps)) - 1)


def karras(table: NoiseSchedule, steps: int) -> Floats:
    high, low = (float(s) ** (1 / KARRAS_RHO) for s in (table.sigmas[-1], table.sigmas[0]))
    return (high + np.linspace(0, 1, steps) * (low - high)) ** KARRAS_RHO


def exponential(table: NoiseSchedule, steps: int) -> Floats:
    return np.exp(np.linspace(math.log(table.sigmas[-1]), math.log(table.sigmas[0]), steps))


def beta(table: NoiseSchedule, steps: int) -> Floats:
    """Levels at the quantiles of a Beta(0.6, 0.6) distribution, close at both ends (arXiv:2407.12173)."""
    low, high = float(table.sigmas[0]), float(table.sigmas[-1])
    return low + beta_quantiles(1 - np.linspace(0, 1, steps)) * (high - low)


def beta_quantiles(parts: Floats) -> Floats:
    """The quantiles of Beta(0.6, 0.6) at `parts` 0..1.

    With x = sin²θ the density becomes 2·(sin θ·cos θ)^0.2 dθ, which has no poles and adds up on a grid; the grid is
    denser at the ends, where its slope is steep.
    """
    places = np.linspace(0, 1, BETA_GRID)
    angle = (math.pi / 2) * (places - np.sin(2 * math.pi * places) / (2 * math.pi))
    density = np.abs(np.sin(angle) * np.cos(angle)) ** (2 * BETA_SHAPE - 1)
    area = np.concatenate([[0.0], np.cumsum(np.diff(angle) * (density[1:] + density[:-1]) / 2)])
    return np.sin(np.interp(parts, area / area[-1], angle)) ** 2


def align_your_steps(table: NoiseSchedule, steps: int) -> Floats:
    """The levels found best for Stable Diffusion 1.5, log-linearly interpolated (Sabour et al., arXiv:2404.14507)."""
    known = np.log(ALIGNED)
    levels = np.exp(np.interp(np.linspace(0, len(known) - 1, steps), np.arange(len(known)), known))
    return np.clip(levels, table.sigmas[0], table.sigmas[-1])  # the paper rounds both ends, out of the table


SCHEDULES: dict[str, Callable[[NoiseSchedule, int], Floats]] = {
    "leading": leading,
    "trailing": trailing,
    "linspace": linspace,
    "karras": karras,
    "exponential": exponential,
    "beta": beta,
    "align_your_steps": align_your_steps,
}


def make_sigmas(table: NoiseSchedule, schedule: str, steps: int) -> Sigmas:
    """`steps` levels of `table` spaced by `schedule`, and a last one of zero.

    The start follows diffusers: sigma·noise, and sqrt(1 + sigma²)·noise where the spacing stops short of the
    noisiest level ("leading"), since there the picture has not vanished yet. Raises `BadRequest` for more steps than
    the table has levels.
    """
    if steps > table.length:
        reason = f"this model was trained at {table.length} noise levels, so that many steps are the most"
        raise BadRequest(reason, field="steps", value=steps)
    sigmas = SCHEDULES[schedule](table, steps)
    top = float(sigmas[0])
    return Sigmas((*map(float, sigmas), 0.0), math.sqrt(1 + top**2) if schedule == "leading" else top)
