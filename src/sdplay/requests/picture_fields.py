"""The keyword arguments that draw a picture, for editors and type checkers: what `draw` and `Studio.draw` take.

They are the fields of the requests for pictures, under their own names and under those of their flags. Their defaults
are those of the requests; a test holds names and types to them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict, TypeVar

from sdplay.core.fields import EngineChoice, Fill, NoiseSource, Precision, Quality, Syntax, Upscaling
from sdplay.requests.base import field_info, flag_names, known
from sdplay.requests.given import PictureLike
from sdplay.requests.latents import LatentsLike
from sdplay.requests.request import STILLS

F = TypeVar("F", bound=Callable[..., Any])


class PictureFields(TypedDict, total=False):
    """See the requests `Txt2Img`, `Img2Img` and `Inpaint` for what each means; what is None is left out."""

    negative_prompt: str
    num: int
    seed: int | None
    steps: int | None
    size: int | str | Sequence[int] | None
    width: int | None
    height: int | None
    guidance_scale: float | None
    guidance_rescale: float
    quality: Quality
    sampler: str | None
    schedule: str | None
    eta: float | None
    model: str | PathLike[str]
    vae: str | PathLike[str] | None
    lora: str | Sequence[str]
    embedding: str | Sequence[str]
    clip_skip: int
    noise: NoiseSource
    latents: LatentsLike | None
    prompt_syntax: Syntax
    style: str | Sequence[str]
    styles_file: str | PathLike[str]
    wildcards: str | PathLike[str]
    anyway: bool
    image: PictureLike | None
    strength: float
    mask: PictureLike | None
    mask_blur: float
    mask_grow: int
    mask_invert: bool
    fill: Fill
    only_masked: bool
    padding: int
    extend: str
    hires_scale: float
    hires_upscaler: Upscaling
    hires_steps: int
    hires_strength: float
    control_image: PictureLike | None
    controlnet: str | PathLike[str] | None
    control_preprocessor: Literal["auto", "canny", "none"]
    control_scale: float
    control_start: float
    control_end: float
    canny_low: int
    canny_high: int
    device: str
    precision: Precision
    engine: EngineChoice
    batch_size: int | None
    low_memory: bool
    decode_tile: int | None
    max_memory: str | int | None
    allow_lossy: bool
    allow_pickle: bool
    negative: str
    guidance: float | None
    syntax: Syntax


def shows_fields(function: F) -> F:
    """Let `help` and notebooks show each of these arguments of `function`, with its default, in place of **fields."""
    own = inspect.signature(function)
    listed = [one for one in own.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    for name, annotation in inspect.get_annotations(PictureFields).items():
        default = default_of(name)
        written = getattr(annotation, "__forward_arg__", annotation)
        listed.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=written))
    function.__signature__ = own.replace(parameters=listed)  # type: ignore[attr-defined]
    return function


def default_of(name: str) -> Any:
    """What is taken where nothing is given under this name, a field's or a flag's; None for what has to be found."""
    for kind in STILLS.values():
        field = flag_names(kind).get(name, name)
        if known(kind, field):
            info = field_info(kind, field)
            return None if info.is_required() else info.default
    return None
