"""What Fooocus writes: its own JSON, or an infotext, whichever its user chose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sdplay.interop.a1111 import parse_infotext
from sdplay.interop.names import sampler_of, schedule_of
from sdplay.interop.parsed import (
    Meaning,
    ParsedMetadata,
    json_object,
    listed,
    lora_entry,
    name,
    number,
    to_parsed,
    whole,
    with_loras,
    words,
)

PROGRAM = "Fooocus"
FORKS = ("RuinedFooocus", "Fooocus-MRE", "SimpleSDXL", PROGRAM)
SPELLED = {"Prompt": "prompt", "Negative": "negative_prompt"}  # RuinedFooocus
WEIGHT_FIRST = re.compile(r"\s*(-?[\d.]+)\s+-\s+(.+)")
RESOLUTION = re.compile(r"\((\d{1,6}), ?(\d{1,6})\)")
MEANINGS: dict[str, Meaning] = {
    "steps": ("steps", whole),
    "sampler": ("sampler", sampler_of),
    "sampler_name": ("sampler", sampler_of),
    "scheduler": ("schedule", schedule_of),
    "guidance_scale": ("guidance_scale", number),
    "cfg": ("guidance_scale", number),  # the fork MRE
    "seed": ("seed", whole),
    "width": ("width", whole),
    "height": ("height", whole),
    "base_model": ("model", name),
    "base_model_name": ("model", name),
    "base_model_hash": ("model_hash", name),
    "vae": ("vae", name),
    "clip_skip": ("clip_skip", whole),
}


def parse_fooocus(text: str, scheme: str = "") -> ParsedMetadata:
    """What `text`, the chunk `parameters`, says; `scheme` is the chunk `fooocus_scheme` where there is one.

    `prompt` is what its user typed, or in an infotext what its styles made of that; the other one is in `other`.
    Raises `BadRequest` for damaged JSON.
    """
    if scheme == "a1111" or not text.lstrip().startswith("{"):
        return replace(parse_infotext(text), program=PROGRAM)
    said = {SPELLED.get(key, key): value for key, value in json_object(text).items()}
    prompt, negative = (said.pop(key, "") for key in ("prompt", "negative_prompt"))
    version = str(said.pop("version", said.pop("software", "")))
    if size := RESOLUTION.fullmatch(str(said.get("resolution", ""))):
        del said["resolution"]
        said |= {"width": size[1], "height": size[2]}
    fields, other = to_parsed(said, MEANINGS)
    loras = [lora_of(entry) for entry in listed(said.get("loras"))]
    if loras and None not in loras:
        del other["loras"]
    program = next((fork for fork in FORKS if version.startswith(fork)), PROGRAM)
    return ParsedMetadata(
        program=program,
        version=version.removeprefix(program).strip(),
        prompt=words(prompt),
        negative_prompt=words(negative),
        fields=with_loras(fields, loras),
        other=other,
        text=text,
    )


def lora_of(entry: object) -> str | None:
    """The LoRA of an entry [name, weight, hash], or [hash, "weight - name"] as RuinedFooocus writes it."""
    match listed(entry):
        case [str(called), int() | float() | str() as weight, *_] if number(weight) is not None:
            return lora_entry(called, weight)
        case [str(), str(both), *_] if match := WEIGHT_FIRST.fullmatch(both):
            return lora_entry(match[2], match[1])
        case _:
            return None


def is_fooocus(said: Mapping[str, Any]) -> bool:
    """Whether this JSON object has a key that only Fooocus and its forks write."""
    return bool({"base_model", "base_model_name", "metadata_scheme"} & said.keys())
