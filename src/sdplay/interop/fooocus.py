"""What Fooocus writes: its own JSON, or an infotext, whichever its user chose."""

from __future__ import annotations

import re
from dataclasses import replace

from sdplay.interop.a1111 import parse_infotext
from sdplay.interop.names import sampler_of, schedule_of
from sdplay.interop.parsed import Meaning, ParsedMetadata, json_object, name, number, to_parsed, whole, words

PROGRAM = "Fooocus"
RESOLUTION = re.compile(r"\((\d{1,6}), ?(\d{1,6})\)")
MEANINGS: dict[str, Meaning] = {
    "steps": ("steps", whole),
    "sampler": ("sampler", sampler_of),
    "scheduler": ("schedule", schedule_of),
    "guidance_scale": ("guidance_scale", number),
    "cfg": ("guidance_scale", number),  # the fork MRE
    "seed": ("seed", whole),
    "width": ("width", whole),
    "height": ("height", whole),
    "base_model": ("model", name),
    "base_model_hash": ("model_hash", name),
    "clip_skip": ("clip_skip", whole),
}


def parse_fooocus(text: str, scheme: str = "") -> ParsedMetadata:
    """What `text`, the chunk `parameters`, says; `scheme` is the chunk `fooocus_scheme` where there is one.

    `prompt` is what its user typed, or in an infotext what its styles made of that; the other one is in `other`.
    Raises `BadRequest` for damaged JSON.
    """
    if scheme == "a1111" or not is_json(text):
        return replace(parse_infotext(text), program=PROGRAM)
    said = json_object(text)
    prompt, negative = (said.pop(key, "") for key in ("prompt", "negative_prompt"))
    version = str(said.pop("version", said.pop("software", "")))
    if size := RESOLUTION.fullmatch(str(said.get("resolution", ""))):
        del said["resolution"]
        said |= {"width": size[1], "height": size[2]}
    fields, other = to_parsed(said, MEANINGS)
    return ParsedMetadata(
        program=PROGRAM,
        version=version.removeprefix(f"{PROGRAM} "),
        prompt=words(prompt),
        negative_prompt=words(negative),
        fields=fields,
        other=other,
        text=text,
    )


def is_json(text: str) -> bool:
    return text.lstrip().startswith("{")


def is_fooocus(text: str) -> bool:
    """Whether this JSON has the key that only Fooocus and its forks write."""
    return is_json(text) and '"base_model"' in text
