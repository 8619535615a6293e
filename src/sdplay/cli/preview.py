"""Looking on while a picture is drawn: small pictures of what is emerging, for a terminal and for a file."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from sdplay.core.errors import BadRequest
from sdplay.events import Event, ImageDone, Stepped

if TYPE_CHECKING:
    from PIL.Image import Image

FILE_KINDS = {".png": "PNG", ".webp": "WEBP", ".jpg": "JPEG", ".jpeg": "JPEG"}
LARGEST_SIDE = 512  # pixels of a preview in a file
GAP = 1  # pixels between the previews of pictures that are drawn together


def shown(step: Stepped) -> Image | None:
    """The previews of a step side by side, None where it has none."""
    from PIL import Image

    if not step.previews:
        return None
    pictures = [Image.fromarray(pixels) for pixels in step.previews]
    width = sum(picture.width + GAP for picture in pictures) - GAP
    strip = Image.new("RGB", (width, pictures[0].height))
    x = 0
    for picture in pictures:
        strip.paste(picture, (x, 0))
        x += picture.width + GAP
    return strip


class PreviewFile:
    """Keeps one file at what is being drawn now, and at the end at the finished picture; readers see whole files only.

    Raises `BadRequest` for a name that says no kind of picture and for a folder that is not there.
    """

    def __init__(self, path: Path) -> None:
        if path.suffix.casefold() not in FILE_KINDS:
            kinds = ", ".join(FILE_KINDS)
            raise BadRequest(
                "is not the name of a picture",
                field="preview_file",
                value=str(path),
                hint=f"end it in {kinds}",
            )
        if not path.parent.is_dir():
            raise BadRequest("its folder does not exist", field="preview_file", value=str(path), hint="make it first")
        self.path = path

    def follow(self, event: Event) -> None:
        """Write what `event` shows, if it shows anything; raises `StoreError` or `DiskFull`."""
        if isinstance(event, ImageDone):
            self._write(event.picture.image)
        elif isinstance(event, Stepped) and (picture := shown(event)) is not None:
            self._write(enlarged(picture, len(event.previews)))

    def _write(self, picture: Image) -> None:
        from sdplay.files.atomic import replace_file, store_error

        buffer = io.BytesIO()
        picture.save(buffer, FILE_KINDS[self.path.suffix.casefold()])
        try:
            replace_file(self.path, buffer.getvalue(), durable=False, into_devices=True)
        except OSError as error:
            raise store_error(error, self.path) from error


def enlarged(picture: Image, pictures: int) -> Image:
    """A strip of `pictures` previews as large as is worth looking at, soft as what it is made from."""
    from PIL import Image

    scale = max(1.0, LARGEST_SIDE / max(picture.width / pictures, picture.height))
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)
