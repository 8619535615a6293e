"""The codec (VAE) that a picture of another program names, looked for in the library."""

from __future__ import annotations

import re

from sdplay.core.errors import BadRequest, ModelBroken
from sdplay.interop import Found
from sdplay.library.add_ons import resolve_add_on
from sdplay.library.library import Library

THE_MODELS_OWN = {"none", "automatic", "default (model)"}


def vae_of(found: Found, library: Library) -> tuple[str | None, str]:
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
