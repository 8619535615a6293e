"""Close every open field of a request: the only place where something is filled in that nobody asked for."""

from __future__ import annotations

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.fields import LARGEST_SIDE, SMALLEST_SIDE
from sdplay.core.machine import Machine
from sdplay.core.sample import Asset
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.library.card import ModelCard
from sdplay.library.resolve import ResolvedModel
from sdplay.prompts.composition import check
from sdplay.requests.hires import second_pass
from sdplay.requests.loras import asked_loras
from sdplay.requests.recipe import Numerics, Recipe
from sdplay.requests.request import AnyRequest
from sdplay.requests.stills import Inpaint, Still
from sdplay.requests.words import words_of

FILM_TILE_ON_GPU = 4
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
DECODE_TILE = 512  # pixels, with --low-memory; what the codecs of this family were trained on and larger


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
    request: AnyRequest,
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
    card, assets = model.card, assets or {}
    sampler, schedule = sampler_and_schedule(
        request.sampler if request.sampler is not None else card.sampler, request.schedule, card.schedule
    )
    seed = request.seed if request.seed is not None else random_seed
    if isinstance(request, Still) and seed + request.num - 1 >= 2**63:
        reason = "the last picture's seed would pass 2^63 - 1"
        raise BadRequest(reason, field="seed", value=seed, hint="take a smaller seed")
    width, height = size(request, card, assets)
    recipe = Recipe(
        request=request,
        model=model.identity,
        width=width,
        height=height,
        steps=request.steps if request.steps is not None else card.steps,
        guidance_scale=request.guidance_scale if request.guidance_scale is not None else card.guidance_scale,
        sampler=sampler,
        schedule=schedule,
        seed=seed,
        numerics=Numerics(
            device=machine.device.partition(":")[0],
            dtype=machine.dtype,
            decode_dtype=decode_dtype(card, machine),
            tile=tile(request, card, machine),
            threads=machine.threads,
            decode_tile=decode_tile(request),
            attention_slice=request.low_memory,
        ),
        assets=assets,
        wildcards=wildcards or {},
        add_ons=tuple(add_on.identity for add_on in model.add_ons),
    )
    second_pass(recipe)
    check_prompts(recipe)
    return recipe


def check_prompts(recipe: Recipe) -> None:
    """Raise `BadRequest` for LoRAs with weights that are none, and for prompts with more notation than is read; of
    wildcards the first picture's stand for all.

    An animation's are read frame by frame, with its schedules.
    """
    request = recipe.request
    tuple(asked_loras(request))
    if request.prompt_syntax == "plain":
        return
    if isinstance(request, Still):
        words = words_of(recipe, 0)
        check(words.prompt, words.negative_prompt)
    elif isinstance(request, Dream):
        for prompt in (*request.prompts, *(key.prompt for key in request.keyframes)):
            check(prompt, request.negative_prompt)


def decode_dtype(card: ModelCard, machine: Machine) -> str:
    """The codec's number format; never float16, in which the codecs of this family overflow to black pictures."""
    if card.decode != "same":
        return card.decode
    return "float32" if machine.dtype == "float16" else machine.dtype


def decode_tile(request: AnyRequest) -> int:
    """The side of the tiles in which pictures are decoded, 0 where they are decoded whole."""
    if request.decode_tile is not None:
        return request.decode_tile
    return DECODE_TILE if request.low_memory else 0


def tile(request: AnyRequest, card: ModelCard, machine: Machine) -> int:
    """Pictures in one forward pass: what was asked; else the card's, where a GPU takes films in fours at least.

    Frames that wait for each other come one by one, and so does all that is drawn in little memory.
    """
    if request.low_memory or (isinstance(request, Animate) and not request.of_clip):
        return 1
    if request.batch_size is not None:
        return request.batch_size
    if isinstance(request, Still):
        return card.tile
    return card.film_tile if machine.device == "cpu" else max(card.film_tile, FILM_TILE_ON_GPU)


def size(request: AnyRequest, card: ModelCard, assets: dict[str, Asset]) -> tuple[int, int]:
    """(width, height): what was asked, else what is natural; a film's sides are rounded down to multiples of 8."""
    natural = natural_size(request, card, assets)
    width = request.width if request.width is not None else natural[0]
    height = request.height if request.height is not None else natural[1]
    return (width // 8 * 8, height // 8 * 8) if isinstance(request, Film) else (width, height)


def clip_size(clip: Asset, side: int) -> tuple[int, int]:
    """The clip's shape with the area that a model of `side` draws best, never larger than the clip itself."""
    scale = min(1.0, side / (clip.width * clip.height) ** 0.5)
    return max(int(clip.width * scale) // 8 * 8, SMALLEST_SIDE), max(int(clip.height * scale) // 8 * 8, SMALLEST_SIDE)


def natural_size(request: AnyRequest, card: ModelCard, assets: dict[str, Asset]) -> tuple[int, int]:
    """(width, height) when none is asked for: the given picture's, extended; else what the model draws best."""
    if "video_init_path" in assets:
        return clip_size(assets["video_init_path"], card.size)
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
