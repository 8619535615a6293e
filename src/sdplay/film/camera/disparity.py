"""What is near in a picture, 0 far to 1 near: from a depth model's numbers, or guessed from the picture alone."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdplay.images.filters import gaussian

Floats = NDArray[np.float32]

LOW, HIGH = 2, 98  # percentiles taken for far and near: the extremes themselves jitter from frame to frame
BINS = 1024
SMOOTHING, SMOOTHING_KERNEL = 1.0, 7  # pixels


@dataclass(frozen=True, slots=True, eq=False)
class DisparityMap:
    """`values` float32 [H, W] in 0..1; `flat` where nothing could be told and everything counts as near."""

    values: Floats
    flat: bool


def normalize(raw: NDArray[np.floating], *, metric: bool) -> DisparityMap:
    """The nearness in a model's `raw` numbers [h, w]: disparity (larger is nearer), or distance where `metric`.

    2 of 100 pixels are taken to be as far as can be, 2 as near. A map that is even, or not finite somewhere, is flat:
    1 throughout. Distances without end are far; distances of 0 or below are not distances.
    """
    values = np.asarray(raw, np.float64)
    if metric:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, 1 / values, np.nan)
    if values.size == 0 or not np.isfinite(values).all():
        return DisparityMap(np.ones(values.shape, np.float32), True)
    far, near = np.percentile(values, (LOW, HIGH))
    if not near - far > 1e-6 * max(abs(near), abs(far)):
        return DisparityMap(np.ones(values.shape, np.float32), True)
    return DisparityMap(np.clip((values - far) / (near - far), 0, 1).astype(np.float32), False)


def fit_disparity(nearness: Floats, width: int, height: int) -> Floats:
    """`nearness` resized (bicubic) to a frame and smoothed by a pixel, so that edges do not tear."""
    if nearness.shape != (height, width):
        resized = Image.fromarray(nearness).resize((width, height), Image.Resampling.BICUBIC)
        nearness = np.asarray(resized, np.float32)
    return np.clip(gaussian(nearness, sigma=SMOOTHING, kernel=SMOOTHING_KERNEL), 0, 1)


def equalize(nearness: Floats) -> Floats:
    """`nearness` with every level equally frequent: its CDF in 1,024 bins, which is what Deforum's option does."""
    counts, edges = np.histogram(nearness, BINS, (0, 1))
    share = np.cumsum(counts) / nearness.size
    return np.interp(nearness, edges[1:], share).astype(np.float32)


def ramp(width: int, height: int) -> Floats:
    """Nearer from top to bottom, 0 to 1, as the ground is: float32 [height, width]."""
    rows = np.linspace(0, 1, height, dtype=np.float32)
    return np.repeat(rows[:, None], width, axis=1)


def depth_png(nearness: Floats) -> bytes:
    """`nearness` as the bytes of a grey PNG of 16 bits, 65535 near."""
    levels = np.clip(np.rint(nearness.astype(np.float64) * 65535), 0, 65535).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "png")
    return buffer.getvalue()
