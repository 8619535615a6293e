"""Colours by name: plain backgrounds, the colours of things, and how a drawing is turned into another colour.

All of it happens in OKLab (B. Ottosson, 2020), where lightness, chroma and hue are what eyes call by those names.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "red": (218, 52, 52),
    "green": (72, 172, 84),
    "blue": (58, 112, 224),
    "yellow": (250, 216, 72),
    "orange": (246, 142, 42),
    "purple": (142, 82, 196),
    "pink": (250, 168, 200),
    "black": (20, 20, 22),
    "gray": (140, 140, 142),
    "brown": (122, 78, 48),
}

# name -> lightness, chroma and hue (degrees) of the middle of a thing that has this colour
OBJECT_COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.60, 0.21, 25.0),
    "orange": (0.73, 0.17, 56.0),
    "yellow": (0.88, 0.17, 95.0),
    "green": (0.66, 0.17, 146.0),
    "blue": (0.58, 0.17, 257.0),
    "purple": (0.52, 0.19, 304.0),
    "pink": (0.79, 0.13, 352.0),
    "brown": (0.44, 0.08, 52.0),
    "black": (0.26, 0.0, 0.0),
    "white": (0.96, 0.0, 0.0),
    "gray": (0.62, 0.0, 0.0),
}

COLOURLESS = {"black", "white", "gray"}
GRAY_CHROMA = 0.055
LEAST_OWN_SHARE = 0.3
HUE_KEPT = 0.45
COS_NEAR, COS_FAR = 0.80, 0.60

_LINEAR = np.where(
    np.arange(256) <= 10, np.arange(256) / 255 / 12.92, ((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4
).astype(np.float32)
_GRID = np.linspace(0, 1, 4096)
_ENCODED = (np.where(_GRID <= 0.0031308, _GRID * 12.92, 1.055 * _GRID ** (1 / 2.4) - 0.055) * 255).astype(np.float32)
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_LMS_TO_RGB = np.linalg.inv(_RGB_TO_LMS).astype(np.float32)
_LAB_TO_LMS = np.linalg.inv(_LMS_TO_LAB).astype(np.float32)


def to_lab(rgb: Pixels) -> Floats:
    """sRGB uint8 [..., 3] as OKLab float32 [..., 3]."""
    return np.cbrt(_LINEAR[rgb] @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T


def to_rgb(lab: Floats) -> Floats:
    """OKLab [..., 3] as sRGB float32 0..255, clipped to what sRGB holds."""
    lms = lab @ _LAB_TO_LMS.T
    linear = (lms * lms * lms) @ _LMS_TO_RGB.T
    return _ENCODED[(np.clip(linear, 0, 1) * np.float32(4095)).astype(np.int32)]


_NAMES = list(BACKGROUNDS)
_PLACES = to_lab(np.array(list(BACKGROUNDS.values()), np.uint8))


def _distances(lab: Floats) -> Floats:
    return np.sqrt(np.square(_PLACES - lab).sum(-1))


def nearest_background(rgb: NDArray[np.generic] | tuple[float, float, float]) -> str:
    """The name in `BACKGROUNDS` that a colour 0..255 is nearest to, as eyes measure it."""
    pixel = np.clip(np.rint(np.asarray(rgb, np.float32)), 0, 255).astype(np.uint8)
    return _NAMES[int(_distances(to_lab(pixel)).argmin())]


def jitter(name: str, rng: np.random.Generator) -> tuple[int, int, int]:
    """A colour close to `BACKGROUNDS[name]` that is clearly nearer to it than to any other name."""
    own = _NAMES.index(name)
    spread = np.array([0.02, 0.004, 0.004] if name in COLOURLESS else [0.03, 0.016, 0.016])
    for shrink in (1.0, 0.8, 0.6, 0.4, 0.2):
        lab = (_PLACES[own] + rng.normal(size=3) * spread * shrink).astype(np.float32)
        rgb = np.rint(to_rgb(lab)).astype(np.uint8)
        distances = _distances(to_lab(rgb))
        if 2 * distances[own] < np.delete(distances, own).min():
            return int(rgb[0]), int(rgb[1]), int(rgb[2])
    return BACKGROUNDS[name]


def main_hue(a: Floats, b: Floats, weight: Floats, own: str) -> float | None:
    """The hue in radians of the part that is called `own`, or the strongest hue where nothing has that colour.

    Named colours come from one of the three styles; in another the same thing may be drawn in any colour. None says
    that the drawing has no colour at all.
    """
    chroma = np.hypot(a, b)
    mass = np.where(chroma > GRAY_CHROMA, chroma * weight, 0)
    if own in COLOURLESS or mass.sum() < 0.02 * weight.sum():
        return None
    hue = np.arctan2(b, a)
    nominal = math.radians(OBJECT_COLOURS[own][2])
    if float(mass[np.cos(hue - nominal) > 0.77].sum()) < LEAST_OWN_SHARE * float(mass.sum()):
        bins = np.bincount(((hue + math.pi) * (18 / math.pi)).astype(int) % 36, mass, 36)
        smooth = bins + np.roll(bins, 1) + np.roll(bins, -1)
        nominal = (int(smooth.argmax()) + 0.5) * math.pi / 18 - math.pi
    for _ in range(2):
        near = mass * (np.cos(hue - nominal) > 0.77)
        nominal = math.atan2(float((near * np.sin(hue)).sum()), float((near * np.cos(hue)).sum()))
    return nominal


def ramp(x: Floats, low: float, high: float) -> Floats:
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def recolour(rgba: Pixels, own: str, target: str) -> Pixels:
    """Turn a premultiplied drawing [H, W, 4] whose main colour is called `own` into `target`, other parts kept.

    A drawing that already has the target's colour comes back as it is.
    """
    alpha = rgba[..., 3]
    inside = alpha > 0
    cover = alpha[inside].astype(np.float32)[:, None]
    lab = to_lab(np.minimum(rgba[inside][:, :3] * (255 / cover) + 0.5, 255).astype(np.uint8))
    light, a, b = lab[:, 0], lab[:, 1], lab[:, 2]
    every = slice(None, None, 4)
    hue = main_hue(a[every], b[every], cover[every, 0], own)
    along, across, part = _own_part(light, a, b, hue)
    sure = part * cover[:, 0] > 128
    if not sure.any():
        return rgba.copy()
    middle = (float(np.median(light[sure])), float(np.median(along[sure])))
    if hue is not None and own == target and _shows(target, middle, hue):
        return rgba.copy()
    turned = _turned(light, along, across, middle, target, hue is None)
    mixed = to_rgb(lab + (turned - lab) * part[:, None])
    out = rgba.copy()
    out[inside, :3] = np.where(part[:, None] > 0, np.minimum(mixed * (cover / 255) + 0.5, cover), out[inside, :3])
    return out


def _own_part(light: Floats, a: Floats, b: Floats, hue: float | None) -> tuple[Floats, Floats, Floats]:
    """Chroma along and across the own hue, and how much (0..1) each pixel belongs to the part that has it."""
    chroma = np.hypot(a, b)
    if hue is None:
        part = (1 - ramp(chroma, 0.05, 0.09)) * ramp(light, 0.3, 0.42)
        return np.zeros_like(a), np.zeros_like(a), part
    x, y = np.float32(math.cos(hue)), np.float32(math.sin(hue))
    along, across = a * x + b * y, b * x - a * y
    part = ramp(along / np.maximum(chroma, 1e-6), COS_FAR, COS_NEAR) * ramp(chroma, 0.015, 0.05)
    return along, across, part


def _shows(target: str, middle: tuple[float, float], hue: float) -> bool:
    """Whether a part of this lightness, chroma and hue is called `target` rather than any other colour."""
    here = np.array([middle[0], middle[1] * math.cos(hue), middle[1] * math.sin(hue)])
    places = {
        n: (lt, c * math.cos(math.radians(h)), c * math.sin(math.radians(h)))
        for n, (lt, c, h) in OBJECT_COLOURS.items()
    }
    return min(places, key=lambda name: float(np.square(np.array(places[name]) - here).sum())) == target


def _turned(
    light: Floats, along: Floats, across: Floats, middle: tuple[float, float], target: str, was_gray: bool
) -> Floats:
    """OKLab of the part in the target's colour: its middle goes to the target's, black stays black and white white."""
    goal, goal_chroma, degrees = OBJECT_COLOURS[target]
    own = min(max(middle[0], 0.05), 0.98)
    above = light - own
    steep = (1 - goal) / (1 - own)
    if was_gray:
        bent = above * steep
        share = np.where(above > 0, 1 - above / (1 - own), light / own)
        along, across = goal_chroma * share, np.zeros_like(along)
    else:
        # a pixel mixed with white must go to white however steep that is; a lit one only gets a little lighter
        white = np.clip(1 - along / middle[1], 0, 1)
        bent = above * (white * steep + (1 - white) * min(steep, 1.0))
        scale = min(goal_chroma / middle[1], 3.0)
        along, across = along * scale, across * (scale * HUE_KEPT)
    lifted = np.where(above > 0, goal + bent, light * (goal / own))
    x, y = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.stack([lifted, along * x - across * y, along * y + across * x], 1).astype(np.float32)
