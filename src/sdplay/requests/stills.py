"""The requests for single pictures: from words, from a picture, into a part of one."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from sdplay.core.fields import MOST_PICTURES, FilePath, Fill, Upscaling
from sdplay.requests.base import FreeSide, Prompt, Text, as_texts
from sdplay.requests.control import Controlled


def as_upscaling(given: object) -> object:
    """A1111's names are understood too: "Latent (bicubic antialiased)"."""
    if not isinstance(given, str):
        return given
    return given.strip().casefold().replace(" (", "-").replace(" ", "-").rstrip(")")


class Still(Controlled):
    """What the modes of single pictures have in common."""

    prompt: Prompt = Field(description="What to draw, in words.")
    num: int = Field(
        default=1,
        ge=1,
        le=MOST_PICTURES,
        description="How many pictures; picture i has seed + i.",
        json_schema_extra={"flag": "num", "short": "n"},
    )
    style: Annotated[tuple[Text, ...], BeforeValidator(as_texts)] = Field(
        default=(), max_length=100, description="A style of the styles file; can be given several times."
    )
    styles_file: FilePath = Field(
        default="styles.csv", description="Where styles are: CSV with the columns name, prompt, negative_prompt."
    )
    wildcards: FilePath = Field(default="wildcards", description="The folder where __name__ in a prompt is name.txt.")

    def not_ingredients(self) -> set[str]:
        """Styles are in the prompt when a recipe is made, and of wildcards the recipe holds the lines."""
        return super().not_ingredients() | {"num", "style", "styles_file", "wildcards"}


class Txt2Img(Still):
    """A picture from words."""

    mode: Literal["txt2img"] = "txt2img"
    hires_scale: float = Field(
        default=1.0,
        ge=1,
        le=8,
        description="Draw the picture at its size, enlarge it this many times, and draw over it once more; 1: do not.",
        json_schema_extra={"later": True},
    )
    hires_upscaler: Annotated[Upscaling, BeforeValidator(as_upscaling)] = Field(
        default="latent",
        description="How it is enlarged: in the model's latents, or (lanczos) as a picture.",
        json_schema_extra={"later": True},
    )
    hires_steps: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Denoising steps of the second pass; 0: as many as of the first.",
        json_schema_extra={"later": True},
    )
    hires_strength: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="How much the second pass may change: 0 only enlarges, 1 draws anew.",
        json_schema_extra={"later": True},
    )

    def not_ingredients(self) -> set[str]:
        """Without a second pass, what it would have been like reaches no pixel either."""
        unused = [name for name in type(self).model_fields if name.startswith("hires_") and self.hires_scale == 1]
        return super().not_ingredients().union(unused)


class FromPicture(Still):
    """What the modes that start from a picture have in common; sizes are free, since it is padded and cut back."""

    image: FilePath = Field(description="The picture to start from (or a folder of pictures).")
    strength: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="How much may change: 0 gives the picture back, 1 ignores it.",
    )
    width: FreeSide | None = Field(default=None, description="Width in pixels; the picture's own when left out.")
    height: FreeSide | None = Field(default=None, description="Height in pixels; the picture's own when left out.")


class Img2Img(FromPicture):
    """A picture from words and another picture."""

    mode: Literal["img2img"] = "img2img"


class Inpaint(FromPicture):
    """A picture with a part painted anew; outside the blurred mask it keeps its bytes."""

    mode: Literal["inpaint"] = "inpaint"
    mask: FilePath | None = Field(
        default=None, description="Picture of the same size: white is painted anew, black stays."
    )
    mask_blur: float = Field(default=4.0, ge=0, le=256, description="Radius in pixels that softens the mask's edge.")
    mask_grow: int = Field(
        default=0, ge=-256, le=256, description="Pixels by which the mask grows (or shrinks, when negative)."
    )
    mask_invert: bool = Field(default=False, description="Paint the black part of the mask instead of the white.")
    fill: Fill = Field(
        default="original", description="What the masked part starts from: the picture, noise, or nothing (flat)."
    )
    only_masked: bool = Field(
        default=False, description="Draw the masked part alone, enlarged to the model's size, and paste it back."
    )
    padding: int = Field(
        default=32, ge=0, le=2048, description="Pixels of surroundings that --only-masked draws along."
    )
    extend: str = Field(
        default="",
        pattern=r"^\s*((left|right|top|bottom)\s*=\s*\d{1,4}\s*(,\s*|$))*$",
        description="Paint beyond the picture's edges: left=64,right=0,top=0,bottom=32.",
    )

    @model_validator(mode="after")
    def _has_something_to_paint(self) -> Inpaint:
        if self.mask is None and not any(self.borders):
            raise ValueError("nothing says where to paint: give --mask FILE, or --extend left=64")
        return self

    @property
    def borders(self) -> tuple[int, int, int, int]:
        """`extend` in pixels: (left, top, right, bottom)."""
        given = dict(part.split("=") for part in self.extend.replace(" ", "").strip(",").split(",") if part)
        left, top, right, bottom = (int(given.get(side, 0)) for side in ("left", "top", "right", "bottom"))
        return left, top, right, bottom
