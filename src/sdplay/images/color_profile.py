"""Colour profiles: what a picture's numbers mean, translated into sRGB, which is what models were trained on."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

# What a profile counts: an image in these modes is translated as it is, one in others first becomes RGB.
COUNTED = {b"RGB ": "RGB", b"CMYK": "CMYK", b"GRAY": "L", b"Lab ": "LAB"}
NEARLY = 2  # of 255: a profile that changes no colour by more is sRGB itself, and the numbers stay as they are
LARGEST_PROFILE = 16 * 2**20  # bytes; those of printers have a few millions
STEPS = (0, 32, 64, 96, 128, 160, 192, 224, 255)


def as_srgb(image: Image.Image) -> Image.Image:
    """`image` in sRGB, transparency kept; itself where it has no profile, that of sRGB, or one that is damaged.

    A profile for other numbers than the image has counts for nothing, as in every viewer.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 0 < len(profile) <= LARGEST_PROFILE or image.mode.startswith(("I", "F")):
        return image
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    colours = (
        image if image.mode in ("L", "CMYK", "LAB") else image.convert("L" if image.mode in ("1", "LA") else "RGB")
    )
    if COUNTED.get(profile[16:20]) != colours.mode:
        return image
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            colours.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if colours.mode == "RGB" and changes_nothing(transform):
            return image
        translated = ImageCms.applyTransform(colours, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image
    assert translated is not None, "only a transform in place gives none"
    if alpha is not None:
        translated.putalpha(alpha)
    return translated


def changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether colours all over the cube stay what they are."""
    cube = np.stack(np.meshgrid(STEPS, STEPS, STEPS), axis=-1).astype(np.uint8).reshape(27, 27, 3)
    changed = ImageCms.applyTransform(Image.fromarray(cube), transform)
    return bool(np.abs(np.asarray(changed).astype(int) - cube).max() <= NEARLY)
