"""Settle and draw: what every other ability of a studio stands on."""

from __future__ import annotations

import base64
import html
import os
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sdplay.core.errors import NotReproduced
from sdplay.events import Event, Finished, ImageDone, ImageSaved
from sdplay.images.inputs import pictures_in
from sdplay.images.picture import Picture
from sdplay.images.read import png
from sdplay.images.writer import ImageWriter
from sdplay.jobs.add_ons import find_add_ons, same_add_ons, with_controlnet
from sdplay.library.library import Library, library_from_env
from sdplay.library.resolve import ResolvedModel, resolve
from sdplay.prompts.template import Wildcards
from sdplay.requests.base import Request, make_request
from sdplay.requests.memory import kept_within
from sdplay.requests.modes import expand_prompts, read_files
from sdplay.requests.recipe import Recipe, count
from sdplay.requests.request import AnyStill
from sdplay.requests.resolve import resolve_request
from sdplay.requests.stills import Still, prompt_of
from sdplay.tasks import DrawTask, Executor
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
        self, request: Request, known: Wildcards | None = None, model: ResolvedModel | None = None
    ) -> ResolvedRequest:
        """Close every open field, in this order: seed, prompts, model, ControlNet, add-ons, machine, files, what the
        model's card and the machine decide, memory. Raises `BadRequest` and its kinds, or `ModelBroken`.

        `known` are wildcards whose lines are taken from here and not from files; `model` is that of the request where
        it was found already.
        """
        seed = self._new_seed() if request.seed is None else request.seed
        request, wildcards = expand_prompts(request, known, seed)
        model = model or resolve(request.model, self.library, allow_pickle=request.run.allow_pickle)
        request = with_controlnet(request, model.card)
        model = replace(model, add_ons=find_add_ons(request, wildcards, self.library))
        machine = self.executor.survey(request)
        request, assets = read_files(request)
        recipe = resolve_request(request, model, machine, seed, assets, wildcards)
        return ResolvedRequest(recipe=kept_within(recipe, model), model=model, device=machine.device)

    def _same_model(self, recipe: Recipe, model: str | None) -> tuple[ResolvedModel, str]:
        """The model of `recipe`, at `model` if not under its old name, its add-ons, and the device it was drawn on."""
        found = resolve(model if model is not None else recipe.request.model, self.library)
        if found.identity.digest != recipe.model.digest:
            raise NotReproduced(
                f"the model {recipe.model.name!r} is not the one it was drawn with "
                f"(sha256 {found.identity.digest[:10]}, then {recipe.model.digest[:10]})",
                hint="point `model` at the files it was drawn with",
            )
        found = replace(found, add_ons=same_add_ons(recipe, self.library))
        machine = self.executor.survey(recipe.request.with_run_options(device=recipe.numerics.device))
        return found, machine.device

    def stream(self, request: Request, keeper: ImageWriter | None = None, *, preview: bool = False) -> Iterator[Event]:
        """Draw all pictures of `request`, yielding events; with a `keeper` each is on disk before its `ImageSaved`.

        With `preview` each `Stepped` of a single picture shows what is emerging. Whoever stops iterating stops the
        drawing after the step.
        """
        settled = self.resolve(request)
        yield from self.run(settled, range(count(settled.recipe)), keeper, preview=preview)

    def run(
        self,
        settled: ResolvedRequest,
        indices: Sequence[int],
        keeper: ImageWriter | None = None,
        *,
        preview: bool = False,
    ) -> Iterator[Event]:
        """Draw pictures `indices` of a resolved request, in that order; `keeper` and `preview` as for `stream`."""
        started = time.perf_counter()
        task = DrawTask(
            recipe=settled.recipe, indices=indices, model=settled.model, device=settled.device, preview=preview
        )
        yield from kept(self.executor.run(task), keeper)
        yield Finished(total=len(indices), seconds=time.perf_counter() - started)

    def draw(self, request: Request, out: str | Path | None = None, kind: str = "png") -> Pictures:
        """Draw all pictures of `request` and return them; with `out` each is kept in that folder too, as `kind`."""
        keeper = ImageWriter(Path(out), kind, VERSION) if out is not None else None
        return Pictures(event.picture for event in self.stream(request, keeper) if isinstance(event, ImageDone))

    def close(self) -> None:
        """Let go of the model; the studio can be used again and loads it anew."""
        if self._executor is not None:
            self._executor.close()


def kept(events: Iterable[Event], keeper: ImageWriter | None) -> Iterator[Event]:
    """Pass events on; after each `ImageDone` keep the picture and say so with a `ImageSaved`."""
    for event in events:
        yield event
        if keeper is not None and isinstance(event, ImageDone):
            yield ImageSaved(artifact=keeper.write(event.picture))


def caption(picture: Picture) -> str:
    request = picture.recipe.request
    if isinstance(request, Still):
        return f"{prompt_of(picture.recipe, picture.index).prompt} (seed {picture.seed})"
    return f"{request.mode}, frame {picture.index}"


class Pictures(list[Picture]):
    """Pictures that show themselves side by side in a notebook."""

    def _repr_html_(self) -> str:
        def figure(picture: Picture) -> str:
            data = base64.b64encode(png(picture.pixels)).decode()
            words = html.escape(caption(picture))
            return f'<img src="data:image/png;base64,{data}" alt="{words}" title="{words}">'

        return " ".join(map(figure, self))


def requests_for(kind: type[AnyStill], prompts: Sequence[str], fields: Mapping[str, Any]) -> list[AnyStill]:
    """One request for every picture and every prompt, all of them checked before any is drawn.

    `image` may be a folder: then each picture in it, sorted by name. Raises `BadRequest` and its kinds.
    """
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in fields.items()}
    image = plain.get("image")
    given = [plain] if image is None else [{**plain, "image": path} for path in pictures_in(image)]
    return [make_request(kind, **{**each, "prompt": prompt}) for each in given for prompt in prompts]
