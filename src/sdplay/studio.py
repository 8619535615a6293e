"""The one object a Python user holds: ask it for pictures, files, proofs."""

from __future__ import annotations

import base64
import html
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sdplay.core.animate import Animate
from sdplay.core.artifact import Picture
from sdplay.core.errors import BadRequest, NotReproduced
from sdplay.core.event import Drawn, Event, Finished, FrameDone
from sdplay.core.films import Film
from sdplay.core.frame import Asset
from sdplay.core.machine import Machine
from sdplay.core.prompt.template import Wildcards
from sdplay.core.recipe import Recipe
from sdplay.core.request import AnyFilm, AnyRequest, AnyStill, ask
from sdplay.core.stills import Still
from sdplay.core.wording import words_of
from sdplay.imaging.compare import difference
from sdplay.imaging.given import WHERE_THEY_WERE, given_pictures, with_pictures
from sdplay.imaging.metadata import Embedded, stored_pixels
from sdplay.imaging.reading import Found, read_found
from sdplay.jobs.executors.base import Executor, Task
from sdplay.models.registry import shipped_cards
from sdplay.models.resolve import ResolvedModel, resolve
from sdplay.models.shelves import Shelves, shelves_of
from sdplay.modes.adopt import Adopted, adopt
from sdplay.modes.asked import kind_of, requests_for
from sdplay.modes.plan import FilmPlan, count, film_plan
from sdplay.modes.problems import with_everything_wrong
from sdplay.modes.settle import check_known, settle
from sdplay.store.keep import Keeper, format_of, is_kept, read_kept
from sdplay.store.written import written_out
from sdplay.version import VERSION

if TYPE_CHECKING:
    from sdplay.engine.explain import Explanation
    from sdplay.jobs.film import Shooting
    from sdplay.jobs.projector import Output
    from sdplay.jobs.verify import UnitChecked
    from sdplay.store.jobfolder import JobFolder

SILENT = "many web sites and messengers take such words out of pictures; use the file that the program itself saved"


def caption(picture: Picture) -> str:
    request = picture.recipe.request
    if isinstance(request, Still):
        return f"{words_of(picture.recipe, picture.index).prompt} (seed {picture.seed})"
    return f"{request.mode}, frame {picture.index}"


