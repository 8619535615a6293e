"""From a request to its recipe: what was left out is filled in from the model's card and the machine.

`jobs.resolve.Resolver.resolve` calls it when seed, wildcards, model and files are known; memory comes after it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from sdplay.core.errors import BadRequest, ModelBroken, UnknownName
from sdplay.core.fields import Quality
from sdplay.core.machine import Machine
from sdplay.core.sample import Asset
from sdplay.library.few_steps import few_steps_of
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.base import Request
from sdplay.requests.enlarge import drawable
from sdplay.requests.memory import model_size
from sdplay.requests.recipe import Numerics, Recipe
from sdplay.requests.run_options import RunOptions
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
    "tcd": (),
}
WITH_ETA = ("euler_a", "ddim", "tcd")  # samplers that can be told how much noise to make anew
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
LARGE = 100_000_000  # weights of a network that OpenVINO is worth being converted for; SD 1.x has 860 million
DECODE_TILE = 512  # pixels, in little memory; what the VAEs of this family were trained on and larger


class Share(NamedTuple):
    """The share of the steps that are computed, and how many are at the least."""

    of_steps: float
    least: int


# Presets, measured on the built-in model: a judge names things and styles in fast pictures and in drafts as often right
# as in exact ones (ADR 15).
SHARES: dict[Quality, Share] = {"exact": Share(1.0, 1), "fast": Share(0.4, 6), "draft": Share(0.25, 5)}
BEND = 1.6  # above 1 the early steps lie closer together: what the picture becomes is decided there
END = 0.45  # of a gap, before which the last one lies: the end is not left to a forecast


def canonical_name(field: str, value: str, known: dict[str, tuple[str, ...]]) -> str:
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
    return canonical_name("sampler", sampler, SAMPLER_ALIASES), canonical_name("schedule", chosen, SCHEDULE_ALIASES)


def engine_for(run: RunOptions, model: ResolvedModel, machine: Machine) -> str:
    """What runs the network of `model`: what was asked for, else OpenVINO where it is there and pays.

    It is converted and compiled first, and its weights are in memory twice: a small network is drawn with before that
    is done, and whoever has little memory is not asked for more. Nothing else calculates in int8. Raises `BadRequest`
    for one that cannot be had.
    """
    in_int8 = run.precision == "int8"
    if in_int8 and run.engine not in {"auto", "openvino"}:
        raise BadRequest("is calculated by OpenVINO alone", field="precision", value="int8", hint="leave `engine` out")
    if run.engine == "torch":
        return "torch"
    sparing = run.low_memory or run.max_memory is not None
    if run.engine == "cuda":
        check_cuda(machine, sparing=sparing)
        return "cuda"
    if run.engine == "openvino" or in_int8:
        check_openvino(run, machine, sparing=sparing)
        return "openvino"
    if sparing or "openvino" not in machine.engines:
        return "torch"
    try:
        return "openvino" if model_size(model).unet.weights >= LARGE else "torch"
    except ModelBroken:
        return "torch"


def check_openvino(run: RunOptions, machine: Machine, *, sparing: bool) -> None:
    """Raise `BadRequest` where OpenVINO cannot run the network."""
    if machine.device.partition(":")[0] != "cpu":
        reason, hint = f"runs networks on the CPU, and this is drawn on {machine.device}", "leave `engine` out"
    elif sparing:
        reason, hint = "has the weights in memory twice", "leave out `low_memory` and `max_memory`, or take torch"
    elif "openvino" not in machine.engines:
        extra = "int8" if run.precision == "int8" else "openvino"
        reason, hint = "is not installed here", f"`pip install sdplay[{extra}]`"
    else:
        return
    raise BadRequest(reason, field="engine", value="openvino", hint=hint)


def check_cuda(machine: Machine, *, sparing: bool) -> None:
    """Raise `BadRequest` where what a network does cannot be recorded as a CUDA graph."""
    if "cuda" not in machine.engines:
        reason, hint = f"is for NVIDIA GPUs, and this is drawn on {machine.device}", "leave `engine` out"
    elif sparing:
        reason, hint = "keeps all weights in place", "leave out `low_memory` and `max_memory`, or take torch"
    else:
        return
    raise BadRequest(reason, field="engine", value="cuda", hint=hint)


def computed_steps(quality: Quality, steps: int) -> tuple[int, ...]:
    """The steps, of 0 to `steps` - 1, at which the network is asked: the first ones closest together."""
    share = SHARES[quality]
    count = min(steps, max(share.least, round(share.of_steps * steps)))
    if count == steps:
        return tuple(range(steps))
    return tuple(sorted({round(steps * (number / (count - END)) ** BEND) for number in range(count)}))


def network_calls(sampler: str, steps: int, quality: Quality = "exact") -> int:
    """How often the network looks at a picture in so many steps: twice a step in Heun's method, but for the last."""
    steps = len(computed_steps(quality, steps))
    return 2 * steps - 1 if sampler == "heun" else steps


