"""The pictures inside requests: base64 in JSON, put into the shape that A1111's settings ask for."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.images.mask import Mask, brightness
from sdplay.images.read import Pixels, eight_bit, open_image, png, read_image
from sdplay.images.surroundings import filled_from_around
from sdplay.server.http.a1111.bodies import Img2ImgBody
from sdplay.server.http.a1111.errors import missing
from sdplay.server.records import Upload

Arrangement = Literal["stretch", "crop", "fill"]
ARRANGEMENTS: tuple[Arrangement, ...] = ("stretch", "crop", "fill")  # by A1111's numbers
LATENT = 3
FILLED = 0  # of A1111's numbers for what is under a mask: colours from around it
FILLS = {FILLED: "original", 1: "original", 2: "noise", 3: "nothing"}
MIDDLE = 127
Size = tuple[int, int]  # (width, height)
AddUpload = Callable[[bytes], Upload]


def decoded(text: str, field: str) -> bytes:
    """The file in `text`, base64 or a data address of it; raises `BadRequest` for another address, and for what is
    neither.
    """
    if text.lower().startswith(("http:", "https:", "file:", "ftp:")):
        hint = "send the picture itself, in base64"
        raise BadRequest("the service fetches nothing from addresses", field=field, hint=hint)
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        content = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("is not a picture in base64", field=field) from None
    if not content:
        raise BadRequest("holds no picture", field=field)
    return content


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """The uploads that stand for the pictures of a request, and the size of the picture."""

    image: Upload
    mask: Upload | None
    size: Size


def placed(body: Img2ImgBody, add: AddUpload) -> Placed:
    """The picture and the mask of `body` as they are to be drawn over.

    Files that need no change are kept as they came, so that a recipe names what the client has.
    """
    if len(body.init_images) != 1:
        reason = f"one picture is drawn over by a request, and there are {len(body.init_images)}"
        raise BadRequest(reason, field="init_images", hint="send a request for each")
    upload = add(decoded(body.init_images[0], "init_images"))
    pixels = read_image(upload.file, "init_images")
    size = wanted_size(body, (pixels.shape[1], pixels.shape[0]))
    arrangement = arrangement_of(body.resize_mode, pixels, size)
    if body.mask is None:
        image = arranged(pixels, size, arrangement)
        return Placed(image=upload if image is pixels else add(png(image)), mask=None, size=size)
    given = add(decoded(body.mask, "mask"))
    light = brightness(eight_bit(open_image(given.file, "mask")), given.file)
    mask = light
    if mask.shape != pixels.shape[:2]:
        mask = stretched(mask, (pixels.shape[1], pixels.shape[0]))
    if body.mask_round:
        mask = rounded(mask)
    image = pixels
    if not body.inpaint_full_res:
        image, mask = arranged(pixels, size, arrangement), arranged(mask, size, arrangement)
    if body.inpainting_fill == FILLED:
        image = filled_from_around(image, 255 - mask if body.inpainting_mask_invert else mask)
    return Placed(
        image=upload if image is pixels else add(png(image)),
        mask=given if mask is light else add(png(mask)),
        size=size if not body.inpaint_full_res else (pixels.shape[1], pixels.shape[0]),
    )


def wanted_size(body: Img2ImgBody, own: Size) -> Size:
    """As asked, else the picture's own."""
    return body.width or own[0], body.height or own[1]


def arrangement_of(mode: int, pixels: Pixels, size: Size) -> Arrangement:
    """How a picture is brought to another size; raises `BadRequest` for A1111's way through latents."""
    if mode != LATENT:
        return ARRANGEMENTS[mode]
    if (pixels.shape[1], pixels.shape[0]) != size:
        raise missing("resize_mode", mode, "pictures are not enlarged in latents", "take 0, 1 or 2")
    return "crop"


def arranged(values: NDArray[np.uint8], size: Size, how: Arrangement) -> NDArray[np.uint8]:
    """`values`, [H, W, 3] or [H, W], in the proportions of `size` (width, height); themselves where they have these,
    or where they are to be cropped, which is what drawing does by itself.
    """
    height, width = values.shape[:2]
    if how == "crop" or width * size[1] == height * size[0]:
        return values
    if how == "stretch":
        return stretched(values, size)
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    small = stretched(values, inner)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    around = [(top, size[1] - inner[1] - top), (left, size[0] - inner[0] - left)] + [(0, 0)] * (values.ndim - 2)
    return np.pad(small, around, mode="edge")


def stretched(values: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    way = Image.Resampling.LANCZOS if values.ndim == 3 else Image.Resampling.BILINEAR
    return np.array(Image.fromarray(values).resize(size, way))


def rounded(mask: Mask) -> Mask:
    """`mask` in black and white alone; itself where it is that."""
    if np.isin(mask, (0, 255)).all():
        return mask
    return np.where(mask > MIDDLE, np.uint8(255), np.uint8(0))


def cropped(content: bytes, size: Size) -> bytes:
    """The middle of a picture file, with its words; itself where it is not larger."""
    with Image.open(io.BytesIO(content)) as image:
        left, top = max(0, image.width - size[0]) // 2, max(0, image.height - size[1]) // 2
        if not left and not top and image.width <= size[0] and image.height <= size[1]:
            return content
        part = image.crop((left, top, min(image.width, left + size[0]), min(image.height, top + size[1])))
        return with_texts(part, {str(key): text for key, text in image.info.items() if isinstance(text, str)})


def with_texts(image: Image.Image, texts: dict[str, str]) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info, buffer = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        info.add_itxt(key, text)
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
