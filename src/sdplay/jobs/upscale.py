"""Pictures made larger, and what says so inside their files."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdplay.core.errors import BadRequest, NotReproduced
from sdplay.events import Event, Finished, Skipped, Upscaled, UpscaleDone
from sdplay.files.atomic import numbered_names, prepare_folder, write_new
from sdplay.images.picture import LargerPicture, Picture, UpscaleRecord, larger_size, pixel_digest
from sdplay.images.read import read_image
from sdplay.interop.upscaled import encode_upscaled, texts_in_file, texts_of, upscale_records_in
from sdplay.jobs.resolve import Resolver
from sdplay.library.upscalers import LANCZOS, default_upscaler, upscaler_name
from sdplay.tasks import UpscaleTask
from sdplay.version import VERSION


class UpscaleJobs:
    """Makes pictures larger."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    def upscale(
        self,
        picture: Picture | str | Path,
        scale: float,
        upscaler: str | None = None,
        out: str | Path | None = None,
    ) -> LargerPicture:
        """`picture`, or the one in a file, `scale` times as large; kept in the folder `out` as a PNG, if one is
        given, with all that the smaller one says about itself.

        `upscaler`: lanczos, realesrgan, realesrgan-anime or realesr-animevideo; left out, realesrgan if its weights
        are here, else lanczos. Raises `BadRequest` and its kinds for a file that is not a picture, a scale that is too
        large, and weights that are missing.
        """
        started = time.perf_counter()
        name = upscaler_name(upscaler) if upscaler is not None else default_upscaler()
        pixels, texts = self._given(picture)
        before = upscale_records_in(texts)
        larger, record = self._larger(pixels, scale, name)
        path = None
        if out is not None:
            prepare_folder(Path(out))
            stem = Path(picture).stem if not isinstance(picture, Picture) else f"{picture.seed}"
            names = numbered_names(Path(out), f"{stem}_x{scale:g}", ".png")
            path = write_new(encode_upscaled(larger, texts, (*before, record)), names)
        seconds = time.perf_counter() - started
        return LargerPicture(pixels=larger, enlarged=(*before, record), path=path, seconds=seconds)

    def run(
        self, files: Sequence[str | Path], scale: float, upscaler: str | None = None, out: Path | None = None
    ) -> Generator[Event, None, None]:
        """Enlarge `files` one by one, each kept in `out` or beside the smaller one; arguments and errors as `upscale`.

        A file among several that cannot be read is skipped.
        """
        started = time.perf_counter()
        for path in map(Path, files):
            try:
                larger = self.upscale(path, scale, upscaler, out if out is not None else path.parent)
            except BadRequest as error:
                if len(files) == 1 or error.field != "file":
                    raise
                yield Skipped(error=error)
            else:
                yield UpscaleDone(picture=larger)
        yield Finished(total=len(files), seconds=time.perf_counter() - started)

    def repeat(self, pixels: NDArray[np.uint8], chain: tuple[UpscaleRecord, ...]) -> NDArray[np.uint8]:
        """A drawn picture enlarged once more as it was before, each time that it was.

        Raises `NotReproduced` where what was enlarged were other pixels, or another network did it.
        """
        for record in chain:
            if pixel_digest(pixels) != record.of:
                reason = "it was enlarged from a file that held other pixels than were drawn (a JPEG does)"
                raise NotReproduced(reason, field="enlarged", value=record.upscaler)
            pixels, again = self._larger(pixels, record.scale, upscaler_name(record.upscaler))
            if again.weights != record.weights:
                raise NotReproduced(
                    f"the network {record.upscaler!r} is not the one that enlarged it "
                    f"(sha256 {again.weights[:10]}, then {record.weights[:10]})"
                )
        return pixels

    def enlarged(self, pixels: NDArray[np.uint8], scale: float, upscaler: str) -> NDArray[np.uint8]:
        """`pixels`, uint8 [height, width, 3], `scale` times as large; `upscaler` as `upscaler_name` gives it."""
        return self._larger(pixels, scale, upscaler)[0]

    def _given(self, picture: Picture | str | Path) -> tuple[NDArray[np.uint8], dict[str, str]]:
        if isinstance(picture, Picture):
            return picture.pixels, texts_of(picture, VERSION)
        return read_image(Path(picture), "file"), texts_in_file(Path(picture))

    def _larger(
        self, pixels: NDArray[np.uint8], scale: float, upscaler: str
    ) -> tuple[NDArray[np.uint8], UpscaleRecord]:
        size = larger_size(pixels.shape[1], pixels.shape[0], scale)
        if upscaler == LANCZOS:
            from sdplay.images.filters import resize_lanczos

            larger, weights = resize_lanczos(pixels, *size), ""  # without torch
        else:
            task = UpscaleTask(pixels=pixels, size=size, upscaler=upscaler)
            done = next(event for event in self.resolver.executor.run(task) if isinstance(event, Upscaled))
            larger, weights = done.pixels, done.weights
        digests = {"of": pixel_digest(pixels), "made": pixel_digest(larger)}
        return larger, UpscaleRecord(scale=float(scale), upscaler=upscaler, weights=weights, **digests)
