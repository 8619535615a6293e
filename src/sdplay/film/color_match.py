"""What is done to a frame's colours before it is drawn on: match, contrast, sharpening, noise, smoothing.

Frames are float32 [H, W, 3] in 0..255 from step to step and are rounded once, by `to_uint8`: cutting off the fraction
at every step instead darkens a film by more than ten grey levels in thirty frames.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from sdplay.core.errors import BadRequest
from sdplay.images.filters import gaussian
from sdplay.images.read import Pixels

Floats = NDArray[np.float32]
Smoothing = Literal["None", "Smooth", "Smooth_more"]

LEVELS = 65535  # 257 per grey level, so that 8-bit values are matched exactly and those between them finely
# IEC 61966-2-1, for the 2 degree observer: linear sRGB to XYZ, each row divided by the white point's (D65) value.
WHITE = np.array([0.95047, 1.0, 1.08883])
LINEAR_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
RELATIVE = LINEAR_TO_XYZ / WHITE[:, None]
TO_XYZ = (RELATIVE / RELATIVE.sum(axis=1, keepdims=True)).astype(np.float32)  # white is white to the last digit
FROM_XYZ = np.linalg.inv(TO_XYZ.astype(np.float64)).astype(np.float32)
KNEE = 6 / 29  # below it L*a*b* goes on as a straight line
LAB_LOW, LAB_HIGH = (0.0, -128.0, -128.0), (100.0, 128.0, 128.0)


def to_uint8(image: Floats) -> Pixels:
    """`image` rounded to whole grey levels and clipped to 0..255."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def color_match(image: Floats, reference: Pixels, mode: str, strength: float = 1.0) -> Floats:
    """`image` with the distribution of colours of `reference`, mixed into itself by `strength` 0..1.

    RGB and LAB match the histogram of every channel; HSV those of saturation and value and keeps each pixel's hue (a
    hue is an angle: its histogram has no order to match, and trying gives red casts); LAB_mean only shifts and
    stretches each channel to the reference's mean and deviation (Reinhard et al. 2001). The two may differ in size;
    `mode` is a name in `MATCHES`.
    """
    if strength == 0:
        return image
    matched = MATCHES[mode](image, reference.astype(np.float32))
    if strength == 1:
        return matched
    return (image + np.float32(strength) * (matched - image)).astype(np.float32, copy=False)


def match_histogram(values: Floats, reference: Floats, low: float = 0.0, high: float = 255.0) -> Floats:
    """`values` sent to those of `reference` with the same rank: the inverse of its CDF after their own.

    Between the values that occur in `reference` it is linear. Both are looked at in 65,536 steps of `low`..`high`.
    """
    step = (high - low) / LEVELS
    here, there = (
        np.clip(np.rint((each - low) / step), 0, LEVELS).astype(np.int64).ravel() for each in (values, reference)
    )
    shares = [np.cumsum(np.bincount(each, minlength=LEVELS + 1)) / each.size for each in (here, there)]
    occurring = np.unique(there) if there.size < LEVELS else np.flatnonzero(np.bincount(there, minlength=LEVELS + 1))
    sent = np.interp(shares[0], shares[1][occurring], low + occurring * step)
    return sent.astype(np.float32)[here].reshape(values.shape)


def _match_rgb(image: Floats, reference: Floats) -> Floats:
    return np.stack([match_histogram(image[..., c], reference[..., c]) for c in range(3)], axis=-1)


def _match_lab(image: Floats, reference: Floats) -> Floats:
    here, there = to_lab(image), to_lab(reference)
    channels = zip(range(3), LAB_LOW, LAB_HIGH, strict=True)
    return from_lab(np.stack([match_histogram(here[..., c], there[..., c], *span) for c, *span in channels], axis=-1))


def _match_lab_mean(image: Floats, reference: Floats) -> Floats:
    here, there = to_lab(image), to_lab(reference)
    centre, spread = here.mean(axis=(0, 1), dtype=np.float64), here.std(axis=(0, 1), dtype=np.float64)
    wanted, width = there.mean(axis=(0, 1), dtype=np.float64), there.std(axis=(0, 1), dtype=np.float64)
    gain = width / np.maximum(spread, 1e-3)  # an even surface has no deviations to stretch
    return from_lab(((here - centre) * gain + wanted).astype(np.float32))


