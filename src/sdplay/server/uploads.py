"""Files that clients send, checked before a pixel is read, and kept under names of the service's own."""

from __future__ import annotations

import io
import time
from pathlib import Path
from threading import Lock

from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.files.atomic import replace_file, store_error
from sdplay.images.open import UNREADABLE, quiet
from sdplay.requests.latents import checked_latents, parsed_npy
from sdplay.server.clients import LATENTS, Limits
from sdplay.server.probe import SUFFIXES as OF_MEDIA
from sdplay.server.probe import media_facts
from sdplay.server.records import Upload

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif", "AVIF": ".avif", "BMP": ".bmp"}
MEDIA = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
}
# How the pictures begin; everything else is looked at as a film or a sound.
BEGINNINGS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
NPY = b"\x93NUMPY"
WEBP, AVIF = (b"RIFF", b"WEBP"), (b"ftyp", (b"avif", b"avis", b"mif1", b"msf1"))
MOST_FRAMES = 1000
checking = Lock()  # one at a time: a large picture takes its memory


def keep_upload(name: str, content: bytes, folder: Path, limits: Limits) -> Upload:
    """Write `content` as upload `name`; raises `BadRequest` for what cannot be used, or is too large."""
    with checking:
        if is_picture(content):
            kind, (width, height) = checked_picture(content, limits)
            path = written(folder / f"{name}{SUFFIXES[kind]}", content)
            media_type = MEDIA[kind]
        elif content.startswith(NPY):
            width, height = checked_array(content, limits)
            path, media_type = written(folder / f"{name}.npy", content), LATENTS
        else:
            path, media_type, width, height = keep_media(name, content, folder, limits)
    return Upload(id=name, file=path.as_posix(), media_type=media_type, width=width, height=height, created=time.time())


def is_picture(content: bytes) -> bool:
    """Whether `content` begins as a picture does."""
    webp = content[:4] == WEBP[0] and content[8:12] == WEBP[1]
    avif = content[4:8] == AVIF[0] and content[8:12] in AVIF[1]
    return content.startswith(BEGINNINGS) or webp or avif


def checked_picture(content: bytes, limits: Limits) -> tuple[str, tuple[int, int]]:
    """(format, size) of a picture that can be read; raises `BadRequest` for others."""
    try:
        with quiet(), Image.open(io.BytesIO(content), formats=tuple(SUFFIXES)) as image:
            kind, size = str(image.format), image.size
            check_size(*size, limits)
            if getattr(image, "n_frames", 1) > MOST_FRAMES:
                raise BadRequest(f"it has more than {MOST_FRAMES} frames", field="file")
            image.load()
    except BadRequest:
        raise
    except UNREADABLE as error:
        reason = "is not a picture that can be read"
        raise BadRequest(reason, field="file", hint="PNG, JPEG, WebP, GIF, BMP or AVIF") from error
    return kind, size


def checked_array(content: bytes, limits: Limits) -> tuple[int, int]:
    """(width, height) of the latents in a .npy file; raises `BadRequest` for other arrays, and for objects."""
    try:
        height, width = checked_latents(parsed_npy(content)).shape[1:]
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise BadRequest(
            str(error) or "is no .npy file", field="file", hint="latents are float32 [channels, height, width]"
        ) from None
    check_size(width, height, limits)
    return width, height


def check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.pixels * 2:
        raise BadRequest(f"it has {width}x{height} pixels, which is too many", field="file")


def keep_media(name: str, content: bytes, folder: Path, limits: Limits) -> tuple[Path, str, int, int]:
    """(path, media type, width, height) of a film or a sound, which is written to be looked at."""
    looked_at = written(folder / f"{name}.part", content)
    try:
        facts = media_facts(looked_at)
        check_size(facts["width"], facts["height"], limits)
        path = looked_at.replace(folder / f"{name}{OF_MEDIA[facts['media_type']]}")
    finally:
        looked_at.unlink(missing_ok=True)
    return path, facts["media_type"], facts["width"], facts["height"]


def written(path: Path, content: bytes) -> Path:
    try:
        replace_file(path, content)
    except OSError as error:
        raise store_error(error, path.parent) from error
    return path
