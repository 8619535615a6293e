"""The models that clients may name, and what can be said of them without a folder of this computer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from pydantic import BaseModel, Field

from sdplay.files.regular import read_regular_text
from sdplay.library.add_ons import shipped_add_ons
from sdplay.library.card import shipped_cards
from sdplay.library.library import FolderType
from sdplay.library.model_info import read_model_info
from sdplay.library.resolve import ResolvedModel, resolve
from sdplay.library.things import FILE
from sdplay.server.clients import NOT_A_NAME, not_a_name
from sdplay.server.service import NotFound, Service

LARGEST = 8 * 2**20


class ModelFacts(BaseModel):
    """A model, and what it takes where nothing is asked. What is null is not known before its files are read: ask for
    the model itself.
    """

    name: str
    title: str | None = None
    family: str | None = None
    licence: str | None = None
    size: int | None = Field(default=None, description="The side in pixels that it draws best.")
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None
    schedule: str | None = None
    digest: str | None = None
    bytes: int | None = None
    things: bool = Field(default=False, description="Whether it says what it was taught to draw.")


class Thing(BaseModel):
    """`colour` is the one it mostly has."""

    name: str
    emoji: list[str] = []
    group: str = ""
    synonyms: list[str] = []
    colour: str | None = None


class ThingsOfModel(BaseModel):
    """`names`: for each language the words, and for each the place of its thing in `things`; `grammar`: the words for
    colours and styles; `words`: what else is understood, by kind: style, colour, background.
    """

    things: list[Thing]
    names: dict[str, dict[str, int]] = {}
    grammar: dict[str, Any] = {}
    words: dict[str, list[str]] = {}


def model_list(service: Service) -> list[ModelFacts]:
    """Every model that is here; of those of the library only their names, since reading them all takes its time."""
    return [listed(name) for name in service.model_names()]


def listed(name: str) -> ModelFacts:
    card = shipped_cards().get(name)
    if card is None or card.folder is None:
        return ModelFacts(name=name)
    fields: dict[str, Any] = {field: getattr(card, field) for field in ModelFacts.model_fields if hasattr(card, field)}
    return ModelFacts(**fields, things=(card.folder / FILE).is_file())


def model_facts(service: Service, name: str) -> ModelFacts:
    """What the model `name` is; raises `NotFound` for one that is not here."""
    model = found(service, name)
    card, info = model.card, read_model_info(model.path)
    fields: dict[str, Any] = {field: getattr(card, field) for field in ModelFacts.model_fields if hasattr(card, field)}
    about: dict[str, Any] = {"name": name, "licence": info.licence or card.licence, "digest": model.identity.digest}
    return ModelFacts(**fields | about, bytes=info.size, things=(model.path / FILE).is_file())


def things_of(service: Service, name: str, languages: Collection[str] | None = None) -> ThingsOfModel:
    """What a model was taught to draw, with its words in these languages or in all; raises `NotFound` for one that does
    not say.
    """
    path = found(service, name).path / FILE
    try:
        whole = ThingsOfModel.model_validate(json.loads(read_regular_text(path, LARGEST)))
    except (OSError, ValueError, RecursionError):
        raise NotFound("it does not say what it was taught to draw", field="model", value=name) from None
    if languages is None:
        return whole
    wanted = {each.lower() for each in languages}
    names = {language: words for language, words in whole.names.items() if language in wanted}
    grammar = {language: words for language, words in whole.grammar.items() if language in wanted}
    return whole.model_copy(update={"names": names, "grammar": grammar})


def found(service: Service, name: str) -> ResolvedModel:
    if NOT_A_NAME.search(name):
        raise not_a_name("model", name)
    if name not in service.model_names():
        raise NotFound("no model has this name", field="model", value=name, hint="see the list of models")
    return resolve(name, service.library)


def add_on_names(service: Service, sort: FolderType) -> list[str]:
    """The names of LoRAs, VAEs, embeddings or ControlNets, those that come with the program among them."""

    def names() -> Iterator[str]:
        yield from (name for name, _ in service.library.files(sort))
        yield from (name for name, _ in shipped_add_ons(sort))

    return list(dict.fromkeys(names()))