class Pictures(list[Picture]):
    """Pictures that show themselves side by side in a notebook."""

    def _repr_html_(self) -> str:
        def figure(picture: Picture) -> str:
            data = base64.b64encode(picture._repr_png_()).decode()
            words = html.escape(caption(picture))
            return f'<img src="data:image/png;base64,{data}" alt="{words}" title="{words}">'

        return " ".join(map(figure, self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A request with its recipe and the model found for it."""

    recipe: Recipe
    model: ResolvedModel
    device: str


def random_seed() -> int:
    """A seed nobody chose: 32 bits, as the field has them."""
    return secrets.randbelow(2**32)


class Studio:
    """Draws, keeps, proves. Holds one executor, and through it one loaded model; `close` lets go of both.

    `executor` is where the drawing happens (this process when left out); `new_seed` makes the seed of a request that
    has none; `shelves` are where models are looked for by name (those of the environment when left out).
    """

    def __init__(
        self,
        executor: Executor | None = None,
        new_seed: Callable[[], int] = random_seed,
        shelves: Shelves | None = None,
    ) -> None:
        self._executor = executor
        self._new_seed = new_seed
        self._shelves = shelves

    @property
    def executor(self) -> Executor:
        if self._executor is None:
            from sdplay.jobs.executors.inline import InlineExecutor  # loads torch: only when something is drawn

            self._executor = InlineExecutor()
        return self._executor

    @property
    def shelves(self) -> Shelves:
        """Where models are looked for by name."""
        return self._shelves if self._shelves is not None else shelves_of(os.environ)

    def settle(self, request: AnyRequest, known: Wildcards | None = None) -> Settled:
        """Close every open field; raises `BadRequest` and its kinds, or `ModelBroken`.

        `known` are wildcards whose lines are taken from here and not from files.
        """
        request, wildcards = written_out(request, known)
        model = resolve(request.model, self.shelves, allow_pickle=request.allow_pickle)
        machine = self.executor.survey(request)
        request, assets = self._files(request)
        recipe = settle(request, model, machine, self._new_seed(), assets, wildcards)
        return Settled(recipe=recipe, model=model, device=machine.device)

    def _files(self, request: AnyRequest) -> tuple[AnyRequest, dict[str, Asset]]:
        if not isinstance(request, Film):
            return request, given_pictures(request)
        from sdplay.imaging.film.given import film_files  # loads PyAV: only for films

        if isinstance(request, Animate) and (request.animation_mode == "3D" or request.save_depth_maps):
            from sdplay.families.depth import choose_depth

            choice = choose_depth(request.depth_model)
            request = request.model_copy(update={"depth_model": str(choice.folder or choice.kind)})
        return film_files(request)

    def explain(self, request: AnyStill) -> Explanation:
        """What the model reads of the prompts of `request`; takes its vocabulary, not its weights or torch."""
        from sdplay.engine.explain import explained

        model = resolve(request.model, self.shelves, allow_pickle=request.allow_pickle)
        written, wildcards = written_out(request)
        machine = Machine(device="cpu", dtype="float32", threads=1)
        return explained(settle(written, model, machine, self._new_seed(), {}, wildcards), model.path)

    def film(self, request: AnyFilm, out: Path, output: Output | None = None, *, force: bool = False) -> Shooting:
        """The film of `request` in the job folder `out`, ready to be shot: `for event in shoot(studio.film(…))`.

        A folder that holds this job already is gone on with. Everything that can be wrong is said here, before the
        model is loaded: `BadRequest` and `BadRequests` for the request, `BadRequest` for a folder with another job in
        it (and what differs), `DiskFull` for too little space unless `force`.
        """
        from sdplay.jobs.begin import begin, seeded_as_before

        with with_everything_wrong(request):
            settled = self.settle(seeded_as_before(request, out))
            return begin(settled.recipe, settled.model, settled.device, self.executor, out, output, force=force)

    def plan(self, request: AnyFilm) -> tuple[Settled, FilmPlan]:
        """What drawing the film `request` would be, without its model; raises what `film` raises for a request."""
        with with_everything_wrong(request):
            settled = self.settle(request)
            return settled, film_plan(settled.recipe)

    def resume(self, job: Path, model: str | None = None) -> Shooting:
        """The film in the job folder `job`, ready to be gone on with; `model` says where its model is now.

        Raises `BadRequest` for a folder without a job, `NotReproduced` where the model or a file it is made from is
        not the one it was begun with.
        """
        from sdplay.jobs.begin import begin
        from sdplay.jobs.description import described_output
        from sdplay.store.jobfolder import JobFolder

        folder = JobFolder.open(job)
        was = self._as_it_was(folder, model)
        output = described_output(folder.description)
        return begin(was.recipe, was.model, was.device, self.executor, job, output, force=True)

    def verify_film(self, job: Path, model: str | None = None, every: int = 1) -> Iterator[UnitChecked]:
        """Draw every `every`-th finished unit of the film in `job` again and compare; nothing there is changed.

        Raises what `resume` raises where it cannot be tried, and `BadRequest` where no unit is finished yet.
        """
        from sdplay.jobs.begin import shooting_of
        from sdplay.jobs.description import described_output
        from sdplay.jobs.verify import checked_units
        from sdplay.store.jobfolder import JobFolder

        folder = JobFolder.open(job)
        was = self._as_it_was(folder, model)
        output = described_output(folder.description)
        plan = film_plan(was.recipe)
        yield from checked_units(shooting_of(plan, was.model, was.device, self.executor, folder, output), every)

    def _as_it_was(self, folder: JobFolder, model: str | None) -> Settled:
        """The film of `folder` as it was settled, with its model, which `model` or the folder says where it is."""
        from sdplay.imaging.film.given import check_files
        from sdplay.jobs.description import described_model, described_recipe

        recipe = described_recipe(folder.description)
        check_known(recipe)
        where = model if model is not None else described_model(folder.description)
        recipe = replace(recipe, request=recipe.request.model_copy(update={"model": where}))
        found, device = self._same_model(recipe, None)
        check_files(recipe)
        return Settled(recipe=recipe, model=found, device=device)

    def _same_model(self, recipe: Recipe, model: str | None) -> tuple[ResolvedModel, str]:
        """The model of `recipe`, at `model` if not under its old name, and the device it was drawn on."""
        found = resolve(model if model is not None else recipe.request.model, self.shelves)
        if found.identity.digest != recipe.model.digest:
            raise NotReproduced(
                f"the model {recipe.model.name!r} is not the one it was drawn with "
                f"(sha256 {found.identity.digest[:10]}, then {recipe.model.digest[:10]})",
                hint="point --model at the files it was drawn with",
            )
        machine = self.executor.survey(recipe.request.model_copy(update={"device": recipe.numerics.device}))
        return found, machine.device

    def stream(self, request: AnyRequest, keeper: Keeper | None = None) -> Iterator[Event]:
        """Draw all pictures of `request`, yielding events; with a `keeper` each is on disk before its `FrameDone`."""
        settled = self.settle(request)
        yield from self.run(settled, range(count(settled.recipe)), keeper)

    def run(self, settled: Settled, indices: Sequence[int], keeper: Keeper | None = None) -> Iterator[Event]:
        """Draw pictures `indices` of a settled recipe, in that order."""
        started = time.perf_counter()
        task = Task(recipe=settled.recipe, indices=indices, model=settled.model, device=settled.device)
        yield from kept(self.executor.run(task), keeper)
        yield Finished(total=len(indices), seconds=time.perf_counter() - started)

    def draw(self, request: AnyRequest, out: str | Path | None = None, kind: str = "png") -> Pictures:
        """Draw all pictures of `request` and return them; with `out` each is kept in that folder too, as `kind`."""
        keeper = Keeper(Path(out), kind, VERSION) if out is not None else None
        return Pictures(event.picture for event in self.stream(request, keeper) if isinstance(event, Drawn))

    def read(self, path: str | Path) -> Embedded | Found:
        """What a picture says about how it was made: our own recipe, or what another program wrote.

        Raises `BadRequest` for a file that is no picture, is damaged, or says nothing.
        """
        path = Path(path)
        if is_kept(path):
            return read_kept(path)[0]
        found = read_found(path)
        if found is None:
            raise BadRequest("says nothing about how it was made", field="file", value=str(path), hint=SILENT)
        return found

    def adopt(self, found: Found, **changes: Any) -> Adopted:
        """A request made of what another program's picture says, with `changes`, and what could not be taken over."""
        return adopt(found, changes, self.shelves)

    def draw_again(self, path: str | Path, **changes: Any) -> Pictures:
        """Draw the picture in `path` again: exactly, where it is one of ours and nothing is changed; else anew."""
        said = self.read(path)
        settled, indices = (
            self.settle_again(said, changes)
            if isinstance(said, Embedded)
            else self.settle_first(self.adopt(said, **changes).request)
        )
        return Pictures(event.picture for event in self.run(settled, indices) if isinstance(event, Drawn))

    def settle_first(self, request: AnyRequest, known: Wildcards | None = None) -> tuple[Settled, Sequence[int]]:
        """What `run` wants to draw all pictures of `request`; `known` as in `settle`."""
        settled = self.settle(request, known)
        return settled, range(count(settled.recipe))

    def settle_again(self, embedded: Embedded, changes: Mapping[str, Any]) -> tuple[Settled, Sequence[int]]:
        """What to draw: the recipe in the file itself where nothing is changed, else a new one made of its request.

        Where `model`, `image` and `mask` are what they were, saying where they are is no change. Raises `NotReproduced`
        when nothing is changed and one of them is another now.
        """
        if not changes.keys() - {"model", "allow_pickle", "image", "mask"}:
            pictures = {role: changes.get(role) for role in ("image", "mask")}
            try:
                return self.recall(embedded, changes.get("model"), pictures), [embedded.index]
            except NotReproduced:
                if not changes:
                    raise
                # something points at another model or picture than its own: a change like any other
        was = embedded.recipe.request
        first = {**was.model_dump(), "seed": embedded.recipe.seed + embedded.index, "num": 1}
        known = {} if "wildcards" in changes else embedded.recipe.wildcards
        return self.settle_first(ask(type(was), **{**first, **changes}), known)

    def models(self) -> dict[str, Path]:
        """The models that are here, by name: those that stand on the shelves, and those that come with the program."""
        shipped = {card.name: card.folder for card in shipped_cards().values() if card.folder is not None}
        return dict(self.shelves.models()) | shipped

    def model(self, name: str) -> ResolvedModel:
        """What the model `name` is, where it is, and what is taken when nothing is asked; raises as `resolve` does."""
        return resolve(name, self.shelves)

    def again(
        self, path: Path, model: str | None = None, pictures: Mapping[str, str | None] = WHERE_THEY_WERE
    ) -> tuple[Picture, Embedded, NDArray[np.uint8]]:
        """Draw the picture in `path` once more: (the new one, what the file says, the file's pixels)."""
        embedded, pixels = read_kept(path)
        return self.redraw(embedded, model, pictures), embedded, pixels

    def redraw(
        self, embedded: Embedded, model: str | None = None, pictures: Mapping[str, str | None] = WHERE_THEY_WERE
    ) -> Picture:
        """The picture a recipe and an index stand for, with the numerics that the recipe records."""
        events = self.run(self.recall(embedded, model, pictures), [embedded.index])
        return next(event.picture for event in events if isinstance(event, Drawn))

    def recall(
        self, embedded: Embedded, model: str | None = None, pictures: Mapping[str, str | None] = WHERE_THEY_WERE
    ) -> Settled:
        """The recipe of a kept picture, ready to run.

        `model` says where its model is, if not under its old name, and `pictures` where its "image" and "mask" are, if
        not where they were. Raises `NotReproduced` when one of them is not what it was drawn with, and `BadRequest` and
        its kinds when this machine or this version cannot try: no such model, picture, device, sampler or schedule.
        """
        recipe = embedded.recipe
        check_known(recipe)
        found, device = self._same_model(recipe, model)
        recipe = with_pictures(recipe, pictures)
        return Settled(recipe=recipe, model=found, device=device)

    def verify(
        self, path: Path, model: str | None = None, pictures: Mapping[str, str | None] = WHERE_THEY_WERE
    ) -> Picture:
        """Draw the picture in `path` again and return it if it is the same bit for bit.

        Raises `NotReproduced` with what differs (the file's pixels, the model, a given picture, or the arithmetic) and
        `BadRequest` when the file cannot be tried.
        """
        picture, embedded, pixels = self.again(path, model, pictures)
        if picture.digest != embedded.digest:
            raise NotReproduced(
                "the arithmetic gives other bits here: " + difference(picture.pixels, pixels),
                field="file",
                value=str(path),
                hint=f"it was drawn with {recipe_hardware(embedded.recipe)} by sdplay {embedded.version}; "
                f"this is {VERSION}",
            )
        stored = stored_pixels(picture, format_of(path), VERSION)
        if not np.array_equal(stored, pixels):
            raise NotReproduced(
                "its recipe draws what it drew then, but the file's pixels were changed since: "
                + difference(stored, pixels),
                field="file",
                value=str(path),
            )
        return picture

    def close(self) -> None:
        """Let go of the model; the studio can be used again and loads it anew."""
        if self._executor is not None:
            self._executor.close()

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def kept(events: Iterable[Event], keeper: Keeper | None) -> Iterator[Event]:
    """Pass events on; after each `Drawn` keep the picture and say so with a `FrameDone`."""
    for event in events:
        yield event
        if keeper is not None and isinstance(event, Drawn):
            yield FrameDone(artifact=keeper.keep(event.picture))


def recipe_hardware(recipe: Recipe) -> str:
    numerics = recipe.numerics
    threads = f", {numerics.threads} threads" if numerics.threads else ""
    return f"{numerics.engine} on {numerics.device} in {numerics.dtype}{threads}"


def draw(prompt: str | Sequence[str], *, out: str | Path | None = None, kind: str = "png", **fields: Any) -> Pictures:
    """Draw `prompt`, or each of several, and return the pictures; with `out` they are kept in that folder as well.


    `fields` are those of `Txt2Img`: negative_prompt, num, seed, steps, guidance_scale, sampler, schedule, width,
    height, model, allow_pickle, device, precision, low_memory, noise. With an `image`, which may be a folder, they are
    those of `Img2Img`, and with a `mask` or `extend` those of `Inpaint`. Raises `BadRequest` (with the field, the value
    and what to do) and `SdplayError`.
    """
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    asked = requests_for(kind_of(fields), prompts, fields)
    with Studio() as studio:
        return Pictures(picture for request in asked for picture in studio.draw(request, out, kind))
