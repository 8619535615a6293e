"""From a request to a resolved one: its recipe, its model and its device, with nothing left open."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from sdplay.core.errors import NotReproduced
from sdplay.jobs.add_ons import find_add_ons, same_add_ons, with_controlnet
from sdplay.library.library import Library, library_from_env
from sdplay.library.resolve import ResolvedModel, resolve
from sdplay.prompts.template import Wildcards
from sdplay.requests.base import Request
from sdplay.requests.memory import kept_within
from sdplay.requests.modes import expand_prompts, read_files
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.tasks import Executor


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedRequest:
    """A request with its recipe and the model found for it."""

    recipe: Recipe
    model: ResolvedModel
    device: str


def random_seed() -> int:
    """A seed nobody chose: 32 bits, as the field has them."""
    return secrets.randbelow(2**32)


class Resolver:
    """Resolves requests. Holds what all kinds of jobs share: one executor, and through it one loaded model, and the
    library of models.
    """

    def __init__(
        self,
        executor: Executor | None = None,
        new_seed: Callable[[], int] = random_seed,
        library: Library | None = None,
    ) -> None:
        self._executor = executor
        self.new_seed = new_seed
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
        seed = self.new_seed() if request.seed is None else request.seed
        request, wildcards = expand_prompts(request, known, seed)
        model = model or resolve(request.model, self.library, allow_pickle=request.run.allow_pickle)
        request = with_controlnet(request, model.card)
        model = replace(model, add_ons=find_add_ons(request, wildcards, self.library))
        machine = self.executor.survey(request)
        request, assets = read_files(request)
        recipe = resolve_request(request, model, machine, seed, assets, wildcards)
        return ResolvedRequest(recipe=kept_within(recipe, model), model=model, device=machine.device)

    def same_model(self, recipe: Recipe, model: str | None) -> tuple[ResolvedModel, str]:
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

    def close(self) -> None:
        """Let go of the model; the next picture loads it anew."""
        if self._executor is not None:
            self._executor.close()
