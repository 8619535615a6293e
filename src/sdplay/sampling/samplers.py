"""Samplers: pure functions that take x down through noise levels and yield after every step.

    sampler(denoise, x, sigmas, noise) -> Iterator[Step]

`x` is [B, C, ...] at the level sigmas[0]; `noise(k)` is fresh unit noise of x's shape for step k; only ancestral and
SDE samplers, LCM and TCD ask for it. The caller may stop at any step. `make_sampler` gives the one of a name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise

from torch import Tensor

from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.noise import NoiseSampler
from sdplay.sampling.process import NoiseSchedule, make_process


@dataclass(frozen=True, slots=True)
class Step:
    """Step `index` (from 0) of `total` is done: `x` is at the next level, `x0` is the estimate from the old x."""

    index: int
    total: int
    sigma: float
    x: Tensor
    x0: Tensor


Sampler = Callable[[Denoiser, Tensor, Sequence[float], NoiseSampler], Iterator[Step]]


def euler(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler) -> Iterator[Step]:
    """Euler's method on the probability-flow ODE (Karras et al. 2022, algorithm 2 without its correction)."""
    total = len(sigmas) - 1
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        x = x + slope * (sigma_next - sigma)
        yield Step(i, total, sigma, x, x0)


def ddim(
    denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler, *, eta: float = 0.0
) -> Iterator[Step]:
    """DDIM (Song et al. 2020, arXiv:2010.02502, equations 12 and 16), written in sigma space; usually without noise."""
    total = len(sigmas) - 1
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        epsilon = (x - x0) / sigma
        down, up = ancestral_step(sigma, sigma_next, eta) if eta else (sigma_next, 0.0)
        x = x0 + epsilon * down
        if up > 0:
            x = x + noise(i) * up
        yield Step(i, total, sigma, x, x0)


def ancestral_step(sigma: float, sigma_next: float, eta: float = 1.0) -> tuple[float, float]:
    """(sigma_down, sigma_up): go down to the one, add noise of the other, and the variance at `sigma_next` is right.

    `eta` 0..1 is the share of the noise that is added of that which a step of DDPM adds.
    """
    up = eta * math.sqrt(sigma_next**2 * (sigma**2 - sigma_next**2) / sigma**2)
    return math.sqrt(sigma_next**2 - up**2), up


def euler_ancestral(
    denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler, *, eta: float = 1.0
) -> Iterator[Step]:
    """Euler steps that go too far down and add fresh noise back (k-diffusion's Euler ancestral)."""
    total = len(sigmas) - 1
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        down, up = ancestral_step(sigma, sigma_next, eta)
        x = x + (x - x0) / sigma * (down - sigma)
        if up > 0:
            x = x + noise(i) * up
        yield Step(i, total, sigma, x, x0)


def dpmpp_2m(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler) -> Iterator[Step]:
    """DPM-Solver++(2M) (Lu et al. 2022, arXiv:2211.01095, algorithm 2), with t = −log sigma."""
    total = len(sigmas) - 1
    old_denoised: Tensor | None = None  # x0 of the step before
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        else:
            h = math.log(sigma / sigma_next)
            denoised_d = x0  # x0 extrapolated to the middle of the step
            if old_denoised is not None:
                ratio = math.log(sigmas[i - 1] / sigma) / h
                denoised_d = (1 + 1 / (2 * ratio)) * x0 - (1 / (2 * ratio)) * old_denoised
            x = (sigma_next / sigma) * x - math.expm1(-h) * denoised_d
        old_denoised = x0
        yield Step(i, total, sigma, x, x0)


def dpmpp_2m_sde(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler) -> Iterator[Step]:
    """SDE-DPM-Solver++(2M), midpoint, eta 1 (Lu et al. 2022, arXiv:2211.01095, section 4 and appendix B)."""
    total = len(sigmas) - 1
    old_denoised: Tensor | None = None
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        if sigma_next == 0:
            x = x0
        else:
            h = math.log(sigma / sigma_next)
            b = -math.expm1(-2 * h)  # 1 − e^(−2h), what x0 weighs
            x_next = (sigma_next / sigma) * math.exp(-h) * x + b * x0
            if old_denoised is not None:
                ratio = math.log(sigmas[i - 1] / sigma) / h
                x_next = x_next + 0.5 * b / ratio * (x0 - old_denoised)
            x = x_next + noise(i) * (sigma_next * math.sqrt(b))
        old_denoised = x0
        yield Step(i, total, sigma, x, x0)


def heun(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler) -> Iterator[Step]:
    """Heun's method (Karras et al. 2022, algorithm 1 without churn): two evaluations a step, one in the last."""
    total = len(sigmas) - 1
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        slope = (x - x0) / sigma
        x_next = x + slope * (sigma_next - sigma)
        if sigma_next > 0:
            slope_next = (x_next - denoise(x_next, sigma_next)) / sigma_next
            x_next = x + (slope + slope_next) / 2 * (sigma_next - sigma)
        x = x_next
        yield Step(i, total, sigma, x, x0)


