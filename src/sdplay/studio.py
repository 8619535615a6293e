"""The one object a Python user holds: ask it for pictures, grids, films, larger pictures, and how they were made."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from sdplay.core.machine import Machine
from sdplay.jobs import KINDS
from sdplay.jobs.pictures import OnStep, PictureJobs, Pictures, asked_for
from sdplay.jobs.resolve import ResolvedRequest, Resolver, random_seed
from sdplay.library.card import shipped_cards
from sdplay.library.resolve import ResolvedModel, resolve
from sdplay.requests.base import Request
from sdplay.requests.given import WHERE_THEY_WERE
from sdplay.requests.modes import import_object
from sdplay.requests.picture_fields import PictureFields, shows_fields

if TYPE_CHECKING:
    from sdplay.events import Event
    from sdplay.film.job.encoder import Output
    from sdplay.film.job.job import FilmJob
    from sdplay.film.plan import AnyFilm, FilmPlan
    from sdplay.images.picture import LargerPicture, Picture
    from sdplay.images.write import Embedded
    from sdplay.images.writer import ImageWriter
    from sdplay.interop import ParsedMetadata
    from sdplay.jobs.film import FilmJobs
    from sdplay.jobs.grid import GridJobs
    from sdplay.jobs.grid_sheet import Grid
    from sdplay.jobs.history import History
    from sdplay.jobs.shards.jobs import ShardJobs
    from sdplay.jobs.upscale import UpscaleJobs
    from sdplay.library.library import Library
    from sdplay.pipeline.explain import Explanation
    from sdplay.requests.given import PictureLike
    from sdplay.requests.request import AnyStill
    from sdplay.tasks import Executor

__all__ = ["Pictures", "ResolvedRequest", "Studio", "draw", "random_seed", "upscale"]

USUAL_SCALE = 4.0


class Studio:
    """Draws, saves, verifies. Holds one executor, and through it one loaded model; `close` lets go of both.

    `executor` is where the drawing happens (this process if left out); `new_seed` makes the seed of a request that
    has none; `library` is where models are looked for by name (those of the environment if left out). Each kind of
    job is an attribute, loaded when it is first used; the methods are the short way to what is used most.
    """

    def __init__(
        self,
        executor: Executor | None = None,
        new_seed: Callable[[], int] = random_seed,
        library: Library | None = None,
    ) -> None:
        self.resolver = Resolver(executor, new_seed, library)

    @cached_property
    def pictures(self) -> PictureJobs:
        return self._jobs("pictures")

    @cached_property
    def grids(self) -> GridJobs:
        return self._jobs("grid")

    @cached_property
    def films(self) -> FilmJobs:
        return self._jobs("film")

    @cached_property
    def upscaling(self) -> UpscaleJobs:
        return self._jobs("upscale")

    @cached_property
    def shards(self) -> ShardJobs:
        return self._jobs("shards")

    @cached_property
    def history(self) -> History:
        return self._jobs("history")

    def resolve(self, request: Request) -> ResolvedRequest:
        """`request` with its recipe, model and device; see `Resolver.resolve`."""
        return self.resolver.resolve(request)

    def run(
        self,
        resolved: ResolvedRequest,
        indices: Sequence[int],
        writer: ImageWriter | None = None,
        *,
        preview: bool = False,
    ) -> Generator[Event, None, None]:
        """Draw pictures `indices` of a resolved request; see `PictureJobs.run`."""
        return self.pictures.run(resolved, indices, writer, preview=preview)

    def stream(
        self, request: Request, writer: ImageWriter | None = None, *, preview: bool = False
    ) -> Generator[Event, None, None]:
        """Draw all pictures of `request`, yielding events; see `PictureJobs.stream`."""
        return self.pictures.stream(request, writer, preview=preview)

    @shows_fields
    def draw(
        self,
        request: Request | str | Sequence[str],
        out: str | Path | None = None,
        kind: str = "png",
        *,
        on_step: OnStep | None = None,
        preview: bool = False,
        keep_latents: bool = False,
        **fields: Unpack[PictureFields],
    ) -> Pictures:
        """Draw a request, or a prompt (or each of several) with `fields` as `sdplay.draw` takes them; the pictures.

        With `out` each is kept in that folder too, as `kind`. `on_step`, `preview` and `keep_latents`: see
        `PictureJobs.draw`.
        """
        asked = asked_for(request, fields)
        return self.pictures.draw(asked, out, kind, on_step=on_step, preview=preview, keep_latents=keep_latents)

    def grid(self, request: AnyStill, *axes: str, **options: Any) -> Grid:
        """Draw `request` with every combination of some values; see `GridJobs.draw`."""
        return self.grids.draw(request, *axes, **options)

    def film(
        self,
        request: AnyFilm,
        out: str | Path,
        output: Output | None = None,
        *,
        force: bool = False,
        strict: bool = False,
        source: str | Path | None = None,
        frames: range | None = None,
    ) -> FilmJob:
        """The film of `request` in the job folder `out`: `for event in shoot(studio.film(…))`; see `FilmJobs.start`."""
        origin = Path(source) if source is not None else None
        out = Path(out)
        return self.films.start(request, out, output, force=force, strict=strict, source=origin, frames=frames)

    def plan(self, request: AnyFilm) -> tuple[ResolvedRequest, FilmPlan]:
        """What drawing the film `request` would be, without its model."""
        return self.films.plan(request)

    def resume(
        self, job: str | Path, model: str | None = None, *, strict: bool = False, frames: range | None = None
    ) -> FilmJob:
        """The film in the job folder `job`, ready to be resumed; see `FilmJobs.resume`."""
        return self.films.resume(Path(job), model, strict=strict, frames=frames)

    def upscale(
        self,
        picture: Picture | str | Path,
        scale: float = USUAL_SCALE,
        upscaler: str | None = None,
        out: str | Path | None = None,
    ) -> LargerPicture:
        """`picture`, drawn or in a file, `scale` times as large; see `UpscaleJobs.upscale`."""
        return self.upscaling.upscale(picture, scale, upscaler, out)

    def read(self, path: str | Path) -> Embedded | ParsedMetadata:
        """What a picture says about how it was made; see `History.read`."""
        return self.history.read(path)

    def draw_again(self, path: str | Path, **changes: Any) -> Pictures:
        """Draw the picture in `path` again, exactly, or with `changes`; see `History.draw_again`."""
        return self.history.draw_again(path, **changes)

    def verify(
        self,
        path: str | Path,
        model: str | None = None,
        pictures: Mapping[str, PictureLike | None] = WHERE_THEY_WERE,
    ) -> Picture:
        """Draw the picture in `path` again and return it if it is the same bit for bit; see `History.verify`."""
        return self.history.verify(Path(path), model, pictures)

    def close(self) -> None:
        """Let go of the model; the studio can be used again and loads it again."""
        self.resolver.close()

    def explain(self, request: AnyStill) -> Explanation:
        """What the model reads of the prompts of `request`; takes its vocabulary, not its weights or torch."""
        from sdplay.pipeline.explain import explain
        from sdplay.requests.add_ons import find_add_ons
        from sdplay.requests.modes import expand_prompts
        from sdplay.requests.resolve import resolve_request

        model = resolve(request.model, self.resolver.library, allow_pickle=request.run.allow_pickle)
        written, wildcards = expand_prompts(request)
        model = replace(model, add_ons=find_add_ons(written, wildcards, self.resolver.library))
        machine = Machine(device="cpu", dtype="float32", threads=1, engines=("torch", "openvino"))  # none of them runs
        return explain(resolve_request(written, model, machine, self.resolver.new_seed(), {}, wildcards), model)

    def models(self) -> dict[str, Path]:
        """The models on this computer, by name: those in the library, and those that come with the program."""
        shipped = {card.name: card.folder for card in shipped_cards().values() if card.folder is not None}
        return dict(self.resolver.library.models()) | shipped

    def model(self, name: str) -> ResolvedModel:
        """What the model `name` is, where it is, and what is taken when nothing is asked; raises as `resolve` does."""
        return resolve(name, self.resolver.library)

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _jobs(self, kind: str) -> Any:
        return import_object(KINDS[kind])(self.resolver)


@shows_fields
def draw(
    prompt: str | Sequence[str],
    *,
    out: str | Path | None = None,
    kind: str = "png",
    on_step: OnStep | None = None,
    preview: bool = False,
    keep_latents: bool = False,
    **fields: Unpack[PictureFields],
) -> Pictures:
    """Draw `prompt`, or each of several, and return the pictures; with `out` they are kept in that folder as well.

    `fields` are those of `Txt2Img`: steps, seed, size, guidance_scale, sampler and so on, also under the names of their
    flags. With an `image` (which may be a folder) they are those of `Img2Img`, and with a `mask` or `extend` those of
    `Inpaint`. Pictures are given as paths, PIL images, arrays, the bytes of a file, or pictures that were drawn.
    `on_step` is called after each step, and stops the drawing where it returns False; with `keep_latents` the pictures
    have `latents`; see `PictureJobs.draw`.
    Raises `BadRequest` (with the field, the value and what to do) and `SdplayError`.
    """
    with Studio() as studio:
        options = {"on_step": on_step, "preview": preview, "keep_latents": keep_latents}
        return studio.draw(prompt, out, kind, **options, **fields)


def upscale(
    picture: Picture | str | Path,
    scale: float = USUAL_SCALE,
    upscaler: str | None = None,
    out: str | Path | None = None,
) -> LargerPicture:
    """`picture`, drawn or in a file, `scale` times as large; see `Studio.upscale`."""
    with Studio() as studio:
        return studio.upscale(picture, scale, upscaler, out)
