"""What Easy Diffusion writes: a chunk for every setting, or all of them as JSON in the EXIF comment."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from sdplay.interop.names import sampler_of, schedule_of
from sdplay.interop.parsed import (
    Meaning,
    ParsedMetadata,
    listed,
    lora_entry,
    name,
    number,
    to_parsed,
    whole,
    with_loras,
    words,
)

PROGRAM = "Easy Diffusion"
ABSENT = (None, "", "None", "null", "False", False)
MEANINGS: dict[str, Meaning] = {
    "num_inference_steps": ("steps", whole),
    "sampler_name": ("sampler", sampler_of),
    "scheduler_name": ("schedule", schedule_of),
    "guidance_scale": ("guidance_scale", number),
    "seed": ("seed", whole),
    "width": ("width", whole),
    "height": ("height", whole),
    "prompt_strength": ("strength", number),
    "use_stable_diffusion_model": ("model", name),
    "use_vae_model": ("vae", name),
}
LORAS = ("use_lora_model", "lora_alpha")
TWO = ("True", "true", True)  # `clip_skip` is a switch: the layer before the last


def is_easy_diffusion(texts: Mapping[str, str]) -> bool:
    return "num_inference_steps" in texts and "prompt" in texts


def is_json_of(said: dict[str, Any]) -> bool:
    return "num_inference_steps" in said and "prompt" in said


def parse_easy_diffusion(texts: Mapping[str, str]) -> ParsedMetadata:
    """What the chunks of a picture say."""
    return parse_json(dict(texts), json.dumps(dict(texts)))


def parse_json(said: dict[str, Any], text: str) -> ParsedMetadata:
    """What `said`, written `text`, says; what is not used is written as None or False."""
    given = {key: value for key, value in said.items() if value not in ABSENT}
    prompt, negative = (words(given.pop(key, "")) for key in ("prompt", "negative_prompt"))
    fields, other = to_parsed(given, MEANINGS)
    loras, weights = (several(given.get(key)) for key in LORAS)
    if loras and len(loras) == len(weights):
        entries = zip(loras, weights, strict=True)
        fields = with_loras(fields, (lora_entry(called, weight) for called, weight in entries))
        other = {key: value for key, value in other.items() if key not in LORAS}
    if other.get("clip_skip") in TWO:
        del other["clip_skip"]
        fields["clip_skip"] = 2
    return ParsedMetadata(
        program=PROGRAM,
        version="",
        prompt=prompt,
        negative_prompt=negative,
        fields=fields,
        other=other,
        text=text,
    )


def several(value: object) -> list[Any]:
    """One value or a list of them, which a chunk holds as Python writes it."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return []
    return listed(value) or ([] if value in ABSENT else [value])
