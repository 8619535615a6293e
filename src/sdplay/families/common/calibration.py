"""What a U-Net is asked and answers while it draws: int8 is fitted to some of it, and held against the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from sdplay.core.sample import Noise
from sdplay.engines.arguments import Call, Calls
from sdplay.families.base import Family
from sdplay.sampling.denoiser import GuidedDenoiser
from sdplay.sampling.noise import batch_noise
from sdplay.sampling.samplers import SAMPLERS
from sdplay.sampling.sigmas import make_sigmas

# Always the same, whatever is drawn: so the same weights give the same int8 network. The last one is not fitted to.
PROMPTS = (
    "a red apple on a wooden table, 3d render",
    "a portrait of an old man, oil painting",
    "a castle on a hill at night, pixel art",
    "a blue car in a busy street, photo",
)
STEPS, GUIDANCE = 8, 5.0
LARGEST = 32  # latents a side: larger ones teach nothing more, and take minutes


class Recorder:
    """An engine that is torch, and keeps what a network was asked and answered."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def compile(self, component: Any, calls: Calls) -> Callable[..., Any]:
        def asked(*args: Any, **kwargs: Any) -> Any:
            answer = component(*args, **kwargs)
            self.calls.append(Call(args, kwargs, answer))
            return answer

        return asked


@torch.inference_mode()
def draw_prompts(family: Family, side: int | None, in_channels: int) -> None:
    """Let `family` draw each of `PROMPTS` to the last step, in latents of `side` (if not too large), and decode none.

    A network with `in_channels` that reads a mask besides is told to repaint everything.
    """
    side = min(side or LARGEST, LARGEST)
    sigmas = make_sigmas(family.process, "trailing", STEPS)
    shape = (family.latent_channels, side, side)
    channels = None
    if family.is_inpaint:
        channels = torch.zeros(1, in_channels - family.latent_channels, side, side)
        channels[:, 0] = 1
    for number, prompt in enumerate(PROMPTS):
        texts = family.encode_text(""), family.encode_text(prompt)
        denoiser = GuidedDenoiser(family.denoiser(texts, channels), [GUIDANCE])
        noise = partial(batch_noise, [Noise(seed=number)], shape)
        start = noise() * sigmas.init_noise_sigma
        deque(SAMPLERS["euler"](denoiser, start, sigmas.levels, noise), maxlen=0)
