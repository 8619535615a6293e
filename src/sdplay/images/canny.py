"""Edges of a picture as the field draws them for ControlNet: thin white lines on black.

Source: J. Canny, "A computational approach to edge detection", IEEE PAMI 8(6), 1986. Smoothing is not done:
a gradient's length is |dx| + |dy|, and of three colours the steepest counts: what OpenCV's `Canny` does by default,
which is what ControlNets for edges were trained on and what A1111's preprocessor of that name is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sdplay.images.read import Pixels, read_image

ROLE = "control_image"
NEAR = 32  # levels from black or white that a map of edges may have, from being made smaller or stored as JPEG
FEW_BETWEEN, MOST_LINES = 0.1, 0.35  # shares of a map's pixels: those that are neither, and those that are white

LOW, HIGH = 100, 200
STEEPEST = 2040  # 3 channels of which one counts: 4·255 across and 4·255 down
FLAT = 0.41421356237309503  # tan 22.5°: a gradient below it counts as horizontal, one above its inverse as vertical
FIXED = 15  # bits behind the point in which that tangent is compared

Map = NDArray[np.bool_]
Numbers = NDArray[np.int32]


def canny(pixels: Pixels, low: int = LOW, high: int = HIGH) -> NDArray[np.uint8]:
    """Edges of uint8 [H, W, 3] or [H, W] as uint8 [H, W], 255 on an edge and 0 elsewhere.

    A ridge of the gradient steeper than `high` (0..2040) is an edge, and so is all of it that is steeper than `low` and
    hangs together with that; where `low` is the larger, the two change places.
    """
    low, high = sorted((low, high))
    across, down = gradient(pixels)
    steepness = np.abs(across) + np.abs(down)
    ridge = (steepness > low) & ridges(across, down, steepness)
    return np.where(connected(ridge, ridge & (steepness > high)), np.uint8(255), np.uint8(0))


def gradient(pixels: Pixels) -> tuple[Numbers, Numbers]:
    """Sobel's differences across and down, int32 [H, W]: of the channel where their sum is the largest, first ones
    first; beyond the picture its edge goes on.
    """
    channels = pixels.astype(np.int32).reshape(*pixels.shape[:2], -1)
    padded = np.pad(channels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    across, down = rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2]
    if channels.shape[2] == 1:
        return across[..., 0], down[..., 0]
    steepest = (np.abs(across) + np.abs(down)).argmax(axis=2)[..., None]
    return np.take_along_axis(across, steepest, 2)[..., 0], np.take_along_axis(down, steepest, 2)[..., 0]


def ridges(across: Numbers, down: Numbers, steepness: Numbers) -> Map:
    """Where the steepness is the largest on the way that the gradient points, out of four ways; of two equal
    neighbours side by side the first one is.
    """
    around = np.pad(steepness, 1)

    def beside(dy: int, dx: int) -> Numbers:
        return around[1 + dy : around.shape[0] - 1 + dy, 1 + dx : around.shape[1] - 1 + dx]

    wide, tall = np.abs(across).astype(np.int64), np.abs(down).astype(np.int64) << FIXED
    flat = wide * int(FLAT * (1 << FIXED) + 0.5)
    steep = flat + (wide << (FIXED + 1))  # tan 67.5° = tan 22.5° + 2
    level = (steepness > beside(0, -1)) & (steepness >= beside(0, 1))
    upright = (steepness > beside(-1, 0)) & (steepness >= beside(1, 0))
    falling = (steepness > beside(-1, -1)) & (steepness > beside(1, 1))
    rising = (steepness > beside(-1, 1)) & (steepness > beside(1, -1))
    slanted = np.where((across ^ down) < 0, rising, falling)
    return np.where(tall < flat, level, np.where(tall > steep, upright, slanted))


def connected(ridge: Map, sure: Map) -> Map:
    """All of `ridge` [H, W] that hangs together, over sides or corners, with something `sure` in it.

    Parts get the smallest number of theirs: each pair of neighbours hangs the larger one's root below the smaller
    one's, until no pair has two roots; long and winding lines take few rounds.
    """
    count = int(ridge.sum())
    numbers = np.full((ridge.shape[0] + 1, ridge.shape[1] + 2), -1)
    numbers[:-1, 1:-1][ridge] = np.arange(count)
    here = numbers[:-1, 1:-1]
    ways = (numbers[:-1, 2:], numbers[1:, :-2], numbers[1:, 1:-1], numbers[1:, 2:])
    pairs = np.concatenate([np.stack([here, there])[:, (here >= 0) & (there >= 0)] for there in ways], axis=1)
    roots = np.arange(count)
    while pairs.shape[1]:
        ends = roots[pairs]
        np.minimum.at(roots, ends.max(axis=0), ends.min(axis=0))
        while (roots != (further := roots[roots])).any():
            roots = further
        pairs = pairs[:, roots[pairs[0]] != roots[pairs[1]]]
    found = np.zeros(count, np.bool_)
    found[roots[sure[ridge]]] = True
    edges = np.zeros_like(ridge)
    edges[ridge] = found[roots]
    return edges


def canny_of_input(pixels: Pixels, low: int, high: int) -> Pixels:
    """The edges of a picture, as one: uint8 [H, W, 3], white on black."""
    return np.repeat(canny(pixels, low, high)[..., None], 3, axis=2)


def is_map(pixels: Pixels) -> bool:
    """Whether a picture uint8 [H, W, 3] is a map of edges already: gray, nearly all of it black, the rest white."""
    values = pixels.astype(np.int16)
    if int(np.ptp(values, axis=2).max()) > NEAR:
        return False
    light = values.mean(axis=2)
    white, black = float((light >= 255 - NEAR).mean()), float((light <= NEAR).mean())
    return 0 < white <= MOST_LINES and white + black >= 1 - FEW_BETWEEN


def holds_map(path: str) -> bool:
    """`is_map` of the picture in the file `path`; raises `BadRequest` where there is none."""
    return is_map(read_image(path, ROLE))
