"""A recipe inside a picture file: A1111's text for the world, and our own JSON, which is exact.

PNG: text chunks `parameters` and `sdplay`. JPEG, WebP and AVIF: EXIF UserComment and ImageDescription (JSON in ASCII).
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from sdplay.core.errors import BadRequest
from sdplay.core.fields import MOST_FRAMES
from sdplay.images.formats import LOSSY, Format
from sdplay.images.infotext import infotext
from sdplay.images.picture import Picture, UpscaleRecord
from sdplay.requests.recipe import Recipe, canonical_json

CHUNK, ENLARGED = "sdplay", "enlarged"
EXIF_IFD, USER_COMMENT, IMAGE_DESCRIPTION = 0x8769, 0x9286, 0x010E
JPEG_QUALITY = 95
AVIF_QUALITY = 90
LARGEST_JPEG_EXIF = 65_533  # bytes; the length of a JPEG segment is a 16-bit number that counts itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What our own chunk says: the recipe, which picture of it this is, the digest of its pixels when drawn, and how it
    was enlarged since.
    """

    recipe: Recipe
    index: int
    digest: str
    version: str
    enlarged: tuple[UpscaleRecord, ...] = ()


def chunk(picture: Picture, version: str) -> str:
    """Our JSON for `picture`."""
    return canonical_json(
        {
            CHUNK: version,
            "index": picture.index,
            "pixels": picture.digest,
            "recipe": picture.recipe.to_dict(),
        }
    )


def parse_chunk(text: str) -> Embedded:
    """The inverse of `chunk`; raises `BadRequest` for a damaged or newer recipe, `ValueError` for anything else."""
    value: Any = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    if lacking := [name for name in (CHUNK, "index", "pixels", "recipe") if name not in value]:
        raise ValueError(f"it lacks {', '.join(lacking)}")
    index, digest, version = value["index"], value["pixels"], value[CHUNK]
    if type(index) is not int or not 0 <= index < MOST_FRAMES:
        raise ValueError(f"its index is {index!r}")
    if not isinstance(digest, str) or not isinstance(version, str):
        raise ValueError("its digest or version is not text")
    enlarged = tuple(map(UpscaleRecord.from_dict, value.get(ENLARGED, ())))
    recipe = Recipe.from_dict(value["recipe"])
    return Embedded(recipe=recipe, index=index, digest=digest, version=version, enlarged=enlarged)


def encode(picture: Picture, kind: Format, version: str) -> bytes:
    """The file of `picture`, recipe embedded; PNG and WebP are lossless, JPEG and AVIF are not.

    Raises `BadRequest` where the words are too long for a JPEG file (64 KB hold all it can say about itself).
    """
    text = infotext(picture.recipe, picture.index, version)
    buffer = io.BytesIO()
    if kind == "png":
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", text)
        info.add_itxt(CHUNK, chunk(picture, version))
        picture.image.save(buffer, "PNG", pnginfo=info)
        return buffer.getvalue()
    exif = Image.Exif()
    exif[IMAGE_DESCRIPTION] = json.dumps(json.loads(chunk(picture, version)), separators=(",", ":"))
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = b"UNICODE\0" + text.encode("utf-16-be")
    if kind == "webp":
        picture.image.save(buffer, "WEBP", lossless=True, exif=exif)
        return buffer.getvalue()
    if kind == "avif":  # by one thread, so that the bytes are the same on every machine
        picture.image.save(buffer, "AVIF", quality=AVIF_QUALITY, subsampling="4:4:4", max_threads=1, exif=exif)
        return buffer.getvalue()
    if len(exif.tobytes()) > LARGEST_JPEG_EXIF:
        reason = "a JPEG file has no room for a prompt this long"
        raise BadRequest(reason, field="format", value=kind, hint="take png or webp, or fewer words")
    picture.image.save(buffer, "JPEG", quality=JPEG_QUALITY, exif=exif)
    return buffer.getvalue()


def stored_pixels(picture: Picture, kind: Format, version: str) -> NDArray[np.uint8]:
    """The pixels that a file of `picture` holds: its own, or what JPEG or AVIF leaves of them."""
    if kind not in LOSSY:
        return picture.pixels
    with Image.open(io.BytesIO(encode(picture, kind, version))) as image:
        return np.asarray(image)


def own_chunk(image: Image.Image) -> str | None:
    """The text of our chunk in an opened picture, None when another program made it."""
    text = image.info.get(CHUNK)
    if isinstance(text, str):
        return text
    description = image.getexif().get(IMAGE_DESCRIPTION)
    if isinstance(description, str) and description.startswith("{") and f'"{CHUNK}":' in description:
        return description
    return None
