"""The files that change a model for a request: found for a new one, found again for a recipe."""

from __future__ import annotations

from dataclasses import replace

from sdplay.core.errors import BadRequest, NotReproduced, UnknownName
from sdplay.core.identity import AddOnKind, ResolvedAddOn, add_on_name
from sdplay.images.canny import holds_map
from sdplay.library.add_ons import TITLES, known_add_ons, resolve_add_on
from sdplay.library.card import ModelCard
from sdplay.library.library import Library
from sdplay.prompts.template import Wildcards
from sdplay.requests.add_ons import mentioned_loras, mentioned_words, named_add_ons
from sdplay.requests.base import Request
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still

EDGES = "canny"

Found = dict[tuple[AddOnKind, str], ResolvedAddOn]


def find_add_ons(request: Request, wildcards: Wildcards, library: Library) -> tuple[ResolvedAddOn, ...]:
    """The add-ons that `request` names in its fields, or that any of its pictures may name in its prompt.

    A prompt names by name alone, never by path: prompts come from elsewhere. Raises `UnknownName`, `BadRequest` or
    `ModelBroken` for one that cannot be had.
    """
    found: Found = {}
    for (kind, name), place in named_add_ons(request).items():
        one = resolve_add_on(kind, place, library, allow_pickle=request.run.allow_pickle)
        found[kind, name] = replace(one, identity=replace(one.identity, name=name))  # as it was asked for
    words = {name: name for kind, name in found if kind == "embedding"}
    if request.prompt_syntax != "plain":
        words |= {name: name for name in known_add_ons("embedding", library)}
    mentioned: dict[AddOnKind, tuple[str, ...]] = {
        "lora": mentioned_loras(request, wildcards),
        "embedding": mentioned_words(request, wildcards, words),
    }
    for kind, names in mentioned.items():
        for name in names:
            if (kind, name) not in found and ("/" in name or "\\" in name):
                raise UnknownName(TITLES[kind], name, sorted(known_add_ons(kind, library)))
            if (kind, name) not in found:
                one = resolve_add_on(kind, name, library, allow_pickle=request.run.allow_pickle, by_path=False)
                found[kind, name] = replace(one, identity=replace(one.identity, name=name))
    return tuple(found[key] for key in sorted(found))


def same_add_ons(recipe: Recipe, library: Library) -> tuple[ResolvedAddOn, ...]:
    """The add-ons of `recipe`, where they were or else by their names; raises `NotReproduced` where one is another."""
    places = named_add_ons(recipe.request)
    found: list[ResolvedAddOn] = []
    for add_on in recipe.add_ons:
        place = places.get((add_on.kind, add_on.name), add_on.name)
        one = resolve_add_on(add_on.kind, place, library)
        if one.identity.digest != add_on.digest:
            raise NotReproduced(
                f"the {TITLES[add_on.kind]} {add_on.name!r} is not the one it was drawn with "
                f"(sha256 {one.identity.digest[:10]}, then {add_on.digest[:10]})",
                hint=f"put the file it was drawn with where it was: {place}",
            )
        found.append(replace(one, identity=add_on))
    return tuple(found)


def with_controlnet(request: Request, card: ModelCard) -> Request:
    """`request` with its ControlNet named, the model's own where it names none, and its preprocessor settled.

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
        of_edges = EDGES in add_on_name(network).casefold() and not holds_map(request.control_image)
        preprocessor = EDGES if of_edges else "none"
    return request.model_copy(update={"controlnet": network, "control_preprocessor": preprocessor})
