"""`Denoiser`, the one protocol that samplers know, and its kinds: a network, guided, changed from step to step,
forecast at some steps, masked.

They wrap each other in that order, `NetworkDenoiser` innermost. The batch that samplers see is [B]; that of the
`NetworkDenoiser` inside guidance is [uncond…, cond…].
Classifier-free guidance is one batched call (Ho & Salimans 2022, arXiv:2207.12598, equation 6).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sdplay.sampling.process import Process

# network(x_scaled, timesteps[B]) -> output of x's shape; all on the device of the model, in float32
Network = Callable[[Tensor, Tensor], Tensor]


class Denoiser(Protocol):
    """Estimate the clean latents x0 [B, C, ...] from x, of the same shape, at one noise level for the whole batch."""

    def __call__(self, x: Tensor, sigma: float) -> Tensor: ...


class NetworkDenoiser:
    """A network as a denoiser, by the process that it was trained on."""

    def __init__(self, network: Network, process: Process) -> None:
        self.network, self.process = network, process

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        timesteps = torch.full((len(x),), self.process.timestep(sigma), dtype=torch.float32, device=x.device)
        output = self.network(self.process.scale_input(x, sigma), timesteps)
        return self.process.x0(x, sigma, output)


class MaskedDenoiser:
    """Inpainting with an ordinary model: outside `mask` the answer is `image_latents`.

    `mask` [B, 1, ...] is 1 where to repaint and 0 elsewhere, `image_latents` [B, C, ...] the clean latents of the given
    picture. Started from them with noise, a deterministic sampler then keeps the rest at them with noise of every
    level: what RePaint-style pipelines paste in after each step (Lugmayr et al. 2022, arXiv:2201.09865, equation 8).
    """

    def __init__(self, inner: Denoiser, mask: Tensor, image_latents: Tensor) -> None:
        self.inner, self.mask, self.image_latents = inner, mask, image_latents

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return torch.where(self.mask > 0, self.inner(x, sigma), self.image_latents)


class SteppedDenoiser:
    """Another denoiser at every step: `at(step)` makes that of step 0, 1, ... of a run through the levels `sigmas`.

    Step i lasts from sigmas[i] to just above sigmas[i + 1]. The level alone tells the step, so samplers need not, and
    those that evaluate levels in between get the right one.
    """

    def __init__(self, sigmas: Sequence[float], at: Callable[[int], Denoiser]) -> None:
        self.sigmas, self.at = sigmas, at

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return self.at(step_of(self.sigmas, sigma))(x, sigma)


def step_of(sigmas: Sequence[float], sigma: float) -> int:
    """The step of a run through `sigmas` in which the level `sigma` lies; 0 for levels above all of them."""
    reached = bisect_right(sigmas, -sigma, key=lambda level: -level)
    return min(max(reached - 1, 0), len(sigmas) - 2)


class ForecastDenoiser:
    """A denoiser that is asked at the `computed` steps of one run through the levels `sigmas`, and forecast at others.

    The forecast goes straight on through the last two answers, as in the method of Adams and Bashforth; what is drawn
    on is the noise that is predicted, (x − x0) / sigma, which changes slowly along a run without new noise. Where the
    sampler adds noise (`renoised`) that is other noise at each step, and x0 itself is drawn on. Polynomials of higher
    degree, fitted to all answers (Chebyshev, as in Spectrum), were measured and are worse here: see ADR 15.
    """

    def __init__(
        self, inner: Denoiser, sigmas: Sequence[float], computed: Collection[int], *, renoised: bool = False
    ) -> None:
        self.inner, self.sigmas, self.computed, self.renoised = inner, sigmas, frozenset(computed), renoised
        self._said: list[tuple[int, Tensor]] = []  # the last two answers, with the steps of them

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        step = step_of(self.sigmas, sigma)
        if step in self.computed or not self._said:
            x0 = self.inner(x, sigma)
            self._said = [one for one in self._said if one[0] != step][-1:]
            self._said.append((step, x0 if self.renoised else (x - x0) / sigma))
            return x0
        forecast = self._forecast(step)
        return forecast if self.renoised else x - sigma * forecast

    def _forecast(self, step: int) -> Tensor:
        (last, said), (before, said_before) = self._said[-1], self._said[0]
        if last == before:
            return said
        return said + (said - said_before) * ((step - last) / (last - before))


@dataclass(frozen=True, slots=True)
class Rescale:
    """Guidance that does not wash out: the guided x0 brought back to the contrast of the unguided one by `phi` 0..1.

    Strong guidance makes a network's output larger, and pictures glaring. Lin et al. 2023, "Common Diffusion Noise
    Schedules and Sample Steps are Flawed" (arXiv:2305.08891), equations 14 to 16.
    """

    phi: float
    process: Process

    def __call__(self, x: Tensor, sigma: float, guided: Tensor, unguided: Tensor) -> Tensor:
        """`guided` with the standard deviation of `unguided` in each sample; all are x0 [B, C, ...].

        The deviation is that of the network's output. x0 = skip − s·output, so s cancels out.
        """
        skip = self.process.skip(x, sigma)
        output = skip - guided
        ratio = standard_deviation(skip - unguided) / standard_deviation(output)
        return skip - output * (self.phi * ratio + (1 - self.phi))


class GuidedDenoiser:
    """x0 = uncond + scale · (cond − uncond), by a denoiser whose batch is [uncond…, cond…].

    `scales` has one number for each sample; `rescale` brings the answer back to the contrast of cond.
    """

    def __init__(self, batched: Denoiser, scales: Sequence[float], rescale: Rescale | None = None) -> None:
        self.batched, self.scales, self.rescale = batched, scales, rescale

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        uncond, cond = self.batched(torch.cat([x, x]), sigma).chunk(2)
        scale = self.scales[0] if len(set(self.scales)) == 1 else per_sample(self.scales, x)
        guided = uncond + scale * (cond - uncond)
        return guided if self.rescale is None else self.rescale(x, sigma, guided, cond)


class ComposedDenoiser:
    """Guidance by several prompts at once: x0 = uncond + scale · Σ weight_k · (cond_k − uncond).

    Wraps a denoiser whose batch is [uncond…, cond_1…, cond_2…]. `weights` has a row for every prompt, with one number
    for each sample. This is the conjunction of Composable Diffusion (Liu et al. 2022, arXiv:2206.01714, equation 11),
    with a weight for each concept. `rescale` brings the answer back to the contrast that it has at a scale of 1.
    """

    def __init__(
        self,
        batched: Denoiser,
        scales: Sequence[float],
        weights: Sequence[Sequence[float]],
        rescale: Rescale | None = None,
    ) -> None:
        self.batched, self.scales, self.weights, self.rescale = batched, scales, weights, rescale

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        count = len(self.weights)
        uncond, *conds = self.batched(torch.cat([x] * (1 + count)), sigma).chunk(1 + count)
        weights = torch.stack([per_sample(row, x) for row in self.weights])
        directions = torch.stack(conds) - uncond
        guided = uncond + (weights * per_sample(self.scales, x) * directions).sum(dim=0)
        if self.rescale is None:
            return guided
        return self.rescale(x, sigma, guided, uncond + (weights * directions).sum(dim=0))


def per_sample(numbers: Sequence[float], x: Tensor) -> Tensor:
    """One number for each sample of x [B, ...], as [B, 1, ...] on its device."""
    return torch.tensor(numbers, device=x.device).view(-1, *[1] * (x.dim() - 1))


def standard_deviation(x: Tensor) -> Tensor:
    """That of each sample over all its numbers, [B, 1, ...]."""
    return x.std(dim=tuple(range(1, x.dim())), keepdim=True)