def lcm(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler) -> Iterator[Step]:
    """Multistep consistency sampling (Song et al. 2023, arXiv:2303.01469, algorithm 1), for models distilled for it."""
    total = len(sigmas) - 1
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        x = x0 + noise(i) * sigma_next if sigma_next > 0 else x0
        yield Step(i, total, sigma, x, x0)


@cache
def usual_schedule() -> NoiseSchedule:
    """That of Stable Diffusion."""
    return make_process().schedule


def tcd(
    denoise: Denoiser,
    x: Tensor,
    sigmas: Sequence[float],
    noise: NoiseSampler,
    *,
    eta: float = 0.3,
    schedule: NoiseSchedule | None = None,
) -> Iterator[Step]:
    """Strategic stochastic sampling (Zheng et al. 2024, arXiv:2402.19159, algorithm 4), for models distilled for it.

    A step goes down to (1 − eta) of the next timestep of the model's `schedule` and adds noise back up to that one;
    the paper calls eta γ. At 0 that is DDIM, at 1 multistep consistency sampling.
    """
    known = schedule or usual_schedule()
    total = len(sigmas) - 1
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        below = known.level(math.floor((1 - eta) * known.timestep(sigma_next))) if sigma_next and eta else sigma_next
        x = x0 + (x - x0) / sigma * below
        if below < sigma_next:
            x = x + noise(i) * math.sqrt(sigma_next**2 - below**2)
        yield Step(i, total, sigma, x, x0)


def unipc(denoise: Denoiser, x: Tensor, sigmas: Sequence[float], noise: NoiseSampler) -> Iterator[Step]:
    """UniPC of order 2, B2(h), predicting x0 (Zhao et al. 2023, arXiv:2302.04867, algorithms 5 and 6).

    Every evaluation serves twice: it corrects the step before and predicts the next.
    """
    total = len(sigmas) - 1
    seen: list[Tensor] = []  # x0 at this level and the one before
    before = x
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas)):
        x0 = denoise(x, sigma)
        if i:
            x = unipc_corrected(before, seen, x0, sigmas[max(i - 2, 0) : i + 1])
        before, seen = x, [x0, *seen[:1]]
        if sigma_next == 0:
            x = x0
        else:
            h = math.log(sigma / sigma_next)
            x = (sigma_next / sigma) * x - math.expm1(-h) * x0
            if len(seen) == 2 and i < total - 1:
                ratio = math.log(sigmas[i - 1] / sigma) / h
                x = x - math.expm1(-h) * 0.5 * (x0 - seen[1]) / ratio
        yield Step(i, total, sigma, x, x0)


def unipc_corrected(before: Tensor, seen: Sequence[Tensor], x0: Tensor, levels: Sequence[float]) -> Tensor:
    """UniC: the last step, from `before` at levels[-2] to levels[-1], corrected by the estimate `x0` there.

    `seen` are the x0 at levels[-2] and, if there are two, at levels[-3].
    """
    sigma, sigma_next = levels[-2], levels[-1]
    h = math.log(sigma / sigma_next)
    b = math.expm1(-h)  # B(h)
    first_order = (sigma_next / sigma) * before - b * seen[0]
    if len(seen) == 1:
        return first_order - b * 0.5 * (x0 - seen[0])
    ratio = -math.log(levels[-3] / sigma) / h
    phi_2 = (b / -h - 1) / b  # φ₂ and φ₃ of the paper over B(h), which the two weights rho must match
    phi_3 = 2 * ((b / -h - 1) / -h - 0.5) / b
    rho = (phi_3 - phi_2) / (ratio - 1)
    return first_order - b * (rho * (seen[1] - seen[0]) / ratio + (phi_2 - rho) * (x0 - seen[0]))


SAMPLERS: dict[str, Sampler] = {
    "euler": euler,
    "euler_a": euler_ancestral,
    "heun": heun,
    "dpmpp_2m": dpmpp_2m,
    "dpmpp_2m_sde": dpmpp_2m_sde,
    "ddim": ddim,
    "unipc": unipc,
    "lcm": lcm,
    "tcd": tcd,
}
RENOISING = frozenset({"euler_a", "dpmpp_2m_sde", "lcm", "tcd"})  # those that add new noise on the way
WITH_ETA = frozenset({"euler_a", "ddim", "tcd"})  # those that can be told how much


def adds_noise(name: str, eta: float | None) -> bool:
    """Whether a sampler adds new noise on the way at that `eta`, None for its own."""
    return name in RENOISING if eta is None or name not in WITH_ETA else eta > 0


def make_sampler(name: str, eta: float | None, schedule: NoiseSchedule) -> Sampler:
    """The sampler called `name` at that `eta`, None for its own, for a model of the noise levels `schedule`."""
    settings = {} if eta is None or name not in WITH_ETA else {"eta": eta}
    if name == "tcd":
        return partial(tcd, schedule=schedule, **settings)
    return partial(SAMPLERS[name], **settings) if settings else SAMPLERS[name]
