"""What `import sdplay` offers; a name may be added with thought and taken away only with a new major version."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from importlib.resources import files

import pytest

import sdplay
import sdplay.events
import sdplay.requests.txt2img
import sdplay.studio

PINNED = [
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


def test_the_public_names_are_these() -> None:
    assert sdplay.__all__ == PINNED
    assert dir(sdplay) == PINNED


def test_every_public_name_can_be_had_and_is_the_real_thing() -> None:
    for name in PINNED:
        assert getattr(sdplay, name) is not None
    assert sdplay.draw is sdplay.studio.draw
    assert sdplay.Txt2Img is sdplay.requests.txt2img.Txt2Img


def test_every_event_is_a_public_name() -> None:
    """What `Studio.stream`, `shoot` and `on_step` hand out."""
    defined = {
        name
        for name, each in vars(sdplay.events).items()
        if isinstance(each, type) and each.__module__ == "sdplay.events"
    }
    assert {"Event", *defined} <= set(sdplay.__all__)


def test_the_package_says_that_it_is_typed() -> None:
    assert (files("sdplay") / "py.typed").is_file()


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'sdplay' has no attribute 'drwa'"):
        _ = sdplay.drwa  # type: ignore[attr-defined]


def test_star_import_brings_the_public_names() -> None:
    code = "from sdplay import *; print(sorted(n for n in dir() if n[0] != '_'))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == str([name for name in PINNED if name != "__version__"])


def test_the_version_is_that_of_the_installed_package() -> None:
    assert sdplay.__version__ == version("sdplay")
