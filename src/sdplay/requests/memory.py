"""How much memory drawing takes, and how to draw in less: predicted from a recipe and the sizes of its networks.

What is predicted is the peak of the process (on a GPU: of what the program takes of its memory): what Python, torch and
the libraries take, the weights that are in memory at a time, and what the network at work holds beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.core.fields import SMALLEST_SIDE
from sdplay.core.identity import ResolvedAddOn
from sdplay.core.values import amount_text, read_amount
from sdplay.families import ARCHITECTURES
from sdplay.families.common.memory import (
    ModelSize,
    decoder_activations,
    encoder_activations,
    read_model_size,
    tiled_decoder_activations,
    unet_activations,
)
from sdplay.library.resolve import ResolvedModel
from sdplay.prompts.composition import composed
from sdplay.requests.recipe import Numerics, Recipe
from sdplay.requests.stills import FromPicture, Still, prompt_of
from sdplay.requests.txt2img import drawn_size

PROGRAM = 290 * 2**20  # Python, torch and the rest of this program after a first picture, without weights
KEPT = 1.1  # what the allocator does not give back after the network has run, of what the network held
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2, "int8": 1}
DECODE_TILES = (512, 256, 128)
STEP = 64  # pixels, between the sizes that are tried to find one that fits


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
    """How to draw in no more than a certain memory: with these `numerics` and, where `in_turn`, with only that part of
    the model in memory that is at work. `predicted` is the peak in bytes; `steps` are what is done for it, in words.
    """

    numerics: Numerics
    in_turn: bool
    predicted: int
    steps: tuple[str, ...] = ()


def predicted(recipe: Recipe, size: ModelSize, *, in_turn: bool) -> int:
    """The peak in bytes of drawing `recipe`; `in_turn`: with one part of the model in memory at a time."""
    numerics = recipe.numerics
    wide, narrow = BYTES[numerics.dtype], BYTES[numerics.decode_dtype]
    network, vae = (size.unet.weights + size.add_ons) * wide, size.vae.weights * narrow
    texts = sum(size.text_encoders) * wide
    if numerics.engine == "openvino":  # torch keeps the weights in float32, and OpenVINO its own
        network, texts = network + (size.unet.weights + size.add_ons) * 4, sum(size.text_encoders) * 4
    calls = network_calls(recipe, size) * (4 if numerics.dtype == "int8" else wide)  # what is not in int8 is in float32
    kept = round(KEPT * calls)
    pixels = vae_activations(recipe, size) * narrow
    if in_turn:
        return PROGRAM + max(texts, network + calls + kept, vae + pixels + kept)
    return PROGRAM + network + vae + texts + kept + max(calls, pixels)


def network_calls(recipe: Recipe, size: ModelSize) -> int:
    """The most numbers in the network: all pictures of a tile, each with its guidance, at the largest size drawn."""
    height, width = latent_sides(recipe, size)
    return unet_activations(size.unet, height, width, recipe.numerics.tile * rows_of(recipe))


def latent_sides(recipe: Recipe, size: ModelSize) -> tuple[int, int]:
    """Height and width of the largest latents, those of the second pass if there is one."""
    width, height = drawn_size(recipe)
    return -(-height // size.vae.scale_factor), -(-width // size.vae.scale_factor)


def rows_of(recipe: Recipe) -> int:
    """How many texts pull at a picture at once: what it is drawn away from, and each that it is drawn towards."""
    towards = 1
    if isinstance(recipe.request, Still) and recipe.request.prompt_syntax == "a1111":
        towards = len(composed(prompt_of(recipe, 0).prompt))
    return towards if recipe.guidance_scale <= 1 and towards == 1 else 1 + towards


def vae_activations(recipe: Recipe, size: ModelSize) -> int:
    """The most numbers in the VAE: of the decoder, and of the encoder where something is drawn from a picture."""
    height, width = latent_sides(recipe, size)
    numerics = recipe.numerics
    if numerics.decode_tile:
        # the shared norms calculate in float32, whatever the VAE does
        drawn = (
            tiled_decoder_activations(size.vae, height, width, numerics.decode_tile) * 4 // BYTES[numerics.decode_dtype]
        )
    else:
        drawn = decoder_activations(size.vae, height, width, numerics.tile)
    from_picture = isinstance(recipe.request, FromPicture) or not isinstance(recipe.request, Still)
    return max(drawn, encoder_activations(size.vae, height, width)) if from_picture else drawn


def model_size(model: ResolvedModel) -> ModelSize:
    """The sizes of `model` with its add-ons; raises `ModelBroken` if its files do not tell."""
    return _size_of(model.path, model.identity.digest, model.add_ons)


@lru_cache(64)
def _size_of(path: Path, digest: str, add_ons: tuple[ResolvedAddOn, ...]) -> ModelSize:
    """That of the model of this `digest`, which is at `path`."""
    return read_model_size(path, ARCHITECTURES, add_ons)


def memory_limit(recipe: Recipe) -> int | None:
    """The bytes that drawing may take, None if there is no limit."""
    asked = recipe.request.run.max_memory
    return read_amount(asked) if asked is not None else None


def kept_within(recipe: Recipe, model: ResolvedModel) -> Recipe:
    """`recipe` for `model` in the memory that its request allows; raises `BadRequest` as `within` does."""
    limit = memory_limit(recipe)
    if limit is None:
        return recipe
    return replace(
        recipe, numerics=within(recipe, model_size(model), limit, lossy=recipe.request.run.allow_lossy).numerics
    )


def uses_sequential_offload(recipe: Recipe, model: ResolvedModel) -> bool:
    """Whether the parts of `model` are in memory one at a time: where little memory is asked for, or where
    they do not fit into what is allowed. It changes no bit, so it is not part of a recipe.
    """
    limit = memory_limit(recipe)
    if recipe.request.run.low_memory or limit is None:
        return recipe.request.run.low_memory
    return predicted(recipe, model_size(model), in_turn=False) > limit


def memory_plan(recipe: Recipe, model: ResolvedModel) -> MemoryPlan:
    """The plan of a recipe that is resolved for `model`; raises `ModelBroken` where its files do not tell its size."""
    return planned(recipe, model_size(model), recipe.numerics, uses_sequential_offload(recipe, model))


def within(recipe: Recipe, size: ModelSize, limit: int, *, lossy: bool) -> MemoryPlan:
    """The first way to draw `recipe` in `limit` bytes, in the order of `ways`.

    `lossy` allows those that change the picture. Raises `BadRequest` if there is none, with what would be possible.
    """
    plans = [planned(recipe, size, *way) for way in ways(recipe, lossy=lossy)]
    for plan in plans:
        if plan.predicted <= limit:
            return plan
    least = min(plan.predicted for plan in plans)
    reason = f"is too little: not possible below {amount_text(least)} for {recipe.width}x{recipe.height}"
    hint = "; ".join(possible(recipe, size, limit, least, lossy=lossy))
    raise BadRequest(reason, field="max_memory", value=recipe.request.run.max_memory, hint=hint)


def ways(recipe: Recipe, *, lossy: bool) -> Iterator[tuple[Numerics, bool]]:
    """Ways to draw, each in less memory than the one before: (numerics, whether parts take turns).

    First what keeps every bit, then what changes no more than rounding (fewer pictures in a pass, decoding in tiles),
    then, where `lossy`, bfloat16.
    """
    for numerics in formats(recipe.numerics, lossy=lossy):
        yield numerics, False
        yield numerics, True
        while numerics.tile > 1:
            numerics = replace(numerics, tile=numerics.tile // 2)
            yield numerics, True
        for tile in DECODE_TILES:
            if tile < max(drawn_size(recipe)) and not 0 < numerics.decode_tile <= tile:
                numerics = replace(numerics, decode_tile=tile)
                yield numerics, True


def formats(numerics: Numerics, *, lossy: bool) -> Iterator[Numerics]:
    yield numerics
    if lossy and "float32" in (numerics.dtype, numerics.decode_dtype):
        half = {"dtype": "bfloat16"} if numerics.dtype == "float32" else {}
        yield replace(numerics, decode_dtype="bfloat16", **half)


def planned(recipe: Recipe, size: ModelSize, numerics: Numerics, in_turn: bool) -> MemoryPlan:
    resolved = replace(recipe, numerics=numerics)
    peak = predicted(resolved, size, in_turn=in_turn)
    steps = description(resolved, in_turn)
    if numerics.decode_dtype != recipe.numerics.decode_dtype:
        steps += ("calculating in bfloat16",)
    return MemoryPlan(numerics=numerics, in_turn=in_turn, predicted=peak, steps=steps)


def description(recipe: Recipe, in_turn: bool) -> tuple[str, ...]:
    """What the drawing is like, as far as it matters for memory."""
    numerics = recipe.numerics
    many = "one picture at a time" if numerics.tile == 1 else f"{numerics.tile} pictures at a time"
    tiled = 0 < numerics.decode_tile < max(drawn_size(recipe))
    return (
        many,
        *(["one part of the model in memory at a time"] if in_turn else []),
        *([f"decoding in tiles of {numerics.decode_tile} px"] if tiled else []),
    )


def possible(recipe: Recipe, size: ModelSize, limit: int, least: int, *, lossy: bool) -> Iterator[str]:
    """What could be drawn instead of a recipe that does not fit: smaller, or in less precision; or what it needs."""
    smaller = nearest_smaller(recipe, size, limit, lossy=lossy)
    if smaller is not None:
        yield f"with `size={smaller.width}x{smaller.height}` it would be"
    if not lossy and any(fits(recipe, size, limit, lossy=True)):
        yield "with `allow_lossy` (bfloat16) it would be"
    yield f"this needs `max_memory={-(-least // 2**20)}MiB`"


def fits(recipe: Recipe, size: ModelSize, limit: int, *, lossy: bool) -> Iterator[bool]:
    for numerics, in_turn in ways(recipe, lossy=lossy):
        yield predicted(replace(recipe, numerics=numerics), size, in_turn=in_turn) <= limit


def nearest_smaller(recipe: Recipe, size: ModelSize, limit: int, *, lossy: bool) -> Recipe | None:
    """The recipe at the largest smaller size, of about the same proportions, that fits; None if none does."""
    longest = max(recipe.width, recipe.height)
    for side in range((longest - 1) // STEP * STEP, SMALLEST_SIDE - 1, -STEP):
        sides = (max(round(each * side / longest / STEP) * STEP, STEP) for each in (recipe.width, recipe.height))
        width, height = sides
        smaller = replace(recipe, width=width, height=height)
        if any(fits(smaller, size, limit, lossy=lossy)):
            return smaller
    return None
