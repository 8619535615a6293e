"""Files that a picture of another program names: LoRAs, a ControlNet, a VAE; found here, or reported as missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from sdplay.core.errors import BadRequest, ModelBroken, SdplayError, UnknownName
from sdplay.core.identity import without_weights
from sdplay.interop import ParsedMetadata
from sdplay.library.add_ons import known_add_ons, resolve_add_on
from sdplay.library.library import Library
from sdplay.prompts.lora_tags import MARK, lora_tags

THE_MODELS_OWN = {"none", "automatic", "default (model)", "baked vae"}
EMBEDDINGS = ("TI hashes", "Embeddings", "Used embeddings")  # where A1111 and SD.Next name textual inversions
LORA_HASHES = ("Lora hashes", "Hashes")
SHORT_HASH = re.compile(r"[0-9a-f]{10,64}")


def why_left_out(error: SdplayError) -> str:
    """Why a LoRA is not in the request."""
    return f"is left out: {'it is not here (SDPLAY_MODELS)' if isinstance(error, UnknownName) else error.reason}"


def loras_of(found: ParsedMetadata, library: Library) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """(the LoRAs that stand beside the prompt, as entries of the field `lora`; those that cannot be had, and why).

    Only names are looked for, never a path that stands in a file.
    """
    in_prompt = {mark[2].partition(":")[0].strip() for mark in MARK.finditer(found.prompt)}
    entries: list[str] = []
    missing: list[tuple[str, str]] = []
    named = set(in_prompt)
    for entry in found.fields.get("lora", ()):
        name = without_weights("lora", entry)
        if name in in_prompt:
            continue
        named.add(name)
        try:
            lora = resolve_add_on("lora", name, library, by_path=False)
            entries.append(lora.identity.name + entry[len(name) :])
        except (BadRequest, ModelBroken) as error:
            missing.append((entry, why_left_out(error)))
    missing += [(name, "is left out: how much of it there was is not said") for name in sorted(hashed(found) - named)]
    return tuple(entries), missing


def hashed(found: ParsedMetadata) -> set[str]:
    """The names of LoRAs of which the file gives a hash."""
    lists = [found.other.get(key) for key in LORA_HASHES]
    names = {str(name) for one in lists if isinstance(one, dict) for name in cast(dict[object, Any], one)}
    plain = {str(name) for name in cast(dict[object, Any], lists[0])} if isinstance(lists[0], dict) else set[str]()
    return plain | {name[5:] for name in names if name[:5].casefold() == "lora:"}


def embeddings_of(found: ParsedMetadata, library: Library) -> Iterator[tuple[str, str]]:
    """(name, what is to be said about it) of each textual inversion that was used and is not here, or another one."""
    for name, note in named_embeddings(found).items():
        try:
            digest = resolve_add_on("embedding", name, library, by_path=False).identity.digest
        except UnknownName:
            yield name, "is read as a plain word: it is not here (SDPLAY_MODELS)"
        except (BadRequest, ModelBroken) as error:
            yield name, f"cannot be used: {error.reason}"
        else:
            if SHORT_HASH.fullmatch(note) and not digest.startswith(note):
                yield name, f"the one here has the sha256 {digest[:10]}, the one in the file {note[:10]}"


def named_embeddings(found: ParsedMetadata) -> dict[str, str]:
    """The names of textual inversions in the file, and their hashes, "" where there is none."""
    names: dict[str, str] = {}
    for key in EMBEDDINGS:
        said = found.other.get(key)
        if isinstance(said, dict):
            names |= {str(name): str(note) for name, note in cast(dict[object, object], said).items()}
        elif isinstance(said, str):
            names |= {name.partition(" [")[0].strip(): "" for name in said.split(",") if name.strip()}
    return names


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
            missing.append((mark[0], mark[2].partition(":")[0], why_left_out(error)))
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
        vae = resolve_add_on("vae", re.split(r"[\\/]", named)[-1], library, by_path=False)
    except (BadRequest, ModelBroken) as error:
        return None, f"cannot be had, and the model's own VAE is taken: {error.reason}"
    note, digest = str(found.fields.get("vae_hash", "")), vae.identity.digest
    differs = re.fullmatch(r"[0-9a-f]{10,64}", note) is not None and not digest.startswith(note)
    return vae.identity.name, f"the one here has the sha256 {digest[:10]}, the one in the file {note[:10]}" * differs
