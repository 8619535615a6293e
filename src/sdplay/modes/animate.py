"""animate: which frames are drawn, from what, and how the rest lies between them."""

from __future__ import annotations

from sdplay.core.animate import Animate

USUAL_FRAMES = 300


def frames_of(request: Animate) -> int:
    """How many frames `request` asks for."""
    return request.max_frames if request.max_frames is not None else USUAL_FRAMES
