"""What Draw Things writes: JSON as the EXIF user comment within XMP."""

from __future__ import annotations

import html
import re
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.interop.names import split
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

PROGRAM = "Draw Things"
# Written by one program in one way; whatever else XMP may be is nothing that we know.
COMMENT = re.compile(r"<exif:UserComment\b[^>]*>(.*?)</exif:UserComment>", re.DOTALL)
TAG = re.compile(r"<[^<>]*>")
SIZE = re.compile(r"(\d{1,6})x(\d{1,6})")
MEANINGS: dict[str, Meaning] = {
    "steps": ("steps", whole),
    "scale": ("guidance_scale", number),
    "seed": ("seed", whole),
    "width": ("width", whole),
    "height": ("height", whole),
    "model": ("model", name),
    "clip_skip": ("clip_skip", whole),
}


def parse_xmp(text: str) -> ParsedMetadata | None:
    """What the XMP packet `text` says; None where it is another program's."""
    match = COMMENT.search(text)
    comment = html.unescape(TAG.sub("", match[1])).strip() if match else ""
    try:
        said = json_object(comment) if comment.startswith("{") else {}
    except BadRequest:
        return None
    return parse_json(said, comment) if is_json_of(said) else None


def is_json_of(said: dict[str, Any]) -> bool:
    return isinstance(said.get("c"), str) and ("uc" in said or "v2" in said or "seed_mode" in said)


def parse_json(said: dict[str, Any], text: str) -> ParsedMetadata:
    """What `said`, written `text`, says."""
    said = dict(said)
    prompt, negative = (words(said.pop(key, "")) for key in ("c", "uc"))
    if size := SIZE.fullmatch(str(said.get("size", ""))):
        del said["size"]
        said |= {"width": size[1], "height": size[2]}
    fields, other = to_parsed(said, MEANINGS)
    sampler, schedule = split(words(said.get("sampler")))
    if sampler is not None:
        del other["sampler"]
        fields |= {"sampler": sampler} | ({"schedule": schedule} if schedule else {})
    strength = number(other.get("strength"))
    if strength is not None:
        del other["strength"]
        fields |= {"strength": strength} if strength != 1 else {}  # of words alone it is 1
    loras = [one for one in listed(said.get("lora")) if isinstance(one, dict)]
    entries = [lora_entry(one.get("model"), one.get("weight")) for one in loras]
    if len(entries) == len(listed(said.get("lora"))) and None not in entries:
        other.pop("lora", None)
    return ParsedMetadata(
        program=PROGRAM,
        version="",
        prompt=prompt,
        negative_prompt=negative,
        fields=with_loras(fields, entries),
        other=other,
        text=text,
    )