def _match_hsv(image: Floats, reference: Floats) -> Floats:
    low, high = image.min(axis=-1), image.max(axis=-1)
    value = match_histogram(high, reference.max(axis=-1))
    saturation = match_histogram(_saturation(image), _saturation(reference), 0.0, 1.0)
    lowest = value * (1 - saturation)
    span = high - low
    # Where a channel lies between the lowest and the highest is the hue; grey has none and stays grey.
    place = (image - low[..., None]) / np.where(span > 0, span, 1)[..., None]
    coloured = lowest[..., None] + place * (value - lowest)[..., None]
    return np.where(span[..., None] > 0, coloured, value[..., None]).astype(np.float32)


def _saturation(image: Floats) -> Floats:
    low, high = image.min(axis=-1), image.max(axis=-1)
    return (high - low) / np.where(high > 0, high, 1)


MATCHES = {"RGB": _match_rgb, "HSV": _match_hsv, "LAB": _match_lab, "LAB_mean": _match_lab_mean}


def apply_contrast(image: Floats, factor: float) -> Floats:
    """`image` times `factor`, clipped to 0..255."""
    return image if factor == 1 else _clipped(image * np.float32(factor))


def sharpen(image: Floats, amount: float, kernel: int = 5, sigma: float = 1.0, threshold: float = 0.0) -> Floats:
    """Unsharp mask: `image` plus `amount` times what a Gaussian (`kernel` odd, `sigma` in pixels) takes away.

    Only where that is more than `threshold` grey levels. Raises `BadRequest` for an even kernel or a sigma not above 0.
    """
    if kernel < 1 or kernel % 2 == 0:
        raise BadRequest("must be an odd number, 1 or more", field="kernel_schedule", value=kernel, hint="5 is usual")
    if not sigma > 0:
        raise BadRequest("must be above 0", field="sigma_schedule", value=sigma, hint="1 is usual")
    if amount == 0:
        return image
    detail = image - gaussian(image, sigma=sigma, kernel=kernel)
    return _clipped(image + np.float32(amount) * np.where(np.abs(detail) > threshold, detail, 0))


def add_noise(image: Floats, amount: float, seed: int) -> Floats:
    """`image` plus white noise of deviation 127.5·`amount` grey levels, clipped; the same for the same `seed`."""
    if amount == 0:
        return image
    key = hashlib.sha256(f"{seed}:noise".encode()).digest()[:16]
    random = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))
    grain = random.standard_normal(image.shape, dtype=np.float32)
    return _clipped(image + np.float32(127.5 * amount) * grain)


def _clipped(image: NDArray[np.floating]) -> Floats:
    return np.clip(image, 0, 255).astype(np.float32, copy=False)


def smooth(pixels: Pixels, how: Smoothing) -> Pixels:
    """`pixels` through PIL's SMOOTH or SMOOTH_MORE filter, as the original application offers them."""
    if how == "None":
        return pixels
    kernel = ImageFilter.SMOOTH if how == "Smooth" else ImageFilter.SMOOTH_MORE
    return np.array(Image.fromarray(pixels).filter(kernel))


def to_lab(pixels: Floats) -> Floats:
    """L* in 0..100, a* and b* in about -128..127, of sRGB `pixels` float32 [H, W, 3] in 0..255."""
    share = pixels / np.float32(255)
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = linear.astype(np.float32) @ TO_XYZ.T
    f = np.where(xyz > KNEE**3, np.cbrt(xyz), xyz / (3 * KNEE**2) + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1).astype(np.float32)


def from_lab(lab: Floats) -> Floats:
    """The inverse of `to_lab`; colours that sRGB does not have are clipped to 0..255 channel by channel."""
    y = (lab[..., 0] + 16) / 116
    f = np.stack((y + lab[..., 1] / 500, y, y - lab[..., 2] / 200), axis=-1)
    xyz = np.where(f > KNEE, f**3, 3 * KNEE**2 * (f - 4 / 29))
    linear = np.clip(xyz.astype(np.float32) @ FROM_XYZ.T, 0, 1)
    share = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.clip(share * 255, 0, 255).astype(np.float32)
