"""A process is all that knows how noise is added: another kind of network needs another class and nothing else."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sdplay.core.sample import Noise
from sdplay.sampling.denoiser import (
    ComposedDenoiser,
    Denoiser,
    GuidedDenoiser,
    MaskedDenoiser,
    NetworkDenoiser,
    Rescale,
)
from sdplay.sampling.noise import batch_noise
from sdplay.sampling.process import NoiseSchedule, Process, make_process
from sdplay.sampling.samplers import SAMPLERS


class FlowProcess(Process):
    """Rectified flow: x = (1 − sigma)·x0 + sigma·noise, and the network predicts noise − x0 (arXiv:2209.03003)."""

    def init_noise_sigma(self, sigma: float, schedule: str) -> float:
        return sigma

    def add_noise(self, x0: Tensor, noise: Tensor, sigma: float) -> Tensor:
        return (1 - sigma) * x0 + sigma * noise

    def timestep(self, sigma: float) -> float:
        return 1000 * sigma

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        return x

    def x0(self, x: Tensor, sigma: float, output: Tensor) -> Tensor:
        return x - sigma * output

    def skip(self, x: Tensor, sigma: float) -> Tensor:
        return x


class EdmProcess(Process):
    """EDM's preconditioning with data of standard deviation 0.5 (arXiv:2206.00364, table 1)."""

    DATA = 0.5

    def init_noise_sigma(self, sigma: float, schedule: str) -> float:
        return sigma

    def add_noise(self, x0: Tensor, noise: Tensor, sigma: float) -> Tensor:
        return x0 + sigma * noise

    def timestep(self, sigma: float) -> float:
        return math.log(sigma) / 4

    def scale_input(self, x: Tensor, sigma: float) -> Tensor:
        return x / math.sqrt(sigma**2 + self.DATA**2)

    def x0(self, x: Tensor, sigma: float, output: Tensor) -> Tensor:
        return self.skip(x, sigma) + output * (sigma * self.DATA / math.sqrt(sigma**2 + self.DATA**2))

    def skip(self, x: Tensor, sigma: float) -> Tensor:
        return x * (self.DATA**2 / (sigma**2 + self.DATA**2))


SCHEDULE = NoiseSchedule(torch.linspace(0.001, 1, 1000).double().numpy(), 0)
PROCESSES: dict[str, Process] = {
    "epsilon": make_process(),
    "v": make_process(prediction="v_prediction"),
    "flow": FlowProcess(SCHEDULE),
    "edm": EdmProcess(SCHEDULE),
}
VIDEO = (2, 4, 3, 8, 8)  # batch, channels, frames, height, width


