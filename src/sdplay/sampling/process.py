"""The process a network was trained on: how noise is added, and what the network's output means.

Whatever differs between kinds of networks is here. Samplers, guidance and masks know only x, x0 and sigma.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]
Prediction = Literal["epsilon", "v_prediction"]


@dataclass(frozen=True, slots=True, eq=False)
class NoiseSchedule:
    """The noise levels of a model's training: `sigmas` [T], rising.

    `offset` is what "leading" timesteps are counted up by: the authors' steps_offset.
    """

    sigmas: Floats
    offset: int

    @property
    def length(self) -> int:
        return len(self.sigmas)

    def timestep(self, sigma: float) -> float:
        """The (fractional) timestep of level `sigma`, interpolated in log sigma and clamped to the schedule."""
        return float(np.interp(math.log(sigma), np.log(self.sigmas), np.arange(self.length)))

    def level(self, timestep: int) -> float:
        """The level of one of the timesteps."""
        return float(self.sigmas[timestep])

    def sigmas_at(self, timesteps: Floats) -> Floats:
        return np.interp(timesteps, np.arange(self.length), self.sigmas)


class Process(ABC):
    """Latents x at the noise level `sigma`, from clean latents x0 and unit noise, and back.

    x, x0, noise and output have any shape [B, C, ...]; `sigma` > 0 is one level for the whole batch.
    """

    def __init__(self, schedule: NoiseSchedule) -> None:
        self.schedule = schedule

    @abstractmethod
    def init_noise_sigma(self, sigma: float, schedule: str) -> float:
        """What unit noise is multiplied by to be x at `sigma`, the first level of a run spaced by `schedule`."""

    @abstractmethod
    def add_noise(self, x0: Tensor, noise: Tensor, sigma: float) -> Tensor: ...

    @abstractmethod
    def timestep(self, sigma: float) -> float:
        """The number by which the network knows the level `sigma`."""

    @abstractmethod
    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        """What the network reads instead of x."""

    @abstractmethod
    def x0(self, x: Tensor, sigma: float, output: Tensor) -> Tensor:
        """The clean latents, as the network's `output` estimates them."""

    @abstractmethod
    def skip(self, x: Tensor, sigma: float) -> Tensor:
        """The part of x0 that does not depend on the output: x0 = skip − s·output, where s depends on sigma alone."""


class DDPMProcess(Process):
    """Networks trained as in DDPM, such as Stable Diffusion; x is in k-diffusion's sigma space: x = x0 + sigma·noise.

    sigma² = (1 − ᾱ)/ᾱ (Karras et al. 2022, arXiv:2206.00364, appendix B.1.1). The network reads x/sqrt(1 + sigma²).
    """

    def init_noise_sigma(self, sigma: float, schedule: str) -> float:
        """As in diffusers: with "leading" timesteps the picture has not vanished yet at the first level."""
        return math.sqrt(1 + sigma**2) if schedule == "leading" else sigma

    def add_noise(self, x0: Tensor, noise: Tensor, sigma: float) -> Tensor:
        return x0 + noise * sigma

    def timestep(self, sigma: float) -> float:
        return self.schedule.timestep(sigma)

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        return x * (1 + sigma**2) ** -0.5


class EpsilonProcess(DDPMProcess):
    """The network predicts the noise: x0 = x − sigma·output (Ho et al. 2020, arXiv:2006.11239)."""

    def x0(self, x: Tensor, sigma: float, output: Tensor) -> Tensor:
        return x - output * sigma

    def skip(self, x: Tensor, sigma: float) -> Tensor:
        return x


class VProcess(DDPMProcess):
    """The network predicts v. With c = 1/sqrt(1 + sigma²): x0 = c²·x − sigma·c·output.

    Source: Salimans & Ho 2022, arXiv:2202.00512, appendix D.
    """

    def x0(self, x: Tensor, sigma: float, output: Tensor) -> Tensor:
        scale = (1 + sigma**2) ** -0.5
        return x * scale**2 - output * (sigma * scale)

    def skip(self, x: Tensor, sigma: float) -> Tensor:
        return x / (1 + sigma**2)


LEAST_ALPHA = 2.0**-24  # a noise level of 4096
PROCESSES: dict[Prediction, type[Process]] = {"epsilon": EpsilonProcess, "v_prediction": VProcess}


def make_process(
    *,
    length: int = 1000,
    beta_start: float = 0.00085,
    beta_end: float = 0.012,
    beta_schedule: str = "scaled_linear",
    prediction: Prediction = "epsilon",
    offset: int = 1,
    zero_snr: bool = False,
) -> Process:
    """The process of a Stable Diffusion model, from the entries of its scheduler_config.json.

    `zero_snr`: at the last step of its training nothing was left of the picture (rescale_betas_zero_snr). Raises
    `ValueError` for an unknown prediction_type or beta_schedule, for betas outside 0..1, and for `zero_snr` without v.
    """
    if prediction not in PROCESSES:
        raise ValueError(f"unknown prediction_type {prediction!r}; known: {', '.join(PROCESSES)}")
    if not 0 < beta_start <= beta_end < 1:
        raise ValueError(f"its betas go from {beta_start} to {beta_end}, and 0 to 1 are possible")
    if beta_schedule == "scaled_linear":
        betas = np.linspace(beta_start**0.5, beta_end**0.5, length, dtype=np.float32).astype(np.float64) ** 2
    elif beta_schedule == "linear":
        betas = np.linspace(beta_start, beta_end, length)
    else:
        raise ValueError(f"unknown beta_schedule {beta_schedule!r}; known: scaled_linear, linear")
    alphas_cumprod: Floats = np.cumprod(1 - betas).astype(np.float64, copy=False)
    if zero_snr and prediction == "epsilon":
        raise ValueError("it sets rescale_betas_zero_snr and predicts epsilon, which says nothing at the last level")
    if zero_snr:
        alphas_cumprod = rescaled_to_zero_snr(alphas_cumprod)
    schedule = NoiseSchedule(np.sqrt((1 - alphas_cumprod) / alphas_cumprod), offset)
    return PROCESSES[prediction](schedule)


def rescaled_to_zero_snr(alphas_cumprod: Floats) -> Floats:
    """ᾱ moved and stretched so that the last is zero and the first stays, in steps of its root.

    The last is then set to `LEAST_ALPHA`, as in diffusers: no noise level is endless. Source: Lin et al. 2023,
    arXiv:2305.08891, algorithm 1.
    """
    roots = np.sqrt(alphas_cumprod)
    rescaled = ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2
    rescaled[-1] = LEAST_ALPHA
    return rescaled
