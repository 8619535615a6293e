"""Guidance that does not wash out: the guided answer brought back to the contrast of the unguided one.

Strong guidance makes what a network says larger, and pictures glaring. Lin et al. 2023, "Common Diffusion Noise
Schedules and Sample Steps are Flawed" (arXiv:2305.08891), equations 14 to 16.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from sdplay.sampling.sigmas import Prediction


@dataclass(frozen=True, slots=True)
class Rescale:
    """`share` 0..1 of the way back (phi in the paper), for networks that answer with `prediction`."""

    phi: float
    prediction: Prediction

    def __call__(self, x: Tensor, sigma: float, guided: Tensor, plain: Tensor) -> Tensor:
        """`guided` with the spread that `plain`, the answer without guidance, has in each picture.

        All are x0 [B, C, h, w]. The spread is that of the network's own output: x0 = kept·x − s·output, where s is of
        the noise level alone and cancels out; `kept` is 1 for epsilon and 1/(1 + sigma²) for v.
        """
        kept = x / (1 + sigma**2) if self.prediction == "v_prediction" else x
        output = kept - guided
        ratio = spread(kept - plain) / spread(output)
        return kept - output * (self.phi * ratio + (1 - self.phi))


def spread(rows: Tensor) -> Tensor:
    """The standard deviation of each picture over all its channels and places, [B, 1, 1, 1]."""
    return rows.std(dim=(1, 2, 3), keepdim=True)
