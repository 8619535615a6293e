"""What NovelAI writes: the prompt as `Description`, the settings as JSON in `Comment`."""

from __future__ import annotations

from collections.abc import Mapping

from sdplay.interop.names import sampler_of, schedule_of
from sdplay.interop.parsed import Meaning, ParsedMetadata, json_object, name, number, to_parsed, whole, words

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


def parse_novelai(chunks: Mapping[str, str]) -> ParsedMetadata:
    """What the text chunks of a NovelAI picture say; raises `BadRequest` for damaged JSON."""
    text = chunks.get("Comment", "")
    said = json_object(text)
    prompt, negative = said.pop("prompt", None), said.pop("uc", None)
    fields, other = to_parsed(said, MEANINGS)
    if source := name(chunks.get("Source")):
        fields["model"] = source
    return ParsedMetadata(
        program=PROGRAM,
        version="",
        prompt=words(prompt) or chunks.get("Description", ""),
        negative_prompt=words(negative),
        fields=fields,
        other=other,
        text=text,
    )
