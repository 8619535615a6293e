"""Open picture files: only ordinary files of reasonable size, only formats that this program knows, headers first."""

from __future__ import annotations

import importlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.files.regular import why_not_opened
from sdplay.requests.given import IN_MEMORY, PictureInMemory

HEIF = "HEIF"
READABLE = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", HEIF)
NAMED = "PNG, JPEG, WebP, GIF, BMP, TIFF, PPM, AVIF and HEIC files can be"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
SUFFIXES += (".avif", ".heic", ".heif")
LARGEST_FILE = 256 * 2**20
MOST_PIXELS = 8192 * 8192
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")
HEIF_PACKAGE = "pi_heif"
HEAD = 64  # bytes of a file that say whether it is HEIC
# What PIL, and those who read what is written in pictures, raise for files that are no pictures, are damaged, or were
# made to harm (bombs, bottomless nesting).
UNREADABLE = (
    OSError,
    RuntimeError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    SyntaxError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@contextmanager
def open_file(path: Path, formats: tuple[str, ...] = READABLE) -> Iterator[Image.Image]:
    """The picture file at `path`, its header read and no pixel; raises what is in `UNREADABLE`.

    What is not a regular file is never opened: a pipe would be waited for, a device may have no end.
    """
    if reason := why_not_opened(path, LARGEST_FILE):
        raise ValueError(reason)
    with path.open("rb") as file:
        head = file.read(HEAD)
    with quiet(), Image.open(path, formats=readable(formats, head)) as image:
        yield image


@contextmanager
def open_given(path: str | Path) -> Iterator[Image.Image]:
    """As `open_file`, also for a picture that was given in memory, which is not to be changed."""
    if not isinstance(path, PictureInMemory):
        with open_file(Path(path)) as image:
            yield image
    elif isinstance(path.content, Image.Image):
        yield path.content
    else:
        content = path.content
        with quiet(), Image.open(io.BytesIO(content), formats=readable(READABLE, content[:HEAD])) as image:
            yield image


def readable(formats: tuple[str, ...], head: bytes) -> tuple[str, ...]:
    """`formats` of a file that begins with `head`: HEIF only where it is HEIC, for which a package is loaded."""
    return tuple(each for each in formats if each != HEIF or is_readable_heif(head))


def is_readable_heif(head: bytes) -> bool:
    """Whether a file that begins with `head` is HEIC; the package that reads them is loaded for it.

    Raises `ValueError` where that is not installed.
    """
    if head[4:8] != b"ftyp":
        return False
    brands = {head[start : start + 4] for start in (8, *range(16, min(len(head), head[3]), 4))}
    if not brands.intersection(HEIC_BRANDS):
        return False
    try:
        importlib.import_module(HEIF_PACKAGE).register_heif_opener()
    except ImportError:
        raise ValueError("it is HEIC, for which pi-heif is needed: pip install 'sdplay[heic]'") from None
    return True


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings of PIL's: about entries of a file that do not matter, and about sizes that we refuse anyhow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def check_file(path: str | Path, field: str) -> None:
    """Raise `BadRequest` unless `path` is a regular file of reasonable size, or a picture in memory."""
    if isinstance(path, PictureInMemory):
        return
    hints = {"is a folder": "give the picture's file", "is not a regular file": "save the picture first"}
    absent = "was given in memory, and not as a file" if str(path).startswith(IN_MEMORY) else "no such file"
    try:
        reason = why_not_opened(Path(path), LARGEST_FILE) if "\0" not in str(path) else absent
    except FileNotFoundError:
        reason = absent
    except (OSError, ValueError) as error:
        raise unreadable(path, field, error) from None
    if reason:
        raise BadRequest(reason, field=field, value=str(path), hint=hints.get(reason, ""))


def unreadable(path: str | Path, field: str, error: Exception) -> BadRequest:
    reason = (
        str(error) if isinstance(error, OSError | ValueError | Image.DecompressionBombError) else type(error).__name__
    )
    reason = reason.partition(" <_io.")[0]  # Pillow names what has no path by its place in memory
    return BadRequest(f"is not a picture that can be read: {reason}", field=field, value=str(path), hint=NAMED)
