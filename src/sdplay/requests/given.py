"""Pictures that are given as such, and not as a file: PIL images, arrays, the bytes of a file, our own pictures."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, cast

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from sdplay.core.fields import FilePath

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image


class ArrayLike(Protocol):
    """What numpy can make an array of without a copy of its own: arrays, tensors on the CPU, our own pictures."""

    def __array__(self) -> NDArray[Any]: ...


PictureLike: TypeAlias = "str | PathLike[str] | bytes | bytearray | memoryview | Image | ArrayLike"
WHERE_THEY_WERE: Mapping[str, PictureLike | None] = {}
IN_MEMORY = "memory:"
KINDS = "give a path, a PIL image, an array [height, width, 3], the bytes of a picture file, or a picture of ours"


class PictureInMemory(str):
    """Stands where the path of a picture does, and holds the picture: a PIL image, or the bytes of a file.

    As a text it is `memory:` and the beginning of a sha256, the same for the same pixels; a recipe keeps that text, and
    beside it the digest of the pixels, as it does for a file. It goes along to another process.
    """

    content: Image | bytes

    @classmethod
    def of(cls, content: Image | bytes) -> PictureInMemory:
        """`content`, which nobody may change afterwards."""
        if isinstance(content, bytes):
            said, values = "", content
        else:
            said, values = f"{content.mode} {content.width}x{content.height}:", content.tobytes()
        made = cls(IN_MEMORY + hashlib.sha256(said.encode() + values).hexdigest()[:16])
        made.content = content
        return made


def as_picture(given: object) -> str:
    """A path as it is, and every other picture as a `PictureInMemory`; raises `ValueError` for what is none.

    What can be changed is copied: the picture is what it was when it was given.
    """
    if isinstance(given, str):
        return given
    if isinstance(given, os.PathLike):
        return os.fsdecode(given)  # type: ignore[reportUnknownArgumentType]
    if isinstance(given, bytes | bytearray | memoryview):
        return PictureInMemory.of(bytes(cast("bytes | bytearray", given)))
    from PIL.Image import Image

    if isinstance(given, Image):
        try:
            return PictureInMemory.of(given.copy())
        except (OSError, ValueError, SyntaxError, AssertionError):  # the last is PIL's word for a closed file
            raise ValueError("is not a picture that can be read: its file is closed, or damaged") from None
    if hasattr(given, "__array__"):
        import numpy as np

        return PictureInMemory.of(image_of(np.asarray(given)))
    raise ValueError(f"is not a picture: {KINDS}")


def image_of(values: NDArray[Any]) -> Image:
    """The picture in an array [height, width] or [height, width, 1, 3 or 4]: uint8, floating point 0..1, or bool.

    Raises `ValueError` for other shapes and types, and for numbers out of range.
    """
    import numpy as np
    from PIL import Image

    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.size == 0 or not (values.ndim == 2 or (values.ndim == 3 and values.shape[2] in (3, 4))):
        shape = "×".join(map(str, values.shape)) or "a single number"
        raise ValueError(f"is an array of {shape}; a picture is [height, width], or [height, width, 3 or 4]")
    if values.dtype == np.bool_:
        values = values * np.uint8(255)
    elif np.issubdtype(values.dtype, np.floating):
        if not (values.min() >= 0 and values.max() <= 1):  # not a number is neither
            raise ValueError(
                f"has values from {values.min():g} to {values.max():g}; those of floating point are 0 to 1"
            )
        values = np.rint(values * 255)
    elif values.dtype != np.uint8:
        raise ValueError(f"is an array of {values.dtype}; a picture is uint8 0 to 255, or floating point 0 to 1")
    return Image.fromarray(np.ascontiguousarray(values, np.uint8).copy())


def _checked(given: object, check: ValidatorFunctionWrapHandler) -> Any:
    picture = as_picture(given)
    return picture if isinstance(picture, PictureInMemory) else check(picture)


PicturePath = Annotated[FilePath, WrapValidator(_checked)]