def check_eta(eta: float | None, sampler: str) -> None:
    """Raise `BadRequest` for an `eta` of a sampler that has none."""
    if eta is not None and sampler not in WITH_ETA:
        hint = " or ".join(f"`sampler={name}`" for name in WITH_ETA)
        raise BadRequest(f"the sampler {sampler} has no such setting", field="eta", value=eta, hint=f"take {hint}")


def check_known(recipe: Recipe) -> None:
    """Raise `UnknownName` for a recipe, read from a file, with a sampler or schedule of another version."""
    canonical_name("sampler", recipe.sampler, SAMPLER_ALIASES)
    canonical_name("schedule", recipe.schedule, SCHEDULE_ALIASES)


def resolve_request(
    request: Request,
    model: ResolvedModel,
    machine: Machine,
    new_seed: int,
    assets: dict[str, Asset] | None = None,
    wildcards: dict[str, tuple[str, ...]] | None = None,
) -> Recipe:
    """The recipe of `request` on `model` and `machine`: what was asked, else what the model's card and the machine say.

    `new_seed` is taken if no seed was asked for; `assets` are the files that the request names, by role, and
    `wildcards` the lines of those that its prompts name. Raises `BadRequest` for what cannot be drawn.

    The VAE never calculates in float16 unless the card says so: those of this family then overflow to black pictures.
    """
    few = few_steps_of(model)
    card, assets, run = few.on(model.card) if few else model.card, assets or {}, request.run
    sampler, schedule = sampler_and_schedule(or_default(request.sampler, card.sampler), request.schedule, card.schedule)
    check_eta(request.eta, sampler)
    width, height = request.size(card, assets)
    dtype = machine.dtype
    if machine.device == "cpu" and run.precision == "auto" and card.precision != "auto":
        dtype = card.precision
    usual_decode = {"float16": "float32", "int8": machine.beside_int8}.get(dtype, dtype)
    numerics = Numerics(
        engine=engine_for(run, model, machine),
        device=machine.device.partition(":")[0],
        dtype=dtype,
        decode_dtype=usual_decode if card.decode == "same" else card.decode,
        tile=request.batch(card, machine.device),
        threads=machine.threads,
        decode_tile=or_default(run.decode_tile, DECODE_TILE if run.low_memory else 0),
        attention_slice=run.low_memory,
    )
    recipe = Recipe(
        request=request,
        model=model.identity,
        width=width,
        height=height,
        steps=or_default(request.steps, card.steps),
        guidance_scale=or_default(request.guidance_scale, card.guidance_scale),
        sampler=sampler,
        schedule=schedule,
        seed=or_default(request.seed, new_seed),
        numerics=numerics,
        assets=assets,
        wildcards=wildcards or {},
        add_ons=tuple(add_on.identity for add_on in model.add_ons),
    )
    second_pass(recipe)  # raises if it would be too large
    request.check(recipe.wildcards, recipe.seed)
    return drawable(recipe, card)


def or_default(asked: V | None, default: V) -> V:
    return default if asked is None else asked
