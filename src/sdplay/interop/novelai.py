"""What NovelAI writes: the prompt as `Description`, the settings as JSON in `Comment`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sdplay.interop.names import sampler_of, schedule_of
from sdplay.interop.parsed import Meaning, ParsedMetadata, json_object, listed, name, number, to_parsed, whole, words

PROGRAM = "NovelAI"
MEANINGS: dict[str, Meaning] = {
    "steps": ("steps", whole),
    "sampler": ("sampler", sampler_of),
    "noise_schedule": ("schedule", schedule_of),
    "scale": ("guidance_scale", number),
    "cfg_rescale": ("guidance_rescale", number),
    "seed": ("seed", whole),
    "width": ("width", whole),
    "height": ("height", whole),
    "strength": ("strength", number),
}


def is_novelai(said: Mapping[str, Any]) -> bool:
    """Whether a JSON object is NovelAI's `Comment`."""
    return "uc" in said and "scale" in said


def parse_novelai(chunks: Mapping[str, str]) -> ParsedMetadata:
    """What the text chunks of a NovelAI picture say, the captions of characters behind the prompt.

    Raises `BadRequest` for damaged JSON.
    """
    text = chunks.get("Comment", "")
    said = json_object(text)
    prompt, negative = words(said.pop("prompt", None)), words(said.pop("uc", None))
    captions = [said.get("v4_prompt"), said.get("v4_negative_prompt")]
    base, unwanted = (
        with_characters(caption, plain)
        for caption, plain in zip(captions, (prompt or chunks.get("Description", ""), negative), strict=True)
    )
    if not any(map(placed, captions)):
        said = {key: value for key, value in said.items() if key not in ("v4_prompt", "v4_negative_prompt")}
    fields, other = to_parsed(said, MEANINGS)
    if source := name(chunks.get("Source")):
        fields["model"] = source
    return ParsedMetadata(
        program=PROGRAM,
        version="",
        prompt=base,
        negative_prompt=unwanted,
        fields=fields,
        other=other,
        text=text,
    )


def with_characters(caption: object, plain: str) -> str:
    """The prompt `plain` and what `caption`, since version 4, says of each character."""
    said = caption.get("caption") if isinstance(caption, dict) else None
    characters = listed(said.get("char_captions")) if isinstance(said, dict) else []
    base = words(said.get("base_caption")) if isinstance(said, dict) else ""
    told = [words(one.get("char_caption")) for one in characters if isinstance(one, dict)]
    return ", ".join(text for text in (plain or base, *told) if text)


def placed(caption: object) -> bool:
    """Whether `caption` says where in the picture the characters are, which has no meaning here."""
    return isinstance(caption, dict) and bool(caption.get("use_coords"))
