"""Files that a picture of another program names: LoRAs, a ControlNet, a VAE; found here, or reported as missing."""

from __future__ import annotations

import re

from sdplay.core.errors import BadRequest, ModelBroken
from sdplay.interop import ParsedMetadata
from sdplay.library.add_ons import known_add_ons, resolve_add_on
from sdplay.library.library import Library
from sdplay.prompts.lora_tags import MARK, lora_tags

THE_MODELS_OWN = {"none", "automatic", "default (model)"}


def without_missing(prompt: str, library: Library) -> tuple[str, list[tuple[str, str, str]]]:
    """`prompt` without those of its `<lora:…>` that cannot be had, and (notation, name, reason) of each of them.

    Only names are looked for, never a path that stands in a file.
    """
    pieces: list[str] = []
    missing: list[tuple[str, str, str]] = []
    end = 0
    for mark in MARK.finditer(prompt):
        try:
            for lora in lora_tags(mark[0])[1]:
                resolve_add_on("lora", lora.name, library, by_path=False)
        except (BadRequest, ModelBroken) as error:
            pieces.append(prompt[end : mark.start()])
            missing.append((mark[0], mark[2].partition(":")[0], f"is left out: {error.reason}"))
            end = mark.end()
    return "".join([*pieces, prompt[end:]]), missing


def missing_network(name: str | None, library: Library) -> str:
    """Why the ControlNet `name` that a file speaks of cannot be taken, "" where it can, or where there is none."""
    if name is None or name in known_add_ons("controlnet", library):
        return ""
    return "is not in the library of this computer (SDPLAY_MODELS): give one with `controlnet`, or take the model's own"


def vae_of(found: ParsedMetadata, library: Library) -> tuple[str | None, str]:
    """(what to give as the VAE that was named, what is to be said about it); (None, …) where it is not here.

    Only names are looked for, never a path that stands in a file.
    """
    named = found.fields.get("vae")
    if not isinstance(named, str) or named.casefold() in THE_MODELS_OWN:
        return None, ""
    try:
        codec = resolve_add_on("vae", re.split(r"[\\/]", named)[-1], library, by_path=False)
    except (BadRequest, ModelBroken) as error:
        return None, f"cannot be had, and the model's own codec is taken: {error.reason}"
    note, digest = str(found.fields.get("vae_hash", "")), codec.identity.digest
    differs = re.fullmatch(r"[0-9a-f]{10,64}", note) is not None and not digest.startswith(note)
    return codec.identity.name, f"the one here has the sha256 {digest[:10]}, the one in the file {note[:10]}" * differs
