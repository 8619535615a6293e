"""From a request to its recipe, with nothing left open, its model and its device; and what memory drawing takes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from sdplay.core.errors import BadRequest, ModelBroken, NotReproduced
from sdplay.core.identity import ResolvedAddOn, add_on_name, without_weights
from sdplay.core.machine import check_address_space, memory_available
from sdplay.core.values import amount_text
from sdplay.core.warning import RequestWarning
from sdplay.library.add_ons import TITLES, resolve_add_on, shipped_add_on
from sdplay.library.card import ModelCard
from sdplay.library.library import Library, library_from_env
from sdplay.library.resolve import ResolvedModel, resolve, shipped_model
from sdplay.prompts.template import Wildcards
from sdplay.requests.add_ons import find_add_ons, named_add_ons
from sdplay.requests.base import Request
from sdplay.requests.memory import MemoryPlan, kept_within, memory_limit, memory_plan, model_size, planned, ways
from sdplay.requests.modes import expand_prompts, read_files
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.stills import Still
from sdplay.requests.warnings import request_warnings
from sdplay.tasks import Executor

EDGES = "canny"
FEW_STEPS = 4  # that the LoRA of a model's drafts was distilled to
MOST_FEW = 8  # that somebody may name who still means few
FEW_SAMPLERS, FEW_SCHEDULE = ("ddim", "euler"), "trailing"  # the two take the same steps: it was distilled for them

AnyRequest = TypeVar("AnyRequest", bound=Request)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedRequest:
    """What a request resolves to: its recipe, the model that was found for it, and torch's name of the device.

    `warnings` say what will come out otherwise than asked.
    """

    recipe: Recipe
    model: ResolvedModel
    device: str
    warnings: tuple[RequestWarning, ...] = ()


def random_seed() -> int:
    """A random seed of 32 bits, as is usual."""
    return secrets.randbelow(2**32)


def in_this_process() -> Executor:
    """What draws here; loads torch, so it is made when something is drawn. Raises `MemoryFailed`."""
    check_address_space()
    from sdplay.executors.inline import InlineExecutor

    return InlineExecutor()


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
            self._executor = in_this_process()
        return self._executor

    @property
    def library(self) -> Library:
        """Where models are looked for by name."""
        return self._library if self._library is not None else library_from_env(os.environ)

    def resolve(
        self, request: Request, known: Wildcards | None = None, model: ResolvedModel | None = None
    ) -> ResolvedRequest:
        """Close every open field, in this order: seed, prompts, model, ControlNet, few steps, add-ons, machine, files,
        what the model's card and the machine decide, memory. Raises `BadRequest` and its kinds, or `ModelBroken`.

        `known` are the lines of wildcards that are not to be read from files; `model` is the request's, if it was
        found already.
        """
        library, seed = self.library, self.new_seed() if request.seed is None else request.seed
        request, wildcards = expand_prompts(request, known, seed)
        model = model or resolve(request.model, library, allow_pickle=request.run.allow_pickle)
        request = with_few_steps(with_controlnet(request, model.card), model.card)
        model = model.with_add_ons(find_add_ons(request, wildcards, library))
        machine = self.executor.detect_machine(request)
        request, assets = read_files(request)
        recipe = resolve_request(request, model, machine, seed, assets, wildcards)
        recipe = kept_within(recipe, model)
        warnings = request_warnings(recipe, model)
        return ResolvedRequest(recipe=recipe, model=model, device=machine.device, warnings=warnings)

    def same_model(self, recipe: Recipe, model: str | None) -> tuple[ResolvedModel, str]:
        """The model of `recipe`, at `model` if not under its old name, its add-ons, and the device it was drawn on.

        One that came with an earlier release is found by its digest; raises `NotReproduced` where none is the same.
        """
        resolved = resolve(model if model is not None else recipe.request.model, self.library)
        if model is None and resolved.identity.digest != recipe.model.digest:
            resolved = shipped_model(recipe.model.digest, self.library) or resolved
        if resolved.identity.digest != recipe.model.digest:
            raise NotReproduced(
                f"the model {recipe.model.name!r} is not the one it was drawn with "
                f"(sha256 {resolved.identity.digest[:10]}, then {recipe.model.digest[:10]})",
                hint="point `model` at the files it was drawn with",
            )
        resolved = resolved.with_add_ons(same_add_ons(recipe, self.library))
        machine = self.executor.detect_machine(recipe.request.with_run_options(device=recipe.numerics.device))
        return resolved, machine.device

    def close(self) -> None:
        """Let go of the model; the next picture loads it again."""
        if self._executor is not None:
            self._executor.close()


def with_controlnet(request: Request, card: ModelCard) -> Request:
    """`request` with its ControlNet named, the model's own where it names none, and its preprocessor chosen.

    Raises `BadRequest` where the model has none of its own, and for a control image that cannot be read.
    """
    if not isinstance(request, Still) or request.control_image is None:
        return request
    network = request.controlnet or card.controlnet
    if not network:
        raise BadRequest(
            f"the model {card.name!r} has no ControlNet of its own",
            field="controlnet",
            hint="say which one follows the control image: `controlnet=NAME`, or its path",
        )
    preprocessor = request.control_preprocessor
    if preprocessor == "auto":
        from sdplay.images.canny import holds_map

        of_edges = EDGES in add_on_name(network).casefold() and not holds_map(request.control_image)
        preprocessor = EDGES if of_edges else "none"
    return request.model_copy(update={"controlnet": network, "control_preprocessor": preprocessor})


def with_few_steps(request: AnyRequest, card: ModelCard) -> AnyRequest:
    """`request`, with the few-step LoRA of `card` and its settings where it is a draft of a picture.

    As it is where the card names none, and for what a network without guidance cannot do: a negative prompt, a guidance
    scale above 1, many steps, another sampler. Such a draft is one with forecast steps (`SHARES`).
    """
    if request.quality != "draft" or not card.few_steps or not isinstance(request, Still):
        return request
    many = (request.steps or 0) > MOST_FEW
    guided = (request.guidance_scale or 0) > 1 or request.negative_prompt.strip()
    if many or guided or request.sampler not in {None, *FEW_SAMPLERS} or request.schedule not in {None, FEW_SCHEDULE}:
        return request
    named = {add_on_name(without_weights("lora", entry)) for entry in request.lora}
    lora = request.lora if card.few_steps in named else (*request.lora, card.few_steps)
    few = {"lora": lora, "steps": request.steps or FEW_STEPS, "guidance_scale": 1.0}
    few |= {"sampler": request.sampler or FEW_SAMPLERS[0], "schedule": FEW_SCHEDULE}
    return request.model_copy(update=few)


def same_add_ons(recipe: Recipe, library: Library) -> tuple[ResolvedAddOn, ...]:
    """The add-ons of `recipe`, where they were or else by their names; raises `NotReproduced` where one is another."""
    places = named_add_ons(recipe.request)
    add_ons: list[ResolvedAddOn] = []
    inside: dict[str, ResolvedAddOn] = {}
    for add_on in sorted(recipe.add_ons, key=lambda one: one.kind != "lora"):  # embeddings may be inside of LoRAs
        place = places.get((add_on.kind, add_on.name))
        one = inside.get(add_on.digest) or resolve_add_on(
            add_on.kind, place or add_on.name, library, by_path=place is not None
        )
        if one.identity.digest != add_on.digest:
            one = shipped_add_on(add_on.kind, add_on.digest, library) or one
        if one.identity.digest != add_on.digest:
            raise NotReproduced(
                f"the {TITLES[add_on.kind]} {add_on.name!r} is not the one it was drawn with "
                f"(sha256 {one.identity.digest[:10]}, then {add_on.digest[:10]})",
                hint=f"put the file it was drawn with where it was: {place or add_on.name}",
            )
        add_ons.append(replace(one, identity=add_on))
        if add_on.kind == "lora":
            from sdplay.library.bundled import bundled_embeddings

            inside |= {one.identity.digest: one for one in bundled_embeddings([add_ons[-1]], library)}
    return tuple(sorted(add_ons, key=lambda one: recipe.add_ons.index(one.identity)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The plan, and the bytes that are `allowed` and `free`, None if unknown."""

    plan: MemoryPlan
    allowed: int | None
    free: int | None

    def __str__(self) -> str:
        allowed = f" of {amount_text(self.allowed)} allowed" if self.allowed is not None else ""
        return f"memory: {amount_text(self.plan.predicted)} predicted{allowed}: {', '.join(self.plan.steps)}"

    @property
    def warning(self) -> RequestWarning | None:
        """A warning if more is predicted than is free; None if it fits or if that is unknown."""
        if self.free is None or self.plan.predicted <= self.free:
            return None
        needed, free = amount_text(self.plan.predicted), amount_text(self.free)
        message = f"{needed} of memory predicted, and {free} free: see `max_memory`"
        values = {"needed": needed, "free": free}
        return RequestWarning(code="memory", field="max_memory", message=message, values=values)


def memory_of(resolved: ResolvedRequest) -> Memory | None:
    """The memory that drawing takes; None where the model's files do not tell how large it is."""
    try:
        plan = memory_plan(resolved.recipe, resolved.model)
    except ModelBroken:
        return None
    return Memory(plan=plan, allowed=memory_limit(resolved.recipe), free=free(resolved.device))


def free(device: str) -> int | None:
    """Bytes free on `device`."""
    if device == "cpu":
        return memory_available()
    from sdplay.engines.device import free_memory  # loads torch, which drawing on a GPU needs anyway

    return free_memory(device)


def other_ways(resolved: ResolvedRequest) -> list[MemoryPlan]:
    """Ways to draw the same in less memory, each in less than the one before, those in bfloat16 last."""
    recipe, size = resolved.recipe, model_size(resolved.model)
    least, plans = memory_plan(recipe, resolved.model).predicted, list[MemoryPlan]()
    for way in ways(recipe, lossy=True):
        plan = planned(recipe, size, *way)
        if plan.predicted < least:
            plans.append(plan)
            least = plan.predicted
    return plans
