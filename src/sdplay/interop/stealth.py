"""Words in the lowest bits of a picture's pixels ("stealth PNG info"), where web sites that drop chunks leave them.

Column by column, downwards: fifteen letters that say how, a length in bits (32 of them), the text in UTF-8, as it is or
packed by gzip. The bits are the lowest of alpha, or of red, green and blue in turn.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sdplay.interop.parsed import LARGEST_TEXT

LOSSLESS = ("PNG", "WEBP", "TIFF", "BMP", "AVIF")  # others keep no lowest bits
SIGNATURES = {"A": (b"stealth_pnginfo", b"stealth_pngcomp"), "RGB": (b"stealth_rgbinfo", b"stealth_rgbcomp")}
HEAD, LENGTH = 15 * 8, 32  # bits
MOST_BITS = LARGEST_TEXT * 4 * 8
GZIP = 31  # the window of zlib that reads gzip's header too


def hidden_text(image: Image.Image) -> str | None:
    """The text hidden in `image`, whose pixels are read for it; None where there is none."""
    bands = image.getbands()
    if image.mode == "P" or not {"R", "G", "B"} <= set(bands):
        return None
    pixels = np.asarray(image)
    for channels, signatures in SIGNATURES.items():
        if set(channels) <= set(bands):
            lowest = pixels[..., [bands.index(channel) for channel in channels]]
            found = read_bits(lowest, signatures)
            if found is not None:
                return found
    return None


def read_bits(channels: NDArray[np.uint8], signatures: tuple[bytes, bytes]) -> str | None:
    """The text in the lowest bits of `channels` [height, width, n], behind one of the `signatures` (plain, packed)."""
    height, _, count = channels.shape
    columns = -(-(HEAD + LENGTH) // (height * count))
    head = first_bits(channels, columns)
    if head.size < HEAD + LENGTH:
        return None
    signature = np.packbits(head[:HEAD]).tobytes()
    if signature not in signatures:
        return None
    length = int.from_bytes(np.packbits(head[HEAD : HEAD + LENGTH]).tobytes())
    if not 0 < length <= MOST_BITS:
        return None
    bits = first_bits(channels, -(-(HEAD + LENGTH + length) // (height * count)))[HEAD + LENGTH :][:length]
    body = np.packbits(bits).tobytes()
    if signature == signatures[1]:
        try:
            body = zlib.decompressobj(GZIP).decompress(body, LARGEST_TEXT * 4)
        except zlib.error:
            return None
    return body.decode("utf-8", "replace")


def first_bits(channels: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """The lowest bits of the first `columns` columns, in the order in which they are written."""
    return np.ascontiguousarray(channels[:, :columns].transpose(1, 0, 2)).reshape(-1) & np.uint8(1)
