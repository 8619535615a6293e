"""What comes out: a picture in memory, the same picture as a file, and the picture made larger."""

from __future__ import annotations

import hashlib
import io
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from sdplay.core.errors import BadRequest
from sdplay.core.sample import Digest
from sdplay.requests.modes import import_object
from sdplay.requests.recipe import Recipe

if TYPE_CHECKING:
    from PIL.Image import Image


LARGEST_SCALE = 8
MOST_PIXELS = 8192 * 8192  # of the larger picture


def pixel_digest(pixels: NDArray[np.uint8]) -> str:
    """sha256 over size and values, hex: equal exactly when two pictures are."""
    height, width = pixels.shape[:2]
    return hashlib.sha256(f"{width}x{height}:".encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Picture:
    """Picture `index` of `recipe`: `pixels` is uint8 [height, width, 3], sRGB. `path` is its file, None if it was not
    kept. Shows itself in a notebook; numpy takes it for an array.

    `latents` are those it was decoded from, float32 [channels, height, width], where they were asked for.
    """

    pixels: NDArray[np.uint8]
    recipe: Recipe
    index: int
    seconds: float
    path: Path | None = None
    latents: NDArray[np.float32] | None = None

    @property
    def seed(self) -> int:
        return self.recipe.seed + self.index

    @property
    def digest(self) -> str:
        """The `pixel_digest` of the picture."""
        return pixel_digest(self.pixels)

    @property
    def image(self) -> Image:
        """The picture as a `PIL.Image`."""
        return as_image(self.pixels)

    def save(self, path: str | Path) -> Picture:
        """Write the file `path`, recipe inside, in the place of what is there; the picture with that `path`.

        The format is the one that the name ends in: .png, .webp, .jpg or .avif. Folders are made. Raises `BadRequest`
        for another ending, `StoreError` and `DiskFull`.
        """
        return replace(self, path=import_object("sdplay.images.writer:save_picture")(self, Path(path)))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.pixels, dtype, copy=copy)

    def __repr__(self) -> str:
        return described("Picture", self.pixels, f"seed {self.seed}", self.path)

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.image.save(buffer, "PNG")
        return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SavedImage:
    """A picture as a file; `digest` is that of its pixels, not of the file. It is a path to whoever takes paths."""

    path: Path
    digest: str
    media_type: str
    recipe: Recipe
    index: int
    seconds: float

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"<SavedImage seed {self.recipe.seed + self.index}, {str(self.path)!r}>"


def as_image(pixels: NDArray[np.uint8]) -> Image:
    """uint8 [height, width, 3] as a `PIL.Image`."""
    from PIL import Image

    return Image.fromarray(pixels)


def described(name: str, pixels: NDArray[np.uint8], what: str, path: Path | None) -> str:
    """A picture in a few words, for its `repr`."""
    kept = f", {str(path)!r}" if path is not None else ""
    return f"<{name} {pixels.shape[1]}x{pixels.shape[0]}, {what}{kept}>"


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> str:
    """How far apart two pictures are, in words."""
    if one.shape != other.shape:
        return f"the sizes differ ({one.shape[1]}x{one.shape[0]} and {other.shape[1]}x{other.shape[0]})"
    error = one.astype(np.float64) - other
    changed = float((error != 0).any(axis=-1).mean())
    mean_square = float(np.square(error).mean())
    psnr = "infinite" if mean_square == 0 else f"{10 * np.log10(255**2 / mean_square):.1f} dB"
    return f"{changed:.2%} of the pixels differ, PSNR {psnr}"


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class UpscaleRecord:
    """That a picture with the pixels `of` was made `scale` times as large by `upscaler`, into the pixels `made`.

    `weights` is the sha256 of the network's numbers, empty without one.
    """

    scale: Annotated[float, Field(gt=1, le=LARGEST_SCALE)]
    upscaler: Annotated[str, Field(min_length=1, max_length=100)]
    weights: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""
    of: Digest
    made: Digest

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Any) -> UpscaleRecord:
        """The inverse of `to_dict`; raises `BadRequest` for what is damaged."""
        try:
            return TypeAdapter(cls).validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise BadRequest(
                f"what enlarged the picture is damaged: its {where} is wrong: {first['msg']}",
                field="enlarged",
                value=first["input"],
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LargerPicture:
    """A picture that was enlarged: `pixels` uint8 [height, width, 3], sRGB, and each time that it was, the last one
    last. `path` is its file, None if it was not kept.
    """

    pixels: NDArray[np.uint8]
    enlarged: tuple[UpscaleRecord, ...]
    path: Path | None
    seconds: float

    @property
    def image(self) -> Image:
        """The picture as a `PIL.Image`."""
        return as_image(self.pixels)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.pixels, dtype, copy=copy)

    def __repr__(self) -> str:
        last = self.enlarged[-1]
        return described("LargerPicture", self.pixels, f"{last.scale:g} times by {last.upscaler}", self.path)


def larger_size(width: int, height: int, scale: float) -> tuple[int, int]:
    """(width, height) after enlarging; raises `BadRequest` for a scale out of range, or for more pixels than we make.

    Sides are rounded to the nearest pixel.
    """
    if not 1 < scale <= LARGEST_SCALE:
        raise BadRequest(
            "is not a valid scale",
            field="scale",
            value=scale,
            hint="1.5, 2, 4, up to 8",
        )
    size = round(width * scale), round(height * scale)
    if size[0] * size[1] > MOST_PIXELS:
        raise BadRequest(
            f"a picture of {width}x{height} would become {size[0]}x{size[1]}, and {MOST_PIXELS // 10**6} megapixels "
            "are the most",
            field="scale",
            value=scale,
            hint="take a smaller scale",
        )
    return size
