"""txt2img: picture i is drawn from the prompt and from the noise of seed + i; with a second pass (A1111's "Hires. fix")
small at first, then enlarged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sdplay.core.errors import BadRequest
from sdplay.core.fields import LARGEST_SIDE, SMALLEST_SIDE, Upscaling
from sdplay.core.sample import Asset, FromNoise, LatentsAsset, Sample, SecondPass
from sdplay.library.card import ModelCard
from sdplay.requests.latents import LatentsPath
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still, samples

MULTIPLE = 8  # pixels, to which the larger size is rounded down, as in A1111


def as_upscaling(given: object) -> object:
    """A1111's names are understood too: "Latent (bicubic antialiased)"."""
    if not isinstance(given, str):
        return given
    return given.strip().casefold().replace(" (", "-").replace(" ", "-").rstrip(")")


class Txt2Img(Still):
    """A picture from words."""

    mode: Literal["txt2img"] = "txt2img"
    latents: LatentsPath | None = Field(
        default=None,
        description="Latents [channels, height, width] to start from, in place of the seed's noise: a .npy file.",
        json_schema_extra={"group": "picture", "if_absent": None},
    )
    hires_scale: float = Field(
        default=1.0,
        ge=1,
        le=8,
        description="Draw the picture at its size, enlarge it this many times, and draw over it once more; 1: do not.",
        json_schema_extra={"group": "hires", "basic": True, "if_absent": 1.0},
    )
    hires_upscaler: Annotated[Upscaling, BeforeValidator(as_upscaling)] = Field(
        default="latent",
        description="How it is enlarged: in the model's latents, or (lanczos) as a picture.",
        json_schema_extra={"group": "hires", "if_absent": "latent"},
    )
    hires_steps: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Denoising steps of the second pass; 0: as many as of the first.",
        json_schema_extra={"group": "hires", "if_absent": 0},
    )
    hires_strength: float = Field(
        default=0.7,
        ge=0,
        le=1,
        description="How much the second pass may change: 0 only enlarges, 1 redraws.",
        json_schema_extra={"group": "hires", "if_absent": 0.7},
    )

    def natural_size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """That of the latents, where there are any."""
        start = assets.get("latents")
        if not isinstance(start, LatentsAsset):
            return super().natural_size(card, assets)
        width, height = start.width * card.factor, start.height * card.factor
        if not (min(width, height) >= SMALLEST_SIDE and max(width, height) <= LARGEST_SIDE):
            hint = f"a side has {SMALLEST_SIDE} to {LARGEST_SIDE} pixels"
            raise BadRequest(f"are for {width}x{height} pixels", field="latents", value=start.path, hint=hint)
        return width, height

    def unused_fields(self) -> set[str]:
        """Without a second pass, what it would have been like reaches no pixel."""
        unused = [name for name in type(self).model_fields if name.startswith("hires_") and self.hires_scale == 1]
        return super().unused_fields().union(unused)


def second_pass(recipe: Recipe) -> SecondPass | None:
    """The second pass that `recipe` asks for, None if there is none.

    Raises `BadRequest` for a picture whose side would be longer than any side may be.
    """
    request = recipe.request
    if not isinstance(request, Txt2Img) or request.hires_scale == 1:
        return None
    width, height = (int(side * request.hires_scale) // MULTIPLE * MULTIPLE for side in (recipe.width, recipe.height))
    if max(width, height) > LARGEST_SIDE:
        raise BadRequest(
            f"a picture of {recipe.width}x{recipe.height} becomes {width}x{height} pixels, and {LARGEST_SIDE} is the "
            "most a side may have",
            field="hires_scale",
            value=request.hires_scale,
            hint="take a smaller `hires_scale`, or enlarge it afterwards: sdplay upscale",
        )
    return SecondPass(
        width=width,
        height=height,
        upscaling=request.hires_upscaler,
        steps=request.hires_steps or recipe.steps,
        strength=request.hires_strength,
    )


def picture_size(recipe: Recipe) -> tuple[int, int]:
    """(width, height) of the finished pictures of `recipe`."""
    larger = recipe.enlargement
    return (larger.width, larger.height) if larger is not None else drawn_size(recipe)


def drawn_size(recipe: Recipe) -> tuple[int, int]:
    """(width, height) of what the model draws at the end; the size of `recipe` itself is that of the first pass."""
    second = second_pass(recipe)
    return (second.width, second.height) if second is not None else (recipe.width, recipe.height)


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The samples of `indices`, in that order."""
    return samples(recipe, indices, FromNoise(), second_pass(recipe))
