"""inpaint: as img2img, but only under the mask (and beyond the edges, if the picture is extended)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field, model_validator

from sdplay.core.fields import Fill
from sdplay.core.sample import Asset, FromImage, Repaint, Sample
from sdplay.library.card import ModelCard
from sdplay.requests.given import PicturePath
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import FromPicture, samples


class Inpaint(FromPicture):
    """A picture with a part repainted; outside the blurred mask it keeps its bytes."""

    mode: Literal["inpaint"] = "inpaint"
    mask: PicturePath | None = Field(
        default=None,
        description="Picture of the same size: white is repainted, black stays.",
        json_schema_extra={"group": "basics"},
    )
    mask_blur: float = Field(
        default=4.0,
        ge=0,
        le=256,
        description="Radius in pixels that softens the mask's edge.",
        json_schema_extra={"group": "mask"},
    )
    mask_grow: int = Field(
        default=0,
        ge=-256,
        le=256,
        description="Pixels by which the mask grows (or shrinks, when negative).",
        json_schema_extra={"group": "mask"},
    )
    mask_invert: bool = Field(
        default=False,
        description="Paint the black part of the mask instead of the white.",
        json_schema_extra={"group": "mask"},
    )
    fill: Fill = Field(
        default="original",
        description="What the masked part starts from: the picture, the colours around it, noise, or nothing (flat).",
        json_schema_extra={"group": "mask"},
    )
    only_masked: bool = Field(
        default=False,
        description="Draw the masked part alone, enlarged to the model's size, and paste it back.",
        json_schema_extra={"group": "mask"},
    )
    padding: int = Field(
        default=32,
        ge=0,
        le=2048,
        description="Pixels of surroundings that `only_masked` draws along.",
        json_schema_extra={"group": "mask"},
    )
    extend: str = Field(
        default="",
        pattern=r"^\s*((left|right|top|bottom)\s*=\s*\d{1,4}\s*(,\s*|$))*$",
        description="Paint beyond the picture's edges: left=64,right=0,top=0,bottom=32.",
        json_schema_extra={"group": "mask", "basic": True},
    )

    @model_validator(mode="after")
    def _has_something_to_paint(self) -> Inpaint:
        if self.mask is None and not any(self.borders):
            raise ValueError("nothing says where to paint: give `mask=FILE`, or `extend=left=64`")
        return self

    @property
    def borders(self) -> tuple[int, int, int, int]:
        """`extend` in pixels: (left, top, right, bottom)."""
        given = dict(part.split("=") for part in self.extend.replace(" ", "").strip(",").split(",") if part)
        left, top, right, bottom = (int(given.get(side, 0)) for side in ("left", "top", "right", "bottom"))
        return left, top, right, bottom

    def natural_size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """The masked part alone is drawn at the size that the model draws best."""
        return (card.size, card.size) if self.only_masked else super().natural_size(card, assets)


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The samples of `indices`, in that order."""
    request = recipe.request
    assert isinstance(request, Inpaint)
    repaint = Repaint(
        mask=recipe.image("mask") if "mask" in recipe.assets else None,
        blur=request.mask_blur,
        grow=request.mask_grow,
        invert=request.mask_invert,
        fill=request.fill,
        borders=request.borders,
        padding=request.padding if request.only_masked else None,
    )
    init = FromImage(image=recipe.image("image"), strength=request.strength, repaint=repaint)
    return samples(recipe, indices, init)
