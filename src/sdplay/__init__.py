"""Stable Diffusion Playground: a picture is a pure function of its recipe and its index.

>>> import sdplay
>>> sdplay.draw("a red apple, 3d render", seed=1)[0].save("apple.png")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdplay.core.machine import choose_waiting
from sdplay.version import VERSION

if TYPE_CHECKING:
    from sdplay.core.errors import BadRequest, NotReproduced, SdplayError
    from sdplay.events import (
        DepthMapDone,
        DrawnBy,
        Event,
        FilmSaved,
        FilmUpscaled,
        Finished,
        FrameMoved,
        FramesSaved,
        FrameUpscaled,
        ImageDone,
        ImageSaved,
        KeyframeDone,
        Measuring,
        Mismatch,
        PieceChecked,
        Resumed,
        Retried,
        Reused,
        Skipped,
        Started,
        Stepped,
        UnitDrawn,
        Upscaled,
        UpscaleDone,
        Waiting,
        Warned,
        WorkerBanned,
    )
    from sdplay.film.job.film import shoot
    from sdplay.film.request_animate import Animate
    from sdplay.film.request_dream import Dream
    from sdplay.images.picture import LargerPicture, Picture, SavedImage
    from sdplay.requests.base import make_request
    from sdplay.requests.img2img import Img2Img
    from sdplay.requests.inpaint import Inpaint
    from sdplay.requests.txt2img import Txt2Img
    from sdplay.studio import Pictures, Studio, draw, upscale

__version__ = VERSION
choose_waiting()  # before anything loads torch

__all__ = [
    "Animate",
    "BadRequest",
    "DepthMapDone",
    "DrawnBy",
    "Dream",
    "Event",
    "FilmSaved",
    "FilmUpscaled",
    "Finished",
    "FrameMoved",
    "FrameUpscaled",
    "FramesSaved",
    "ImageDone",
    "ImageSaved",
    "Img2Img",
    "Inpaint",
    "KeyframeDone",
    "LargerPicture",
    "Measuring",
    "Mismatch",
    "NotReproduced",
    "Picture",
    "Pictures",
    "PieceChecked",
    "Resumed",
    "Retried",
    "Reused",
    "SavedImage",
    "SdplayError",
    "Skipped",
    "Started",
    "Stepped",
    "Studio",
    "Txt2Img",
    "UnitDrawn",
    "UpscaleDone",
    "Upscaled",
    "Waiting",
    "Warned",
    "WorkerBanned",
    "__version__",
    "draw",
    "make_request",
    "shoot",
    "upscale",
]

_HOMES = {
    "Animate": "sdplay.film.request_animate",
    "BadRequest": "sdplay.core.errors",
    "DepthMapDone": "sdplay.events",
    "DrawnBy": "sdplay.events",
    "Dream": "sdplay.film.request_dream",
    "Event": "sdplay.events",
    "FilmSaved": "sdplay.events",
    "PieceChecked": "sdplay.events",
    "UnitDrawn": "sdplay.events",
    "WorkerBanned": "sdplay.events",
    "FilmUpscaled": "sdplay.events",
    "FrameUpscaled": "sdplay.events",
    "Finished": "sdplay.events",
    "FrameMoved": "sdplay.events",
    "FramesSaved": "sdplay.events",
    "ImageDone": "sdplay.events",
    "ImageSaved": "sdplay.events",
    "Img2Img": "sdplay.requests.img2img",
    "Inpaint": "sdplay.requests.inpaint",
    "KeyframeDone": "sdplay.events",
    "LargerPicture": "sdplay.images.picture",
    "Measuring": "sdplay.events",
    "Mismatch": "sdplay.events",
    "NotReproduced": "sdplay.core.errors",
    "Picture": "sdplay.images.picture",
    "Pictures": "sdplay.studio",
    "Resumed": "sdplay.events",
    "Retried": "sdplay.events",
    "Reused": "sdplay.events",
    "SavedImage": "sdplay.images.picture",
    "SdplayError": "sdplay.core.errors",
    "Skipped": "sdplay.events",
    "Started": "sdplay.events",
    "Stepped": "sdplay.events",
    "Studio": "sdplay.studio",
    "Txt2Img": "sdplay.requests.txt2img",
    "UpscaleDone": "sdplay.events",
    "Upscaled": "sdplay.events",
    "Waiting": "sdplay.events",
    "Warned": "sdplay.events",
    "draw": "sdplay.studio",
    "make_request": "sdplay.requests.base",
    "shoot": "sdplay.film.job.film",
    "upscale": "sdplay.studio",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that `import sdplay` costs nothing (PEP 562)."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sdplay' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
