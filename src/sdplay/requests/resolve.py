"""Close every open field of a request: the only place where something is filled in that nobody asked for."""

from __future__ import annotations

from typing import TypeVar

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.machine import Machine
from sdplay.core.sample import Asset
from sdplay.core.seeding import SEEDS
from sdplay.library.card import ModelCard
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.add_ons import asked_loras
from sdplay.requests.base import Request
from sdplay.requests.recipe import Numerics, Recipe, count
from sdplay.requests.txt2img import second_pass

SAMPLER_ALIASES = {
    "euler": ("k_euler",),
    "euler_a": ("euler a", "k_euler_a", "euler ancestral", "euler_ancestral"),
    "heun": ("k_heun",),
    "dpmpp_2m": ("dpm++ 2m", "k_dpmpp_2m", "dpm++_2m", "dpmpp 2m"),
    "dpmpp_2m_sde": ("dpm++ 2m sde", "k_dpmpp_2m_sde", "dpm++_2m_sde", "dpmpp 2m sde"),
    "ddim": (),
    "unipc": ("uni_pc", "uni pc"),
    "lcm": (),
}
SCHEDULE_ALIASES = {
    "leading": ("ddim",),
    "trailing": ("sgm uniform", "sgm_uniform", "simple"),
    "linspace": ("normal", "uniform"),
    "karras": (),
    "exponential": (),
    "beta": (),
    "align_your_steps": ("align your steps", "ays"),
}
V = TypeVar("V")
DECODE_TILE = 512  # pixels, in little memory; what the codecs of this family were trained on and larger


def named(field: str, value: str, known: dict[str, tuple[str, ...]]) -> str:
    """The canonical name of `value` among `known` names and their aliases, upper and lower case alike."""
    wanted = value.strip().casefold()
    for name, aliases in known.items():
        if wanted == name or wanted in aliases:
            return name
    raise UnknownName(field, value, known)


def sampler_and_schedule(sampler: str, schedule: str | None, default: str) -> tuple[str, str]:
    """Split A1111's older "DPM++ 2M Karras" into a sampler and a schedule; an explicit `schedule` wins."""
    for label in ("karras", "exponential", "beta"):
        head = sampler.strip()[: -len(label) - 1]
        if sampler.strip().casefold().endswith(f" {label}"):
            sampler, default = head, label
    chosen = schedule if schedule is not None else default
    return named("sampler", sampler, SAMPLER_ALIASES), named("schedule", chosen, SCHEDULE_ALIASES)


def check_known(recipe: Recipe) -> None:
    """Raise `UnknownName` for a recipe, read from a file, with a sampler or schedule of another version."""
    named("sampler", recipe.sampler, SAMPLER_ALIASES)
    named("schedule", recipe.schedule, SCHEDULE_ALIASES)


def resolve_request(
    request: Request,
    model: ResolvedModel,
    machine: Machine,
    random_seed: int,
    assets: dict[str, Asset] | None = None,
    wildcards: dict[str, tuple[str, ...]] | None = None,
) -> Recipe:
    """The recipe of `request` on `model` and `machine`.

    `random_seed` is taken when no seed was asked for; `assets` are the pictures the request names, by their role, and
    `wildcards` the lines of those its prompts name.
    """
    card, assets, wildcards = model.card, assets or {}, wildcards or {}
    sampler, schedule = sampler_and_schedule(value(request.sampler, card.sampler), request.schedule, card.schedule)
    seed = value(request.seed, random_seed)
    natural_width, natural_height = request.natural_size(card, assets)
    width, height = request.rounded_size(value(request.width, natural_width), value(request.height, natural_height))
    recipe = Recipe(
        request=request,
        model=model.identity,
        width=width,
        height=height,
        steps=value(request.steps, card.steps),
        guidance_scale=value(request.guidance_scale, card.guidance_scale),
        sampler=sampler,
        schedule=schedule,
        seed=seed,
        numerics=numerics(request, card, machine),
        assets=assets,
        wildcards=wildcards,
        add_ons=tuple(add_on.identity for add_on in model.add_ons),
    )
    check(recipe)
    return recipe


def value(asked: V | None, usual: V) -> V:
    """What was asked, else what is usual."""
    return usual if asked is None else asked


def check(recipe: Recipe) -> None:
    """Raise `BadRequest` for seeds that pass 2^63 - 1, a second pass that is too large, LoRAs with invalid weights, and
    prompts with more notation than is read.
    """
    request = recipe.request
    if request.draws_templates and recipe.seed + count(recipe) - 1 >= SEEDS:
        reason = "the last picture's seed would pass 2^63 - 1"
        raise BadRequest(reason, field="seed", value=recipe.seed, hint="take a smaller seed")
    second_pass(recipe)
    tuple(asked_loras(request))
    if request.prompt_syntax != "plain":
        request.check_notation(recipe.wildcards, recipe.seed)


def numerics(request: Request, card: ModelCard, machine: Machine) -> Numerics:
    """How the arithmetic of `request` is done on `machine`."""
    return Numerics(
        device=machine.device.partition(":")[0],
        dtype=machine.dtype,
        decode_dtype=decode_dtype(card, machine),
        tile=request.batch(card, machine.device),
        threads=machine.threads,
        decode_tile=value(request.run.decode_tile, DECODE_TILE if request.run.low_memory else 0),
        attention_slice=request.run.low_memory,
    )


def decode_dtype(card: ModelCard, machine: Machine) -> str:
    """The codec's number format; never float16, in which the codecs of this family overflow to black pictures."""
    if card.decode != "same":
        return card.decode
    return "float32" if machine.dtype == "float16" else machine.dtype
