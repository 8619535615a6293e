"""Films made larger, frame by frame, into a new film of the same kind, pace and sound."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path
from typing import cast, get_args

from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.events import Event, FilmUpscaled, Finished, FrameUpscaled
from sdplay.files.atomic import numbered_names, prepare_folder
from sdplay.film.video.container import CODINGS, FilmKind
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.encode import FilmWriter
from sdplay.film.video.index import ClipFacts, probe
from sdplay.film.video.sound import Sound
from sdplay.images.open import UNREADABLE
from sdplay.images.picture import larger_size
from sdplay.jobs.upscale import UpscaleJobs
from sdplay.library.upscalers import default_upscaler, upscaler_name

ALWAYS_FILMS = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi"})
PERHAPS_FILMS = frozenset({".gif", ".webp", ".png", ".apng"})  # if they hold more than one frame
KINDS = {"png": "apng"}  # by what a name ends in, where the kind is called otherwise
USUAL_KIND: FilmKind = "mp4"


def film_at(path: Path) -> Path | None:
    """The film that `path` is, or that is in the job folder `path`; None for everything else.

    Raises `BadRequest` for a job folder whose film is not finished.
    """
    if path.is_dir() and (path / "job.json").is_file():
        found = sorted(file for file in path.glob("video.*") if film_at(file) is not None)
        if not found:
            hint = f"make it first: sdplay resume {path}"
            raise BadRequest("the film in this folder is not finished", field="file", value=str(path), hint=hint)
        return found[0]
    ending = path.suffix.casefold()
    if not path.is_file() or ending not in ALWAYS_FILMS | PERHAPS_FILMS:
        return None
    return path if ending in ALWAYS_FILMS or moves(path) else None


def moves(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            return getattr(image, "n_frames", 1) > 1
    except UNREADABLE:
        return False


def upscale_film(
    jobs: UpscaleJobs, film: Path, scale: float, upscaler: str | None, out: Path | None
) -> Generator[Event, None, None]:
    """Write `film` `scale` times as large: in the folder `out`, else beside it (beside the job folder it is in).

    Yields `FrameUpscaled` for each frame and at last `FilmUpscaled`. A clip of variable pace keeps its speed, at an
    even pace. Raises `BadRequest` for a file that is no film, and for a scale that is too large; `DiskFull` and
    `StoreError` if it cannot be written, of which nothing is left then.
    """
    started, name = time.perf_counter(), upscaler_name(upscaler) if upscaler is not None else default_upscaler()
    facts = facts_of(film)
    size = larger_size(facts.width, facts.height, scale)
    of_job = (film.parent / "job.json").is_file()
    stem = film.resolve().parent.name if of_job else film.stem
    folder = out if out is not None else film.parent.parent if of_job else film.parent
    prepare_folder(folder)
    kind = kind_of(film)
    suffix = ".png" if kind == "apng" else f".{kind}"
    path = next(path for path in numbered_names(folder, f"{stem}_x{scale:g}", suffix) if not path.exists())
    sound = Sound(path=film, field="file") if facts.has_sound and CODINGS[kind].sound is not None else None
    reader = ClipReader(film, sampling="time" if facts.variable else "index")
    with reader as frames, FilmWriter(path, size, facts.fps, kind, sound=sound) as writer:
        for index in range(frames.count()):
            writer.add(jobs.enlarged(frames.frame(index), scale, name))
            yield FrameUpscaled(index=index, total=frames.count())
    seconds = time.perf_counter() - started
    yield FilmUpscaled(path=path, frames=frames.count(), size=size, upscaler=name, seconds=seconds)
    yield Finished(total=1, seconds=seconds)


def facts_of(film: Path) -> ClipFacts:
    """The facts of the clip `film`, whose errors name the file."""
    try:
        return probe(film)
    except BadRequest as error:
        error.field = "file"
        raise


def kind_of(film: Path) -> FilmKind:
    """The kind of film to write: that of `film`, if we write it."""
    ending = film.suffix.lstrip(".").casefold()
    kind = KINDS.get(ending, ending)
    return cast(FilmKind, kind) if kind in get_args(FilmKind) else USUAL_KIND
