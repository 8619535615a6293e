"""The LoRAs, embeddings, ControlNets and VAEs that a request names: in its fields, and in its prompts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, cast

from sdplay.core.errors import BadRequest, shorten
from sdplay.core.identity import AddOnKind, add_on_name, without_weights
from sdplay.prompts.lora_tags import Lora, lora_names, read_lora, stretches, word_pattern
from sdplay.prompts.template import Wildcards, template
from sdplay.requests.base import Request, field_marks


def entries(request: Request) -> Iterator[tuple[AddOnKind, str, str]]:
    """(kind, field, entry) for each entry of those fields of `request` that name add-ons."""
    for field in type(request).model_fields:
        kind = cast(AddOnKind | None, field_marks(type(request), field).get("add_on"))
        if kind is not None:
            given: str | tuple[str, ...] | None = getattr(request, field)
            for entry in (given,) if isinstance(given, str) else given or ():
                if entry:
                    yield kind, field, entry


def named_add_ons(request: Request) -> dict[tuple[AddOnKind, str], str]:
    """Where each add-on is that the fields of `request` name, a name or path, by kind and name.

    Raises `BadRequest` where two files would go by one name.
    """
    found: dict[tuple[AddOnKind, str], str] = {}
    for kind, field, entry in entries(request):
        place = without_weights(kind, entry)
        name = add_on_name(place)
        if found.setdefault((kind, name), place) != place:
            reason = f"another file of this name is asked for too, {shorten(found[kind, name])}"
            raise BadRequest(reason, field=field, value=entry, hint="give one of them another name")
    return found


def without_paths(request: Request, recipe: dict[str, Any]) -> dict[str, Any]:
    """`recipe`, a dump of that of `request`, without the folders of its add-ons: what counts is the file."""
    short: dict[str, dict[str, str]] = {}
    for kind, field, entry in entries(request):
        place = without_weights(kind, entry)
        short.setdefault(field, {})[entry] = add_on_name(place) + entry[len(place) :]
    changed: dict[str, Any] = {}
    for field in short.keys() & recipe.keys():
        value = recipe[field]
        changed[field] = (
            short[field][value] if isinstance(value, str) else [short[field].get(one, one) for one in value]
        )
    return {**recipe, **changed}


def asked_loras(request: Request) -> Iterator[Lora]:
    """Each with its name and weights; raises `BadRequest` naming the field for invalid weights."""
    for kind, field, entry in entries(request):
        if kind == "lora":
            place = without_weights(kind, entry)
            read = read_lora(f"-{entry[len(place) :]}", field, entry)
            yield Lora(add_on_name(place), read.text, read.network)


def mentioned_loras(request: Request, wildcards: Wildcards) -> tuple[str, ...]:
    """The names in the prompts, sorted; raises `BadRequest` for one that is left to a choice."""
    if request.prompt_syntax == "plain":
        return ()
    names: set[str] = set()
    for field, text in request.texts(wildcards):
        if "<" in text and field != "negative_prompt":  # there they are text, as they are to A1111
            for stretch in stretches(template(text, field)) if request.draws_templates else (text,):
                names.update(lora_names(stretch, field))
    return tuple(sorted(names))


def mentioned_words(request: Request, wildcards: Wildcards, known: Collection[str]) -> tuple[str, ...]:
    """Those of the `known` words that stand in a prompt or negative prompt, sorted."""
    if request.prompt_syntax == "plain" or not known:
        return ()
    by_fold = {name.casefold(): name for name in known}
    word = word_pattern(known)
    found = {by_fold.get(match[0].casefold()) for _, text in request.texts(wildcards) for match in word.finditer(text)}
    return tuple(sorted(name for name in found if name is not None))
