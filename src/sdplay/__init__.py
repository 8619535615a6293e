"""Stable Diffusion Playground: a picture is a pure function of its recipe and its index.

>>> import sdplay
>>> sdplay.draw("a red apple, 3d render", seed=1)[0].image.save("apple.png")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sdplay.version import VERSION

if TYPE_CHECKING:
    from sdplay.core.errors import BadRequest, SdplayError
    from sdplay.film.job.film import shoot
    from sdplay.film.request_animate import Animate
    from sdplay.film.request_dream import Dream
    from sdplay.images.picture import Picture, SavedImage
    from sdplay.requests.base import make_request
    from sdplay.requests.img2img import Img2Img
    from sdplay.requests.inpaint import Inpaint
    from sdplay.requests.txt2img import Txt2Img
    from sdplay.studio import Pictures, Studio, draw, upscale

__version__ = VERSION

__all__ = [
    "Animate",
    "BadRequest",
    "Dream",
    "Img2Img",
    "Inpaint",
    "Picture",
    "Pictures",
    "SavedImage",
    "SdplayError",
    "Studio",
    "Txt2Img",
    "__version__",
    "draw",
    "make_request",
    "shoot",
    "upscale",
]

_HOMES = {
    "Animate": "sdplay.film.request_animate",
    "SavedImage": "sdplay.images.picture",
    "BadRequest": "sdplay.core.errors",
    "Dream": "sdplay.film.request_dream",
    "Img2Img": "sdplay.requests.img2img",
    "Inpaint": "sdplay.requests.inpaint",
    "Picture": "sdplay.images.picture",
    "Pictures": "sdplay.studio",
    "SdplayError": "sdplay.core.errors",
    "Studio": "sdplay.studio",
    "Txt2Img": "sdplay.requests.txt2img",
    "make_request": "sdplay.requests.base",
    "draw": "sdplay.studio",
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
