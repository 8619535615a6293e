"""sRGB to CIE L*a*b* (D65) and back, in floating point, so that nothing is rounded on the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# IEC 61966-2-1, for the 2 degree observer: linear sRGB to XYZ, each row divided by the white point's (D65) value.
WHITE = np.array([0.95047, 1.0, 1.08883])
LINEAR_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
RELATIVE = LINEAR_TO_XYZ / WHITE[:, None]
TO_XYZ = (RELATIVE / RELATIVE.sum(axis=1, keepdims=True)).astype(np.float32)  # white is white to the last digit
FROM_XYZ = np.linalg.inv(TO_XYZ.astype(np.float64)).astype(np.float32)
KNEE = 6 / 29  # below it L*a*b* goes on as a straight line


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
