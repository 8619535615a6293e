"""A sheet as a file that says what it shows: PNG in a text chunk of its own, WebP in EXIF's ImageDescription."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from typing import Any

from PIL import Image, PngImagePlugin

from sdplay.core.errors import BadRequest
from sdplay.images.formats import LOSSY, Format
from sdplay.images.write import IMAGE_DESCRIPTION
from sdplay.requests.recipe import Recipe, canonical_json

CHUNK = "sdplay_grid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetAxis:
    """A field and the values it has on a sheet, as they are labelled."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPicture:
    """One picture: where it stands (block, row, column, and which of its cell), its recipe's digest, its index there,
    the digest of its pixels, and the file it is kept in, "" where in none.
    """

    place: tuple[int, int, int, int]
    recipe: str
    index: int
    pixels: str
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRecord:
    """What a sheet says about itself; `recipe` is that of its first cell, from which the others differ by the axes."""

    version: str
    axes: tuple[SheetAxis, ...]
    pictures: tuple[SheetPicture, ...]
    recipe: Recipe

    def as_json(self) -> dict[str, Any]:
        return {
            CHUNK: self.version,
            "axes": [asdict(axis) for axis in self.axes],
            "pictures": [asdict(picture) for picture in self.pictures],
            "recipe": self.recipe.to_dict(),
        }


def encode_sheet(image: Image.Image, record: SheetRecord, kind: Format) -> bytes:
    """The file of a sheet, without loss; raises `BadRequest` for JPEG and AVIF."""
    buffer = io.BytesIO()
    if kind in LOSSY:
        raise BadRequest("a sheet is kept without loss", field="format", value=kind, hint="take png or webp")
    text = canonical_json(record.as_json())
    if kind == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt(CHUNK, text)
        image.save(buffer, "PNG", pnginfo=info)
        return buffer.getvalue()
    exif = Image.Exif()
    exif[IMAGE_DESCRIPTION] = json.dumps(json.loads(text), separators=(",", ":"))
    image.save(buffer, "WEBP", lossless=True, exif=exif)
    return buffer.getvalue()


def sheet_chunk(image: Image.Image) -> str | None:
    """The text of a sheet's chunk in an opened picture, None if it is not a sheet of ours."""
    text = image.info.get(CHUNK)
    if isinstance(text, str):
        return text
    description = image.getexif().get(IMAGE_DESCRIPTION)
    named = isinstance(description, str) and description.startswith("{") and f'"{CHUNK}":' in description
    return description if named else None


def parse_sheet(text: str) -> SheetRecord:
    """The inverse of `SheetRecord.as_json`, as text; raises `BadRequest` for a damaged recipe, and `ValueError`,
    `KeyError` or `TypeError` for any other text.
    """
    value: dict[str, Any] = json.loads(text)
    axes = tuple(SheetAxis(name=str(each["name"]), values=tuple(map(str, each["values"]))) for each in value["axes"])
    pictures = tuple(
        SheetPicture(
            place=tuple(map(int, each["place"])),  # pyright: ignore[reportArgumentType]  # checked below
            recipe=str(each["recipe"]),
            index=int(each["index"]),
            pixels=str(each["pixels"]),
            file=str(each["file"]),
        )
        for each in value["pictures"]
    )
    if not axes or not pictures or any(len(picture.place) != 4 for picture in pictures):
        raise ValueError("a sheet has axes and pictures, and each of these four numbers for its place")
    recipe = Recipe.from_dict(value["recipe"])
    return SheetRecord(version=str(value[CHUNK]), axes=axes, pictures=pictures, recipe=recipe)
