"""The LoRAs, embeddings, ControlNets and VAEs that a request names in its fields and prompts, and their files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sdplay.core.errors import BadRequest, UnknownName, shorten
from sdplay.core.identity import AddOnKind, ResolvedAddOn, add_on_name, without_weights
from sdplay.library.add_ons import TITLES, in_folder, known_add_ons, resolve_add_on
from sdplay.library.library import Library
from sdplay.prompts.lora_tags import Lora, lora_names, read_lora, stretches, word_pattern
from sdplay.prompts.template import Wildcards, template
from sdplay.requests.base import Request

FIELDS: tuple[AddOnKind, ...] = ("lora", "embedding", "vae", "controlnet")  # each holds add-ons of the kind it names


def entries(request: Request) -> Iterator[tuple[AddOnKind, str]]:
    """(kind, entry) for each entry of those fields of `request` that name add-ons."""
    for kind in FIELDS:
        given: str | tuple[str, ...] | None = getattr(request, kind, None)
        for entry in (given,) if isinstance(given, str) else given or ():
            if entry:
                yield kind, entry


def named_add_ons(request: Request) -> dict[tuple[AddOnKind, str], str]:
    """Where each add-on is that the fields of `request` name, a name or path, by kind and name.

    Raises `BadRequest` if two files would go by one name.
    """
    places: dict[tuple[AddOnKind, str], str] = {}
    for kind, entry in entries(request):
        place = without_weights(kind, entry)
        name = add_on_name(place)
        if places.setdefault((kind, name), place) != place:
            reason = f"another file of this name is asked for too, {shorten(places[kind, name])}"
            raise BadRequest(reason, field=kind, value=entry, hint="give one of them another name")
    return places


def find_add_ons(request: Request, wildcards: Wildcards, library: Library) -> tuple[ResolvedAddOn, ...]:
    """The add-ons that `request` names in its fields, or that any of its pictures may name in its prompt.

    A prompt names what is in the library, by name or with folders before it, never another path: prompts come from
    elsewhere. Raises `UnknownName`, `BadRequest` or
    `ModelBroken` for one that cannot be used, and `BadRequest` for a LoRA with invalid weights.
    """
    tuple(asked_loras(request))
    places = named_add_ons(request)
    wanted = {key: (place, True) for key, place in places.items()}
    if request.prompt_syntax != "plain":
        words = {name for kind, name in places if kind == "embedding"} | set(known_add_ons("embedding", library))
        for kind, name in mentioned_add_ons(request, wildcards, words):
            foreign = ("/" in name or "\\" in name) and in_folder(kind, name, library) is None
            if foreign and (kind, name) not in wanted:
                raise UnknownName(TITLES[kind], name, sorted(known_add_ons(kind, library)))
            wanted.setdefault((kind, name), (name, False))
    add_ons: list[ResolvedAddOn] = []
    for (kind, name), (place, by_path) in wanted.items():
        add_on = resolve_add_on(kind, place, library, allow_pickle=request.run.allow_pickle, by_path=by_path)
        add_ons.append(replace(add_on, identity=replace(add_on.identity, name=name)))  # as it was asked for
    if request.prompt_syntax != "plain":
        add_ons += _bundled(request, wildcards, add_ons, library)
    return tuple(sorted(add_ons, key=lambda add_on: (add_on.identity.kind, add_on.identity.name)))


def _bundled(
    request: Request, wildcards: Wildcards, add_ons: Sequence[ResolvedAddOn], library: Library
) -> Iterator[ResolvedAddOn]:
    """The textual inversions inside the LoRAs among `add_ons` that stand in a prompt, but for words that a file has."""
    loras = [one for one in add_ons if one.identity.kind == "lora"]
    if not loras:
        return iter(())
    from sdplay.library.bundled import bundled_embeddings

    known = {one.identity.name.casefold() for one in add_ons if one.identity.kind == "embedding"}
    inside = bundled_embeddings(loras, library)
    found = {one.identity.name: one for one in inside if one.identity.name.casefold() not in known}
    words = {name for kind, name in mentioned_add_ons(request, wildcards, set(found)) if kind == "embedding"}
    return (found[word] for word in sorted(words))


def mentioned_add_ons(
    request: Request, wildcards: Wildcards, words: Collection[str]
) -> Iterator[tuple[AddOnKind, str]]:
    """(kind, name) of the LoRAs in the prompts, and of the embeddings among `words` that stand in them.

    Raises `BadRequest` for a LoRA whose name is left to a choice.
    """
    by_fold, pattern = {word.casefold(): word for word in words}, word_pattern(words) if words else None
    for field, text in request.texts(wildcards):
        if "<" in text and field != "negative_prompt":  # there they are text, as they are to A1111
            for stretch in stretches(template(text, field)) if request.draws_templates else (text,):
                for name in lora_names(stretch, field):
                    yield "lora", name
        for match in pattern.finditer(text) if pattern is not None else ():
            if (word := by_fold.get(match[0].casefold())) is not None:
                yield "embedding", word


def asked_loras(request: Request) -> Iterator[Lora]:
    """The LoRAs of the field, each with its name and weights; raises `BadRequest` for invalid weights."""
    for entry in filter(None, request.lora):
        place = without_weights("lora", entry)
        lora = read_lora(f"-{entry[len(place) :]}", "lora", entry)
        yield Lora(add_on_name(place), lora.text, lora.network)


def without_paths(request: Request, recipe: dict[str, Any]) -> dict[str, Any]:
    """`recipe`, a dump of that of `request`, without the folders of its add-ons: what counts is the file."""
    names: dict[str, dict[str, str]] = {}
    for kind, entry in entries(request):
        place = without_weights(kind, entry)
        names.setdefault(kind, {})[entry] = add_on_name(place) + entry[len(place) :]
    changed: dict[str, Any] = {}
    for field in names.keys() & recipe.keys():
        value = recipe[field]
        changed[field] = (
            names[field][value] if isinstance(value, str) else [names[field].get(entry, entry) for entry in value]
        )
    return {**recipe, **changed}
