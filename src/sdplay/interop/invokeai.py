"""What InvokeAI writes: `invokeai_metadata` since 3, `sd-metadata` before, and the `Dream` command of its youth."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, cast

from sdplay.interop.names import sampler_of, split
from sdplay.interop.parsed import (
    Meaning,
    ParsedMetadata,
    check_length,
    invalid_metadata,
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

PROGRAM = "InvokeAI"
CHUNKS = ("invokeai_metadata", "sd-metadata", "Dream")
LOADED = ("name", "model_name")  # of a model, since 4 and before


def layer_taken(skipped: object) -> int | None:
    """The clip skip that others write: InvokeAI counts the layers left out, they the one taken, from the end."""
    count = whole(skipped)
    return None if count is None else count + 1


NOISE = {"cpu": "torch", "cuda": "philox"}
MEANINGS: dict[str, Meaning] = {
    "steps": ("steps", whole),
    "scheduler": ("sampler", sampler_of),
    "sampler": ("sampler", sampler_of),
    "cfg_scale": ("guidance_scale", number),
    "cfg_rescale_multiplier": ("guidance_rescale", number),
    "seed": ("seed", whole),
    "width": ("width", whole),
    "height": ("height", whole),
    "strength": ("strength", number),
    "rand_device": ("noise", lambda device: NOISE.get(words(device))),
    "model": ("model", name),
    "model_weights": ("model", name),
    "model_hash": ("model_hash", name),
    "clip_skip": ("clip_skip", layer_taken),
}
# The switches of the dream command that are settings of a picture.
SWITCHES = {
    "s": "steps",
    "S": "seed",
    "W": "width",
    "H": "height",
    "C": "cfg_scale",
    "A": "sampler",
    "f": "strength",
}
# The prompt ends at the first quote that switches, or nothing, follow.
DREAM = re.compile(r'\s*"(.*?)(?<!\\)"(?=\s*$|\s+-)(.*)', re.DOTALL)
SWITCH = re.compile(r"-([A-Za-z])(.*)", re.DOTALL)
UNWANTED = re.compile(r"\[([^\[\]]*)\]")


def parse_invokeai(chunks: Mapping[str, str]) -> ParsedMetadata:
    """What the newest of InvokeAI's text chunks in `chunks` says; raises `BadRequest` for a damaged one or none."""
    if "invokeai_metadata" in chunks:
        return of_metadata(chunks["invokeai_metadata"])
    if "sd-metadata" in chunks:
        return of_sd_metadata(chunks["sd-metadata"])
    return of_dream(chunks.get("Dream", ""))


def of_metadata(text: str) -> ParsedMetadata:
    said = json_object(text)
    prompt, negative = (said.pop(f"{sign}_prompt", "") for sign in ("positive", "negative"))
    version = said.pop("app_version", "")
    fields, other = to_parsed(said, MEANINGS)
    model, scheduler = other.get("model"), other.get("scheduler")
    if isinstance(model, dict) and (called := named(model)):
        fields["model"] = called
    loras = [lora_of(one) for one in listed(said.get("loras"))]
    if "loras" in other and None not in loras:
        del other["loras"]
    fields = with_loras(fields, loras)
    vae = other.get("vae")
    if isinstance(vae, dict) and (called := named(vae)):
        fields["vae"] = called
    sampler, schedule = split(words(scheduler))  # "euler_k" is Euler on Karras's schedule
    if sampler is not None:
        del other["scheduler"]
        fields |= {"sampler": sampler, "schedule": schedule}
    return found(version, (words(prompt), words(negative)), fields, other, text)


def named(model: Mapping[str, Any]) -> str | None:
    """The name of a model, since version 4 and before."""
    return next((model[key] for key in LOADED if name(model.get(key))), None)


def lora_of(entry: object) -> str | None:
    """The LoRA of an entry {"model" or "lora": its name, "weight": …}."""
    said = cast(dict[str, Any], entry) if isinstance(entry, dict) else {}
    model = said.get("model", said.get("lora"))
    called = named(cast(dict[str, Any], model)) if isinstance(model, dict) else model
    return lora_entry(called, said.get("weight"))


def is_metadata(said: Mapping[str, Any]) -> bool:
    """Whether a JSON object is what one of the chunks holds."""
    return "generation_mode" in said or ("app_version" in said and bool({"positive_prompt", "image"} & said.keys()))


def of_sd_metadata(text: str) -> ParsedMetadata:
    said = json_object(text)
    image = said.pop("image", {})
    if not isinstance(image, dict):
        raise invalid_metadata("says nothing of its image", text)
    version = said.pop("app_version", "")
    # `model` is the kind ("stable diffusion"), `model_weights` the name.
    fields, other = to_parsed({**said, **image}, {key: value for key, value in MEANINGS.items() if key != "model"})
    return found(version, prompts(joined(other.pop("prompt", ""))), fields, other, text)


def of_dream(text: str) -> ParsedMetadata:
    match = DREAM.fullmatch(check_length(text))
    if match is None:
        raise invalid_metadata('is no dream command: "prompt" and switches', text)
    said = {SWITCHES.get(letter, f"-{letter}"): value for letter, value in switches(match[2]).items()}
    fields, other = to_parsed(said, MEANINGS)
    return found("", prompts(match[1].replace('\\"', '"')), fields, other, text)


def found(
    version: object, said: tuple[str, str], fields: dict[str, Any], other: dict[str, Any], text: str
) -> ParsedMetadata:
    return ParsedMetadata(
        program=PROGRAM,
        version=str(version),
        prompt=said[0],
        negative_prompt=said[1],
        fields=fields,
        other=other,
        text=text,
    )


def joined(prompt: object) -> str:
    """The one text of a prompt that may be a list of weighted ones."""
    listed = prompt if isinstance(prompt, list) else [prompt]
    texts = (part.get("prompt") if isinstance(part, dict) else part for part in listed)
    return " ".join(text for text in texts if isinstance(text, str))


def prompts(text: str) -> tuple[str, str]:
    """Prompt and negative prompt of a text that has what is unwanted in square brackets."""
    unwanted = [part.strip() for part in UNWANTED.findall(text)]
    wanted = (part.strip() for part in UNWANTED.sub("[]", text).split("[]"))
    return " ".join(part for part in wanted if part) if unwanted else text, ", ".join(unwanted)


def switches(line: str) -> dict[str, str]:
    """The values of a command line's one-letter switches, "-s50" and "-s 50" alike; "" for a switch alone."""
    try:
        words = shlex.split(line)
    except ValueError:  # a quote that is not closed
        words = line.split()
    values: dict[str, str] = {}
    letter = ""
    for word in words:
        if match := SWITCH.fullmatch(word):
            letter, values[letter] = match[1], match[2]
        elif letter and not values[letter]:
            values[letter] = word
    return values