def unit(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def output_for(process: Process, x: Tensor, sigma: float, x0: Tensor) -> Tensor:
    """What a network must say so that the process takes it for `x0`; x0 is linear in the output."""
    at_zero = process.x0(x, sigma, torch.zeros_like(x))
    slope = process.x0(x, sigma, torch.ones_like(x)) - at_zero
    return (x0 - at_zero) / slope


@pytest.mark.parametrize("shape", [(2, 4, 8, 8), VIDEO])
@pytest.mark.parametrize("name", PROCESSES)
def test_a_network_that_is_right_is_denoised_to_its_picture_by_euler(name: str, shape: tuple[int, ...]) -> None:
    process, x0 = PROCESSES[name], unit(shape, 1)
    sigmas = [0.9, 0.5, 0.2, 0.0]
    told: list[float] = []

    def network(scaled: Tensor, timesteps: Tensor) -> Tensor:
        told.append(float(timesteps[0]))
        sigma = sigmas[len(told) - 1]
        x = process.add_noise(x0, noise, sigma)
        assert torch.allclose(scaled, process.scale_input(x, sigma), atol=1e-4)
        return output_for(process, x, sigma, x0)

    noise = unit(shape, 2)
    start = process.add_noise(x0, noise, sigmas[0])
    denoiser = NetworkDenoiser(network, process)
    *_, last = SAMPLERS["euler"](denoiser, start, sigmas, lambda step: noise)
    assert torch.allclose(last.x, x0, atol=1e-4)
    assert told == pytest.approx([process.timestep(sigma) for sigma in sigmas[:-1]], rel=1e-5)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_skip_is_what_does_not_depend_on_the_output(name: str) -> None:
    process, x = PROCESSES[name], unit((1, 4, 2, 2), 3)
    assert torch.allclose(process.x0(x, 0.7, torch.zeros_like(x)), process.skip(x, 0.7), atol=1e-6)


@pytest.mark.parametrize("name", PROCESSES)
def test_rescaled_guidance_is_that_of_the_output_for_every_process(name: str) -> None:
    """Rescaling by phi 1 gives the output the standard deviation that it has without guidance."""
    process, x = PROCESSES[name], unit(VIDEO, 4)
    out = unit((4, *VIDEO[1:]), 5)
    guided = GuidedDenoiser(NetworkDenoiser(lambda _, __: out, process), [5.0, 3.0], Rescale(1.0, process))(x, 0.7)
    rescaled = output_for(process, x, 0.7, guided)
    for row in range(2):
        assert float(rescaled[row].std()) == pytest.approx(float(out[2 + row].std()), rel=1e-3)


# --- pictures of several frames --------------------------------------------------------------------------------------


def halves(x: Tensor, sigma: float) -> Tensor:
    return x * torch.linspace(0.2, 1, len(x)).view(-1, *[1] * (x.dim() - 1))


@pytest.mark.parametrize(
    "denoiser",
    [
        GuidedDenoiser(halves, [2.0, 3.0]),
        GuidedDenoiser(halves, [2.0, 2.0]),
        ComposedDenoiser(halves, [2.0, 3.0], [[1.0, 1.0], [0.5, -1.0]]),
    ],
)
def test_guidance_treats_every_frame_as_it_treats_a_picture(denoiser: Denoiser) -> None:
    x = unit(VIDEO, 6)
    together = denoiser(x, 1.0)
    for frame in range(VIDEO[2]):
        assert torch.equal(together[:, :, frame], denoiser(x[:, :, frame].contiguous(), 1.0))


def test_noise_of_several_frames_has_their_shape() -> None:
    noises = [Noise(seed=1), Noise(seed=2)]
    assert batch_noise(noises, VIDEO[1:]).shape == VIDEO
    assert torch.equal(batch_noise(noises, VIDEO[1:]).flatten(1), batch_noise(noises, (math.prod(VIDEO[1:]),)))


# --- devices ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_latents_stay_on_the_device_between_calls_of_the_network(sampler: str) -> None:
    """On a device without memory; its tensors raise an error as soon as one meets a tensor of the CPU."""
    process, seen = make_process(), list[tuple[str, str]]()
    x, mask = torch.empty(2, 4, 8, 8, device="meta"), torch.empty(2, 1, 8, 8, device="meta")
    with pytest.raises(RuntimeError, match="device"):
        x + torch.zeros(2, 4, 8, 8)

    def network(scaled: Tensor, timesteps: Tensor) -> Tensor:
        seen.append((scaled.device.type, timesteps.device.type))
        return scaled

    inner = NetworkDenoiser(network, process)
    guided = ComposedDenoiser(inner, [2.0, 3.0], [[1.0, 1.0], [0.5, 1.0]], Rescale(0.5, process))
    for denoiser in (guided, GuidedDenoiser(inner, [2.0, 3.0])):
        steps = SAMPLERS[sampler](
            MaskedDenoiser(denoiser, mask, x), x, [5.0, 1.0, 0.0], lambda step: torch.empty_like(x)
        )
        assert {(step.x.device.type, step.x0.device.type) for step in steps} == {("meta", "meta")}
    assert set(seen) == {("meta", "meta")}
