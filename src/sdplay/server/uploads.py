"""Pictures that clients send, checked before a pixel is read, and kept under names of the service's own."""

from __future__ import annotations

import io
import time
from pathlib import Path

from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.files.atomic import replace_file, store_error
from sdplay.images.open import UNREADABLE, quiet
from sdplay.server.clients import Limits
from sdplay.server.records import Upload

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif", "AVIF": ".avif", "BMP": ".bmp"}
MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif", "AVIF": "image/avif"}
MOST_FRAMES = 1000


def keep_upload(name: str, content: bytes, folder: Path, limits: Limits) -> Upload:
    """Write `content` as upload `name`; raises `BadRequest` for what is not a picture, or is too large a one."""
    try:
        with quiet(), Image.open(io.BytesIO(content), formats=tuple(SUFFIXES)) as image:
            kind, (width, height) = str(image.format), image.size
            if width * height > limits.pixels * 2 or getattr(image, "n_frames", 1) > MOST_FRAMES:
                raise BadRequest(f"it has {width}x{height} pixels, which is too many", field="file")
            image.load()
    except BadRequest:
        raise
    except UNREADABLE as error:
        reason = "is not a picture that can be read"
        raise BadRequest(reason, field="file", hint="PNG, JPEG, WebP, GIF, BMP or AVIF") from error
    path = folder / f"{name}{SUFFIXES[kind]}"
    try:
        replace_file(path, content)
    except OSError as error:
        raise store_error(error, folder) from error
    return Upload(
        id=name,
        file=path.as_posix(),
        media_type=MEDIA.get(kind, "application/octet-stream"),
        width=width,
        height=height,
        created=time.time(),
    )
