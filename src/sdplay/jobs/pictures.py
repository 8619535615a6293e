"""Settle and draw: what every other ability of a studio stands on."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sdplay.core.errors import NotReproduced
from sdplay.core.sample import Asset
from sdplay.events import Event, Finished, ImageDone, ImageSaved
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.images.inputs import given_pictures
from sdplay.images.writer import Keeper
from sdplay.jobs.add_ons import find_add_ons, same_add_ons
from sdplay.jobs.control import with_controlnet
from sdplay.jobs.result import Pictures
from sdplay.library.library import Library, library_from_env
from sdplay.library.resolve import ResolvedModel, resolve
from sdplay.prompts.template import Wildcards
from sdplay.requests.expand_prompts import expand_prompts
from sdplay.requests.memory import kept_within
from sdplay.requests.plan import count
from sdplay.requests.recipe import Recipe
from sdplay.requests.request import AnyRequest
from sdplay.requests.resolve import resolve_request
from sdplay.tasks import Executor, Task
from sdplay.version import VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedRequest:
    """A request with its recipe and the model found for it."""

    recipe: Recipe
    model: ResolvedModel
    device: str


def random_seed() -> int:
    """A seed nobody chose: 32 bits, as the field has them."""
    return secrets.randbelow(2**32)


class Drawing:
    """Holds one executor, and through it one loaded model, and the library of models."""

    def __init__(
        self,
        executor: Executor | None = None,
        new_seed: Callable[[], int] = random_seed,
        library: Library | None = None,
    ) -> None:
        self._executor = executor
        self._new_seed = new_seed
        self._library = library

    @property
    def executor(self) -> Executor:
        if self._executor is None:
            from sdplay.executors.inline import InlineExecutor  # loads torch: only when something is drawn

            self._executor = InlineExecutor()
        return self._executor

    @property
    def library(self) -> Library:
        """Where models are looked for by name."""
        return self._library if self._library is not None else library_from_env(os.environ)

    def resolve(
        self, request: AnyRequest, known: Wildcards | None = None, model: ResolvedModel | None = None
    ) -> ResolvedRequest:
        """Close every open field; raises `BadRequest` and its kinds, or `ModelBroken`.

        `known` are wildcards whose lines are taken from here and not from files; `model` is that of the request where
        it was found already.
        """
        random = self._new_seed()
        seed = random if request.seed is None else request.seed
        request, wildcards = expand_prompts(request, known, seed)
        model = model or resolve(request.model, self.library, allow_pickle=request.allow_pickle)
        request = with_controlnet(request, model.card)
        model = replace(model, add_ons=find_add_ons(request, wildcards, self.library))
        machine = self.executor.survey(request)
        request, assets = self._files(request)
        recipe = resolve_request(request, model, machine, random, assets, wildcards)
        return ResolvedRequest(recipe=kept_within(recipe, model), model=model, device=machine.device)

    def _files(self, request: AnyRequest) -> tuple[AnyRequest, dict[str, Asset]]:
        if not isinstance(request, Film):
            return request, given_pictures(request)
        from sdplay.film.video.inputs import film_files  # loads PyAV: only for films

        if isinstance(request, Animate) and (request.animation_mode == "3D" or request.save_depth_maps):
            from sdplay.film.render.depth_model import choose_depth

            choice = choose_depth(request.depth_model)
            request = request.model_copy(update={"depth_model": str(choice.folder or choice.kind)})
        return film_files(request)

    def _same_model(self, recipe: Recipe, model: str | None) -> tuple[ResolvedModel, str]:
        """The model of `recipe`, at `model` if not under its old name, its add-ons, and the device it was drawn on."""
        found = resolve(model if model is not None else recipe.request.model, self.library)
        if found.identity.digest != recipe.model.digest:
            raise NotReproduced(
                f"the model {recipe.model.name!r} is not the one it was drawn with "
                f"(sha256 {found.identity.digest[:10]}, then {recipe.model.digest[:10]})",
                hint="point --model at the files it was drawn with",
            )
        found = replace(found, add_ons=same_add_ons(recipe, self.library))
        machine = self.executor.survey(recipe.request.model_copy(update={"device": recipe.numerics.device}))
        return found, machine.device

    def stream(self, request: AnyRequest, keeper: Keeper | None = None, *, preview: bool = False) -> Iterator[Event]:
        """Draw all pictures of `request`, yielding events; with a `keeper` each is on disk before its `ImageSaved`.

        With `preview` each `Stepped` of a single picture shows what is emerging. Whoever stops iterating stops the
        drawing after the step.
        """
        settled = self.resolve(request)
        yield from self.run(settled, range(count(settled.recipe)), keeper, preview=preview)

    def run(
        self, settled: ResolvedRequest, indices: Sequence[int], keeper: Keeper | None = None, *, preview: bool = False
    ) -> Iterator[Event]:
        """Draw pictures `indices` of a settled recipe, in that order; `keeper` and `preview` as for `stream`."""
        started = time.perf_counter()
        task = Task(recipe=settled.recipe, indices=indices, model=settled.model, device=settled.device, preview=preview)
        yield from kept(self.executor.run(task), keeper)
        yield Finished(total=len(indices), seconds=time.perf_counter() - started)

    def draw(self, request: AnyRequest, out: str | Path | None = None, kind: str = "png") -> Pictures:
        """Draw all pictures of `request` and return them; with `out` each is kept in that folder too, as `kind`."""
        keeper = Keeper(Path(out), kind, VERSION) if out is not None else None
        return Pictures(event.picture for event in self.stream(request, keeper) if isinstance(event, ImageDone))

    def close(self) -> None:
        """Let go of the model; the studio can be used again and loads it anew."""
        if self._executor is not None:
            self._executor.close()


def kept(events: Iterable[Event], keeper: Keeper | None) -> Iterator[Event]:
    """Pass events on; after each `ImageDone` keep the picture and say so with a `ImageSaved`."""
    for event in events:
        yield event
        if keeper is not None and isinstance(event, ImageDone):
            yield ImageSaved(artifact=keeper.keep(event.picture))
