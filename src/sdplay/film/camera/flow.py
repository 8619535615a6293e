"""Optical flow: where everything in one picture has gone in another, as OpenCV finds it (the extra `flow`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdplay.core.errors import BadRequest
from sdplay.images.read import Pixels

# Displacements in pixels, float32 [H, W, 2]: columns to the right, rows down.
Flow = NDArray[np.float32]

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def check_flow() -> None:
    """Raise `BadRequest` where OpenCV is not installed."""
    if find_spec("cv2") is None:
        raise BadRequest(
            "optical flow needs OpenCV, which is not installed",
            field="flow_cadence",
            value="dis",
            hint='pip install "sdplay[flow]", or pip install opencv-python-headless',
        )


def optical_flow(before: Pixels, after: Pixels) -> Flow:
    """The dense flow f with before(x) ≈ after(x + f(x)), of two pictures uint8 [H, W, 3] of one size, at least 16x16.

    Dense Inverse Search (Kroeger et al. 2016) at OpenCV's preset "medium", on the pictures' grey values. Equal pictures
    give equal flow to the bit, whatever number of threads OpenCV is set to.
    """
    import cv2

    with _one_thread():
        search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        none: Any = None  # no flow to begin with, which the stubs do not know of
        return np.asarray(search.calc(_grey(before), _grey(after), none), np.float32)


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV cuts its work into as many strips as it has threads, and bits may depend on where the seams are."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def _grey(pixels: Pixels) -> NDArray[np.uint8]:
    return np.rint(pixels.astype(np.float32) @ LUMA).astype(np.uint8)
