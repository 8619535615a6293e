"""Inpainting with an ordinary model: what is to stay is put back into every estimate of the clean picture."""

from __future__ import annotations

import torch
from torch import Tensor

from sdplay.sampling.denoiser import Denoiser


class MaskedDenoiser:
    """Wraps a denoiser; outside `mask` its answer is `known`.

    `mask` [B, 1, h, w] is 1 where to repaint and 0 elsewhere, `known` [B, C, h, w] the clean latents. Started from
    known + sigma·noise, a deterministic sampler then keeps the rest at known + sigma'·noise for every level sigma':
    what RePaint-style pipelines paste in after each step (Lugmayr et al. 2022, arXiv:2201.09865, equation 8).
    """

    def __init__(self, inner: Denoiser, mask: Tensor, known: Tensor) -> None:
        self.inner, self.mask, self.known = inner, mask, known

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return torch.where(self.mask > 0, self.inner(x, sigma), self.known)
