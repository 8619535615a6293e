"""What an infotext means: A1111's own, and that of the many programs that write its format."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.images.infotext import CONTROLNET, FILL_LABELS, INPAINT_AREAS, MASK_MODES, UPSCALER_LABELS
from sdplay.images.infotext_grammar import pairs_in, parts
from sdplay.interop.names import sampler_of, schedule_of, split
from sdplay.interop.parsed import (
    Meaning,
    ParsedMetadata,
    check_length,
    json_object,
    lora_entry,
    name,
    number,
    to_parsed,
    whole,
    with_loras,
)
from sdplay.requests.txt2img import as_upscaling

HASH_SUFFIX = re.compile(r"\s*\[[0-9a-f]{8,}\]$")  # behind a model's name
PREPROCESSORS = {"canny": "canny", "none": "none"}


def whole_number(text: str) -> int | None:
    """Thresholds are written as 100.0."""
    value = number(text)
    return round(value) if value is not None else None


CONTROLNET_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "Module": ("control_preprocessor", lambda text: PREPROCESSORS.get(text.casefold())),
    "Model": ("controlnet", lambda text: name(HASH_SUFFIX.sub("", text))),
    "Weight": ("control_scale", number),
    "Threshold A": ("canny_low", whole_number),
    "Threshold B": ("canny_high", whole_number),
    "Guidance Start": ("control_start", number),
    "Guidance End": ("control_end", number),
}
OF_EDGES = {"canny_low", "canny_high"}
AS_HERE = {"Resize Mode": "crop and resize", "Control Mode": "balanced"}  # other ways have no meaning here

UNKNOWN = "unknown"
SDNEXT = "SD.Next"
A1111 = "A1111"
# Who writes `Version: …` this way; what is left of it after the match is the version itself.
WRITERS = (
    (re.compile(r"sdplay "), "sdplay"),
    (re.compile(r"Fooocus "), "Fooocus"),
    (re.compile(r"ComfyUI ?"), "ComfyUI"),
    (re.compile(r"stable-diffusion\.cpp ?"), "stable-diffusion.cpp"),
    (re.compile(r"(?=f\d|neo)"), "Forge"),
)
# What A1111 and its fork do without a word in the text. Its "GPU" noise is that of an NVIDIA card, as is our philox.
LIKE_A1111 = (A1111, "Forge")
NOISE = {"nv": "philox", "gpu": "philox", "cuda": "philox", "cpu": "torch"}
AUTOMATIC = {"euler": "linspace", "euler_a": "linspace", "dpmpp_2m": "karras", "ddim": "leading"}
# Before 1.9 the schedule stood in the sampler's name, and a name without one meant the plain spacing.
BEFORE_SCHEDULES = {**AUTOMATIC, "dpmpp_2m": "linspace"}

FILLS = {label: fill for fill, label in FILL_LABELS.items()}  # "fill": the same idea by another method
INVERTED = {label: inverted for inverted, label in MASK_MODES.items()}
UPSCALERS = {as_upscaling(label): upscaler for upscaler, label in UPSCALER_LABELS.items()}
ONLY_MASKED = {label: only for only, label in INPAINT_AREAS.items()}

SCHEDULE_KEYS = ("Schedule type", "Scheduler", "Sampler sigma", "Sampler spacing")  # A1111, Fooocus, SD.Next twice


def upscaler_of(label: str) -> str | None:
    """SD.Next writes "Latent Nearest", A1111 "Latent (nearest)"."""
    return UPSCALERS.get(as_upscaling(label))


MEANINGS: dict[str, Meaning] = {
    "Steps": ("steps", whole),
    "Sampler": ("sampler", sampler_of),
    "Schedule type": ("schedule", schedule_of),
    "Scheduler": ("schedule", schedule_of),
    "Sampler sigma": ("schedule", schedule_of),
    "Sampler spacing": ("schedule", schedule_of),
    "CFG scale": ("guidance_scale", number),
    "Guidance Scale": ("guidance_scale", number),
    "CFG Rescale phi": ("guidance_rescale", number),  # of an extension, under three names
    "CFG Rescale φ": ("guidance_rescale", number),
    "CFG Rescale": ("guidance_rescale", number),
    "Eta": ("eta", number),
    "Eta DDIM": ("eta", number),
    "Seed": ("seed", whole),
    "Size-1": ("width", whole),
    "Size-2": ("height", whole),
    "Model hash": ("model_hash", name),
    "Model": ("model", name),
    "VAE": ("vae", name),
    "VAE hash": ("vae_hash", name),
    "Clip skip": ("clip_skip", whole),
    "RNG": ("noise", lambda text: NOISE.get(text.casefold())),
    "Denoising strength": ("strength", number),
    "Hires upscale": ("hires_scale", number),
    "Hires scale": ("hires_scale", number),  # SD.Next
    "Hires strength": ("hires_strength", number),
    "Hires upscaler": ("hires_upscaler", upscaler_of),
    "Hires steps": ("hires_steps", whole),
    "Mask blur": ("mask_blur", number),
    "Mask mode": ("mask_invert", INVERTED.get),
    "Masked content": ("fill", FILLS.get),
    "Inpaint area": ("only_masked", ONLY_MASKED.get),
    "Masked area padding": ("padding", whole),
}
SPELLED = {key.casefold(): key for key in MEANINGS}
HASH_LISTS = ("Lora hashes", "TI hashes", "Hypernet hashes")
HASHES = re.compile(r"(\S.*?): ?([0-9a-fA-F]+)(?:,\s*|$)")
LORA_LISTS = ("LoRAs", "Lora weights")  # Fooocus
WEIGHTS = re.compile(r"(\S.*?): ?(-?[\d.]+)(?:,\s*|$)")


def parse_infotext(text: str) -> ParsedMetadata:
    """What the infotext `text` says; a text without a line of pairs is a prompt alone and has no `fields`.

    `Lora hashes` and the like become dicts in `other`. Raises `BadRequest` for more than 1 MB of text.
    """
    prompt, negative, written = parts(check_length(text))
    pairs = {SPELLED.get(key.casefold(), key): value for key, value in written.items()}
    program, version = writer(pairs) if pairs else (UNKNOWN, "")
    meanings = dict(MEANINGS)
    if program != SDNEXT and any(key.startswith("Hires ") for key in pairs):
        meanings["Denoising strength"] = ("hires_strength", number)  # it is that of the second pass
    fields, rest = to_parsed(pairs, meanings)
    if pairs:
        fields = assumed(pairs, program) | fields
    steered, wholly = read_control(pairs)
    fields |= steered
    loras = [entry for key in LORA_LISTS for entry in WEIGHTS.findall(pairs.get(key, ""))]
    fields = with_loras(fields, (lora_entry(called, weight) for called, weight in loras))
    told = {"Version", *(["Sampler"] if "sampler" in fields else []), *([CONTROLNET] if wholly else [])}
    told |= set(LORA_LISTS) if "lora" in fields else set[str]()
    other = {key: hashes(key, value) for key, value in rest.items() if key not in told}
    model = other.get("Hashes", {})
    if "model_hash" not in fields and isinstance(model, dict) and name(model.get("model")):
        fields["model_hash"] = model["model"]
    return ParsedMetadata(
        program=program,
        version=version,
        prompt=prompt,
        negative_prompt=negative,
        fields=fields,
        other=other,
        text=text,
    )


def writer(pairs: dict[str, str]) -> tuple[str, str]:
    """The program that wrote the pairs, and its version."""
    version = pairs.get("Version", "")
    for pattern, program in WRITERS:
        if match := pattern.match(version):
            return program, version[match.end() :]
    return pairs.get("App", A1111), version  # SD.Next calls itself an App


def assumed(pairs: dict[str, str], program: str) -> dict[str, Any]:
    """What is meant where nothing is written, and what the older names of samplers say."""
    sampler, schedule = split(pairs.get("Sampler", ""))
    written = next((pairs[key].casefold() for key in SCHEDULE_KEYS if key in pairs), None)
    if schedule is None and sampler is not None and program in LIKE_A1111:
        schedule = {"automatic": AUTOMATIC, None: BEFORE_SCHEDULES}.get(written, {}).get(sampler)
    meant = {"sampler": sampler, "schedule": schedule if written in (None, "automatic") else None, "clip_skip": 1}
    if upscaler_of(pairs.get("Hires upscaler", "Latent")) is None:
        meant["hires_upscaler"] = "lanczos"  # what enlarges pictures, for a network that does so
    if program in LIKE_A1111:
        meant["noise"] = "philox"
    if program == SDNEXT and "Hires scale" in pairs:
        meant["hires_strength"] = 0.0  # it enlarges without drawing, unless it says how much it drew
    return {field: value for field, value in meant.items() if value is not None}


def hashes(key: str, value: str) -> Any:
    """The hashes in `value` by name, where it is a list of them; else `value`."""
    if key == "Hashes":
        try:
            return json_object(value)
        except BadRequest:
            return value
    if key not in HASH_LISTS:
        return value
    named = HASHES.findall(value)
    return dict(named) if HASHES.sub("", value) == "" else value


def read_control(pairs: dict[str, str]) -> tuple[dict[str, Any], bool]:
    """(the fields of a request that the first ControlNet's entry among `pairs` says, whether that is all it says)."""
    told = dict(pairs_in(pairs.get(CONTROLNET, "")))
    fields: dict[str, Any] = {}
    for key, (field, meaning) in CONTROLNET_FIELDS.items():
        value = meaning(told[key]) if key in told else None
        if value is not None:
            fields[field] = value
    if fields.get("control_preprocessor") != "canny":  # thresholds of another preprocessor have another meaning
        fields = {field: value for field, value in fields.items() if field not in OF_EDGES}
    other_way = any(told.get(key, way).casefold() != way for key, way in AS_HERE.items())
    return fields, "control_preprocessor" in fields and not other_way
