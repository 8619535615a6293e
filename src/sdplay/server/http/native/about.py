"""What there is: models, samplers, upscalers, modes with their defaults, limits, and the service itself."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from sdplay.library.upscalers import UPSCALER_LABELS, default_upscaler, weights_folder
from sdplay.requests.modes import MODES
from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES
from sdplay.server.clients import GRID, formats_of
from sdplay.server.derived import DERIVED
from sdplay.server.http.native.context import ServiceHere
from sdplay.server.http.native.schema import defaults
from sdplay.server.models import ModelFacts, ThingsOfModel, add_on_names, model_facts, model_list, things_of
from sdplay.server.prompt_words import PromptWords, prompt_words
from sdplay.version import VERSION

router = APIRouter(tags=["about"])


class ModelList(BaseModel):
    """`default` is the model that is taken where none is named."""

    default: str
    models: list[ModelFacts]
    loras: list[str]
    vae: list[str]
    embeddings: list[str]
    controlnet: list[str]


class Named(BaseModel):
    name: str
    also: list[str] = Field(description="Other names for it.")


class SamplerList(BaseModel):
    samplers: list[Named]


class ScheduleList(BaseModel):
    schedules: list[Named]


class UpscalerList(BaseModel):
    """`default` is the best one that is here."""

    default: str
    upscalers: list[Named]


class Capabilities(BaseModel):
    """What this service can do: for each mode what is taken for fields that are left out (null: the model or chance
    decides), and the most that it takes.
    """

    version: str
    modes: dict[str, dict[str, Any]]
    formats: dict[str, list[str]] = Field(description="What the files of each mode can be, the usual one first.")
    limits: dict[str, int]
    workers: int


class Status(BaseModel):
    """Times are seconds. `loaded`: whether a process is there that draws."""

    version: str
    uptime: float
    idle: float
    running: list[str]
    waiting: int
    paused: bool
    listeners: int
    loaded: bool
    pid: int


@router.get("/status")
def status(service: ServiceHere) -> Status:
    """How the service is."""
    return Status(
        version=VERSION,
        uptime=time.time() - service.started,
        idle=service.executor.idle_seconds,
        running=service.workshop.running,
        waiting=service.queue.count("queued"),
        paused=service.queue.paused,
        listeners=service.hub.listeners,
        loaded=service.executor.alive,
        pid=os.getpid(),
    )


@router.get("/capabilities")
def capabilities(service: ServiceHere) -> Capabilities:
    """Modes with their defaults, formats, limits."""
    return Capabilities(
        version=VERSION,
        modes={mode: defaults(mode) for mode in (*MODES, GRID, *DERIVED)},
        formats={mode: list(formats_of(mode)) for mode in (*MODES, GRID)},
        limits=asdict(service.limits),
        workers=service.executor.workers,
    )


@router.get("/models")
def models(service: ServiceHere) -> ModelList:
    """Models that jobs may name, and what can be added to them."""
    return ModelList(
        default="builtin",
        models=model_list(service),
        loras=add_on_names(service, "loras"),
        vae=add_on_names(service, "vae"),
        embeddings=add_on_names(service, "embeddings"),
        controlnet=add_on_names(service, "controlnet"),
    )


@router.get("/models/{name}")
def model(service: ServiceHere, name: str) -> ModelFacts:
    """What a model is, and what it takes for fields that are left out."""
    return model_facts(service, name)


@router.get("/models/{name}/things")
def things(
    service: ServiceHere,
    name: str,
    language: Annotated[list[str] | None, Query(description="Only words of these languages: de, zh-hant.")] = None,
) -> ThingsOfModel:
    """What a model was taught to draw, if it says so: each thing with its words in many languages."""
    return things_of(service, name, language)


@router.get("/prompt_words")
def words_for_prompts() -> PromptWords:
    """What prompts may name beside words: styles and wildcards."""
    return prompt_words()


@router.get("/samplers")
def samplers() -> SamplerList:
    """How noise is removed."""
    return SamplerList(samplers=named(SAMPLER_ALIASES))


@router.get("/schedules")
def schedules() -> ScheduleList:
    """How the noise levels are spaced."""
    return ScheduleList(schedules=named(SCHEDULE_ALIASES))


@router.get("/upscalers")
def upscalers() -> UpscalerList:
    """How pictures are made larger: those whose weights are here."""
    here = UPSCALER_LABELS if weights_folder() is not None else {"lanczos": UPSCALER_LABELS["lanczos"]}
    return UpscalerList(default=default_upscaler(), upscalers=named({name: (label,) for name, label in here.items()}))


def named(known: dict[str, tuple[str, ...]]) -> list[Named]:
    return [Named(name=name, also=list(also)) for name, also in known.items()]
