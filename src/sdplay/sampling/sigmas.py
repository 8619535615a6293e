"""The noise levels of a run, from the noisiest to zero: `SCHEDULES` chooses them among those of a model's training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sdplay.core.errors import BadRequest
from sdplay.sampling.process import Floats, NoiseSchedule, Process

KARRAS_RHO = 7.0  # Karras et al. 2022, arXiv:2206.00364, equation 5
BETA_SHAPE, BETA_GRID = 0.6, 100_001
ALIGNED = (14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029)


@dataclass(frozen=True, slots=True)
class Sigmas:
    """`levels` are steps + 1 of them, falling to 0; a run without a picture starts from noise·`init_noise_sigma`."""

    levels: tuple[float, ...]
    init_noise_sigma: float

    @property
    def steps(self) -> int:
        return len(self.levels) - 1

    def for_strength(self, strength: float) -> Sigmas:
        """The last int(steps·strength) steps, as in diffusers: what a picture goes through that changes by `strength`.

        All steps at strength 1; at 0 none, which is the level 0 alone.
        """
        return self.last(min(int(self.steps * strength), self.steps))

    def last(self, steps: int) -> Sigmas:
        """The last `steps` steps, to be started from a picture with noise."""
        first = self.steps - steps
        return Sigmas(self.levels[first:], self.levels[first]) if first else self


def linspace(schedule: NoiseSchedule, steps: int) -> Floats:
    """From the last training step to the first; a single step starts at the noisiest (diffusers: the cleanest)."""
    return schedule.sigmas_at(np.linspace(schedule.length - 1, 0, steps, dtype=np.float64))


def leading(schedule: NoiseSchedule, steps: int) -> Floats:
    """Multiples of a whole stride, plus the offset as far as the table reaches."""
    timesteps = np.arange(steps, dtype=np.float64)[::-1] * (schedule.length // steps)
    return schedule.sigmas_at(timesteps + min(schedule.offset, schedule.length - 1 - timesteps[0]))


def trailing(schedule: NoiseSchedule, steps: int) -> Floats:
    """Counted down from the last training step in even strides, rounded."""
    strides = np.arange(steps, 0, -1, dtype=np.float64)
    return schedule.sigmas_at(np.round(strides * (schedule.length / steps)) - 1)


def karras(schedule: NoiseSchedule, steps: int) -> Floats:
    high, low = (float(s) ** (1 / KARRAS_RHO) for s in (schedule.sigmas[-1], schedule.sigmas[0]))
    return (high + np.linspace(0, 1, steps) * (low - high)) ** KARRAS_RHO


def exponential(schedule: NoiseSchedule, steps: int) -> Floats:
    return np.exp(np.linspace(math.log(schedule.sigmas[-1]), math.log(schedule.sigmas[0]), steps))


def beta(schedule: NoiseSchedule, steps: int) -> Floats:
    """Levels at the quantiles of a Beta(0.6, 0.6) distribution, close at both ends (arXiv:2407.12173)."""
    low, high = float(schedule.sigmas[0]), float(schedule.sigmas[-1])
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


def align_your_steps(schedule: NoiseSchedule, steps: int) -> Floats:
    """The levels found best for Stable Diffusion 1.5, log-linearly interpolated (Sabour et al., arXiv:2404.14507)."""
    known = np.log(ALIGNED)
    levels = np.exp(np.interp(np.linspace(0, len(known) - 1, steps), np.arange(len(known)), known))
    return np.clip(levels, schedule.sigmas[0], schedule.sigmas[-1])  # the paper rounds both ends, out of the table


SCHEDULES: dict[str, Callable[[NoiseSchedule, int], Floats]] = {
    "leading": leading,
    "trailing": trailing,
    "linspace": linspace,
    "karras": karras,
    "exponential": exponential,
    "beta": beta,
    "align_your_steps": align_your_steps,
}


def make_sigmas(process: Process, schedule: str, steps: int) -> Sigmas:
    """`steps` levels of the process, spaced by `schedule` (a key of `SCHEDULES`), and a last one of zero.

    Raises `BadRequest` for more steps than there were levels in training.
    """
    length = process.schedule.length
    if steps > length:
        reason = f"this model was trained at {length} noise levels, so that many steps are the most"
        raise BadRequest(reason, field="steps", value=steps)
    sigmas = SCHEDULES[schedule](process.schedule, steps)
    return Sigmas((*map(float, sigmas), 0.0), process.init_noise_sigma(float(sigmas[0]), schedule))
