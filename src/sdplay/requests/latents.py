"""Latents that a picture starts from: a .npy file, or an array, and what a recipe keeps of them."""

from __future__ import annotations

import hashlib
import io
import os
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from sdplay.core.errors import BadRequest
from sdplay.core.fields import FilePath
from sdplay.core.sample import LatentsAsset
from sdplay.files.regular import read_regular
from sdplay.requests.given import IN_MEMORY, ArrayLike

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Latents: TypeAlias = "NDArray[np.float32]"  # [channels, height, width], 1/8 of the picture's sides
LatentsLike: TypeAlias = "str | PathLike[str] | ArrayLike"
MOST_CHANNELS = 64


class LatentsInMemory(str):
    """Stands where the path of a .npy file does, and holds the latents; as `PictureInMemory` does for pictures."""

    values: Latents

    @classmethod
    def of(cls, values: Latents) -> LatentsInMemory:
        """`values`, which nobody may change afterwards."""
        made = cls(IN_MEMORY + latents_digest(values)[:16])
        made.values = values
        return made


def latents_digest(values: Latents) -> str:
    """sha256 over shape and values, hex: equal exactly when two latents are."""
    size = "x".join(map(str, values.shape))
    return hashlib.sha256(f"{size}:".encode() + values.astype("<f4").tobytes()).hexdigest()


def as_latents(given: object) -> str:
    """A path as it is, and an array as `LatentsInMemory`, copied; raises `ValueError` for what is neither."""
    if isinstance(given, str):
        return given
    if isinstance(given, os.PathLike):
        return os.fsdecode(given)  # type: ignore[reportUnknownArgumentType]
    if hasattr(given, "__array__"):
        import numpy as np

        return LatentsInMemory.of(checked_latents(np.array(given)))
    raise ValueError("are no latents: give an array [channels, height, width], or the path of a .npy file of one")


def checked_latents(values: NDArray[Any]) -> Latents:
    """`values` as float32, exactly; raises `ValueError` for other shapes, for numbers that are cut, NaN or infinite."""
    import numpy as np

    if values.dtype.name not in ("float32", "float16"):
        raise ValueError(f"is an array of {values.dtype}; latents are float32: say .astype('float32')")
    if values.ndim != 3 or values.size == 0 or values.shape[0] > MOST_CHANNELS:
        shape = "×".join(map(str, values.shape)) or "a single number"
        several = ", those of one picture: give latents[0]" if values.ndim == 4 and len(values) == 1 else ""
        raise ValueError(f"is an array of {shape}; latents are [channels, height, width]{several}")
    if not np.isfinite(values).all():
        raise ValueError("has numbers that are NaN or infinite")
    return np.array(values, np.float32, order="C")


def read_latents(path: str) -> Latents:
    """The latents at `path`, or in memory; raises `BadRequest` for what cannot be read, and for a file of objects."""
    if isinstance(path, LatentsInMemory):
        return path.values
    try:
        return checked_latents(parsed_npy(read_regular(Path(path))))
    except FileNotFoundError:
        reason = "were given in memory, and not as a file" if path.startswith(IN_MEMORY) else "no such file"
    except OSError as error:
        reason = f"cannot be read: {(error.strerror or str(error)).lower()}"
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        reason = str(error) or "is no .npy file"
    raise BadRequest(reason, field="latents", value=path, hint="numpy.save writes such a file")


def parsed_npy(content: bytes) -> NDArray[Any]:
    """The array in a .npy file, without unpickling; raises `ValueError`, also where it ends too early."""
    import numpy as np

    file = io.BytesIO(content)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    header = readers.get(np.lib.format.read_magic(file))
    if header is None:
        raise ValueError("is a .npy file of a version that is not read here")
    shape, is_fortran, dtype = header(file)
    if dtype.hasobject or np.prod(shape, dtype=object) * dtype.itemsize != len(content) - file.tell():
        raise ValueError("is a .npy file that is damaged, or holds no numbers")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order="F" if is_fortran else "C")


def latents_asset(path: str) -> LatentsAsset:
    """The latents at `path`, read once for their shape and digest."""
    values = read_latents(path)
    channels, height, width = values.shape
    return LatentsAsset(path=path, digest=latents_digest(values), channels=channels, height=height, width=width)


def starting_latents(asset: LatentsAsset, shape: tuple[int, ...]) -> Latents:
    """The latents of a recipe, for a model that takes `shape` [C, h, w]; raises `BadRequest` where they do not fit."""
    values = read_latents(asset.path)
    if latents_digest(values) != asset.digest:
        reason = "holds other latents than when the recipe was made"
        raise BadRequest(reason, field="latents", value=asset.path, hint="give those it was made from")
    if values.shape != shape:
        reason = f"are {list(values.shape)}, and for this picture the model takes {list(shape)}"
        hint = "leave `size` out, which is then that of the latents; the channels are the model's"
        raise BadRequest(reason, field="latents", value=asset.path, hint=hint)
    return values


def _checked(given: object, check: ValidatorFunctionWrapHandler) -> Any:
    latents = as_latents(given)
    return latents if isinstance(latents, LatentsInMemory) else check(latents)


LatentsPath = Annotated[FilePath, WrapValidator(_checked)]
