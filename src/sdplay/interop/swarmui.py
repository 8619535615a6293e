"""What SwarmUI writes: JSON with `sui_image_params`, as the chunk `parameters` or the EXIF comment."""

from __future__ import annotations

import re
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

PROGRAM = "SwarmUI"
PARAMETERS = "sui_image_params"
MEANINGS: dict[str, Meaning] = {
    "steps": ("steps", whole),
    "sampler": ("sampler", sampler_of),
    "scheduler": ("schedule", schedule_of),
    "cfgscale": ("guidance_scale", number),
    "seed": ("seed", whole),
    "width": ("width", whole),
    "height": ("height", whole),
    "model": ("model", name),
    "vae": ("vae", name),
    "initimagecreativity": ("strength", number),
}
# Parts of a prompt for other passes, from here to the end.
OTHER_PASSES = re.compile(r"<(?:segment|object|region|refiner|video|extend|clear)\b[^<>]*>", re.I)
BASE = re.compile(r"<base>", re.I)


def is_json_of(said: dict[str, Any]) -> bool:
    return isinstance(said.get(PARAMETERS), dict)


def parse_json(said: dict[str, Any], text: str) -> ParsedMetadata | None:
    """What `said`, written `text`, says; None where it says nothing."""
    parameters = {str(key).replace("_", ""): value for key, value in said[PARAMETERS].items()}
    prompt, negative = (words(parameters.pop(key, "")) for key in ("prompt", "negativeprompt"))
    version = str(parameters.pop("swarmversion", ""))
    loras, weights = (listed(parameters.get(key)) for key in ("loras", "loraweights"))
    fields, other = to_parsed(parameters, MEANINGS)
    if loras and len(weights) in (0, len(loras)):
        entries = zip(loras, weights or [1] * len(loras), strict=True)
        fields = with_loras(fields, (lora_entry(called, weight) for called, weight in entries))
        other = {key: value for key, value in other.items() if key not in ("loras", "loraweights")}
    if fields.get("vae", "").casefold() in ("automatic", "none"):
        del fields["vae"]
    clip_stop = parameters.get("clipstopatlayer")
    if type(clip_stop) is int and clip_stop < 0:
        fields["clip_skip"] = -clip_stop
        del other["clipstopatlayer"]
    if "seed" in fields:
        fields["noise"] = "torch"  # that of ComfyUI, which draws for it
    if not (fields or prompt):
        return None
    main, passes = split_passes(prompt)
    other |= {key: value for key, value in said.items() if key != PARAMETERS} | passes
    return ParsedMetadata(
        program=PROGRAM,
        version=version,
        prompt=main,
        negative_prompt=split_passes(negative)[0],
        fields=fields,
        other=other,
        text=text,
    )


def split_passes(prompt: str) -> tuple[str, dict[str, Any]]:
    """The words of the picture itself, and those of other passes over it."""
    match = OTHER_PASSES.search(prompt)
    main = BASE.sub("", prompt if match is None else prompt[: match.start()]).rstrip()
    return main, {} if match is None else {"prompt of other passes": prompt[match.start() :]}
