"""The noise that pictures are trained with: SD's schedule, levels spread over a batch, and the loss of v-prediction."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def noise_kept() -> Tensor:
    """How much of a picture (in variance) is left after each of the 1,000 steps of SD's scaled-linear schedule."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    return (1 - betas).cumprod(0).float()


KEPT = noise_kept()
# Shares of a batch, and up to which level they go. Most are spent where a thing becomes what it is: below level 400 the
# outlines are there and are told apart soon; above 850 most of the error is what no network can know. Cf. Esser et al.,
# arXiv:2403.03206, section 3.1.
SHARES = ((0.0, 0.08, 0.2, 0.8, 1.0), (0.0, 200.0, 400.0, 850.0, 1000.0))


def v_loss(out: Tensor, clean: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """(weighted loss, mean of the unweighted one) of v-prediction with min(1, 5/SNR): Hang et al., arXiv:2303.09556."""
    kept = KEPT.to(clean.device)[t].view(-1, 1, 1, 1)
    target = kept.sqrt() * noise - (1 - kept).sqrt() * clean
    each = (out.float() - target).square().mean((1, 2, 3))
    weight = (5 * (1 - kept) / kept).flatten().clamp(max=1)
    return (each * weight).mean(), each.detach().mean()


def noised(clean: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """(noisy latents, noise, levels) at levels that are spread evenly over `SHARES`."""
    size, device = len(clean), clean.device
    levels = np.interp((np.arange(size) + rng.random(size)) / size, *SHARES)
    t = torch.from_numpy(levels).long().clamp(0, 999).to(device)
    if device.type == "cpu":
        noise = torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32))
    else:
        noise = torch.randn(clean.shape, device=device)
    return with_noise(clean, noise, t), noise, t


def with_noise(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """`clean` latents with as much of `noise` as the levels `t` [B] have."""
    kept = KEPT.to(clean.device)[t].view(-1, 1, 1, 1)
    return kept.sqrt() * clean + (1 - kept).sqrt() * noise
