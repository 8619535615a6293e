"""Close every open field of a request: the only place where something is filled in that nobody asked for."""

from __future__ import annotations

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.frame import Asset
from sdplay.core.machine import Machine
from sdplay.core.recipe import Numerics, Recipe
from sdplay.core.request import LARGEST_SIDE, AnyRequest, Inpaint
from sdplay.models.card import ModelCard
from sdplay.models.resolve import ResolvedModel

SAMPLER_ALIASES = {
    "euler": ("k_euler",),
    "euler_a": ("euler a", "k_euler_a", "euler ancestral", "euler_ancestral"),
    "dpmpp_2m": ("dpm++ 2m", "k_dpmpp_2m", "dpm++_2m", "dpmpp 2m"),
    "ddim": (),
}
SCHEDULE_ALIASES = {
    "leading": ("ddim",),
    "trailing": ("sgm uniform", "sgm_uniform", "simple"),
    "linspace": ("normal", "uniform"),
    "karras": (),
    "exponential": (),
}


def named(field: str, value: str, known: dict[str, tuple[str, ...]]) -> str:
    """The canonical name of `value` among `known` names and their aliases, upper and lower case alike."""
    wanted = value.strip().casefold()
    for name, aliases in known.items():
        if wanted == name or wanted in aliases:
            return name
    raise UnknownName(field, value, known)


def sampler_and_schedule(sampler: str, schedule: str | None, default: str) -> tuple[str, str]:
    """Split A1111's older "DPM++ 2M Karras" into a sampler and a schedule; an explicit `schedule` wins."""
    for label in ("karras", "exponential"):
        head = sampler.strip()[: -len(label) - 1]
        if sampler.strip().casefold().endswith(f" {label}"):
            sampler, default = head, label
    chosen = schedule if schedule is not None else default
    return named("sampler", sampler, SAMPLER_ALIASES), named("schedule", chosen, SCHEDULE_ALIASES)


def check_known(recipe: Recipe) -> None:
    """Raise `UnknownName` for a recipe, read from a file, with a sampler or schedule of another version."""
    named("sampler", recipe.sampler, SAMPLER_ALIASES)
    named("schedule", recipe.schedule, SCHEDULE_ALIASES)


def settle(
    request: AnyRequest,
    model: ResolvedModel,
    machine: Machine,
    random_seed: int,
    assets: dict[str, Asset] | None = None,
) -> Recipe:
    """The recipe of `request` on `model` and `machine`.

    `random_seed` is taken when no seed was asked for; `assets` are the pictures the request names, by their role.
    """
    card, assets = model.card, assets or {}
    sampler, schedule = sampler_and_schedule(
        request.sampler if request.sampler is not None else card.sampler, request.schedule, card.schedule
    )
    seed = request.seed if request.seed is not None else random_seed
    if seed + request.num - 1 >= 2**63:
        reason = "the last picture's seed would pass 2^63 - 1"
        raise BadRequest(reason, field="seed", value=seed, hint="take a smaller seed")
    width, height = natural_size(request, card, assets)
    return Recipe(
        request=request,
        model=model.identity,
        width=request.width if request.width is not None else width,
        height=request.height if request.height is not None else height,
        steps=request.steps if request.steps is not None else card.steps,
        guidance_scale=request.guidance_scale if request.guidance_scale is not None else card.guidance_scale,
        sampler=sampler,
        schedule=schedule,
        seed=seed,
        numerics=Numerics(
            device=machine.device.partition(":")[0],
            dtype=machine.dtype,
            decode_dtype=decode_dtype(card, machine),
            tile=card.tile,
            threads=machine.threads,
        ),
        assets=assets,
    )


def decode_dtype(card: ModelCard, machine: Machine) -> str:
    """The codec's number format; never float16, in which the codecs of this family overflow to black pictures."""
    if card.decode != "same":
        return card.decode
    return "float32" if machine.dtype == "float16" else machine.dtype


def natural_size(request: AnyRequest, card: ModelCard, assets: dict[str, Asset]) -> tuple[int, int]:
    """(width, height) when none is asked for: the given picture's, extended; else what the model draws best."""
    image = assets.get("image")
    if image is None or (isinstance(request, Inpaint) and request.only_masked):
        return card.size, card.size
    left, top, right, bottom = request.borders if isinstance(request, Inpaint) else (0, 0, 0, 0)
    width, height = image.width + left + right, image.height + top + bottom
    if max(width, height) > LARGEST_SIDE:
        raise BadRequest(
            f"it is {width}x{height} pixels, and {LARGEST_SIDE} is the most a side may have",
            field="image",
            value=image.path,
            hint=f"give --size, for example --size {card.size}",
        )
    return width, height
