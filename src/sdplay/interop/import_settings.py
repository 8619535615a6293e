"""From what a picture of another program says to a request of ours, and word of all that could not be taken over."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, ModelBroken
from sdplay.interop import ParsedMetadata
from sdplay.interop.missing import EMBEDDINGS, embeddings_of, loras_of, missing_network, vae_of, without_missing
from sdplay.interop.prompt_notation import as_a1111
from sdplay.interop.skipped import OF_A_CONTROL, Skipped, skipped_rest, skipped_words, why_elsewhere
from sdplay.library.card import model_aliases, shipped_cards
from sdplay.library.library import Library, library_from_env
from sdplay.library.resolve import resolve
from sdplay.requests.base import Request, make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.request import AnyStill, kind_of
from sdplay.requests.stills import Controlled
from sdplay.requests.txt2img import Txt2Img

NAMED = ("model", "model_hash", "vae", "vae_hash", "lora")  # files, which are looked for
SHA256 = re.compile(r"[0-9a-f]{10,64}")
OF_CONTROL = Controlled.model_fields.keys() - Request.model_fields.keys()
# What a request must have while one other field is looked at.
LEAST = {"prompt": "-", "image": "-", "mask": "-", "control_image": "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedSettings:
    """A request made of what a file says, and what of the file is not in it."""

    request: AnyStill
    left: tuple[Skipped, ...]


def import_settings(
    found: ParsedMetadata, changes: Mapping[str, Any], library: Library | None = None
) -> ImportedSettings:
    """The request that `found` amounts to, `changes` made to it; with an `image` among them img2img, and so on.

    Its model is the one that was named, if it is in the `library` (those of the environment when left out), else the
    usual one. Raises `BadRequest` where what is left makes no request, above all one without a prompt.
    """
    kind = kind_of(changes)
    library = library if library is not None else library_from_env(os.environ)
    fields, left = supported_fields(found, kind, steered="control_image" in changes)
    if changes.get("prompt_syntax") == "plain":
        fields |= {"prompt": found.prompt, "negative_prompt": found.negative_prompt}
    elif "prompt" not in changes:
        fields["prompt"], missing = without_missing(fields["prompt"], library)
        left += [Skipped(name=f"{mark} in the prompt", value=name, reason=reason) for mark, name, reason in missing]
    if "lora" not in changes:
        fields["lora"], missing = loras_of(found, library)
        left += [Skipped(name="lora", value=entry, reason=reason) for entry, reason in missing]
    left = [one for one in left if one.name not in EMBEDDINGS]
    left += [
        Skipped(name="textual inversion", value=word, reason=doubt) for word, doubt in embeddings_of(found, library)
    ]
    if "controlnet" not in changes and (reason := missing_network(fields.get("controlnet"), library)):
        left += [Skipped(name="controlnet", value=fields.pop("controlnet"), reason=reason)]
    if "model" not in changes:
        path, doubt = model_of(found, library)
        fields |= {"model": path} if path is not None else {}
        left += [Skipped(name="model", value=found.fields.get("model"), reason=doubt)] if doubt else []
    if "vae" not in changes:
        vae, doubt = vae_of(found, library)
        fields |= {"vae": vae} if vae is not None else {}
        left += [Skipped(name="VAE", value=found.fields.get("vae"), reason=doubt)] if doubt else []
    given = {name: value for name, value in fields.items() if value != ()}
    request = make_request(kind, **{**given, **changes})
    return ImportedSettings(request=request, left=tuple(one for one in left if one.name.casefold() not in changes))


def mode_of(found: ParsedMetadata) -> type[AnyStill]:
    """The kind of request that the picture was made with, as far as its fields tell."""
    if found.fields.keys() & (Inpaint.model_fields.keys() - Img2Img.model_fields.keys()):
        return Inpaint
    return Img2Img if "strength" in found.fields else Txt2Img


def supported_fields(
    found: ParsedMetadata, kind: type[AnyStill], *, steered: bool = False
) -> tuple[dict[str, Any], list[Skipped]]:
    """(the fields of a request of `kind` that the file says, the rest); model and VAE are in neither.

    `steered` says that there is a control image; what is said of one has a meaning only then.
    """
    prompts = (as_a1111(text, found.program) for text in (found.prompt, found.negative_prompt))
    fields: dict[str, Any] = dict(zip(("prompt", "negative_prompt"), prompts, strict=True))
    left = list(skipped_words(found))
    for name, value in found.fields.items():
        if value is None or name in NAMED:
            continue
        reason = OF_A_CONTROL if name in OF_CONTROL and not steered else why_invalid(kind, name, value)
        if reason:
            left.append(Skipped(name=name.replace("_", " "), value=value, reason=reason))
        else:
            fields[name] = value
    rest = {name: value for name, value in found.other.items() if name not in found.fields}
    return fields, [*left, *skipped_rest(rest)]


def why_invalid(kind: type[AnyStill], name: str, value: object) -> str:
    """Why `name` cannot be asked for with this value; "" where it can."""
    if name not in kind.model_fields:
        return why_elsewhere(name)
    least = {field: path for field, path in LEAST.items() if field in kind.model_fields}
    try:
        make_request(kind, **{**least, name: value})
    except BadRequest as error:
        return error.reason
    return ""


def model_of(found: ParsedMetadata, library: Library) -> tuple[str | None, str]:
    """(what to give as the model that was named, what is to be said about it); (None, …) where it is not here.

    Only names are looked for, never a path that stands in a file, and nothing is downloaded.
    """
    named = found.fields.get("model")
    if not isinstance(named, str):
        return None, ""
    try:
        here = find_model(re.split(r"[\\/]", named)[-1], library)
        if here is None:
            return None, "is not in the library of this computer (SDPLAY_MODELS), and the usual model is taken"
        model = resolve(here, library)
    except (BadRequest, ModelBroken) as error:
        return None, f"cannot be used, and the usual model is taken: {error.reason}"
    note = str(found.fields.get("model_hash", ""))
    own_note = found.program == "sdplay" or model.path.is_file()  # a folder's digest is known to this program alone
    differs = own_note and SHA256.fullmatch(note) and not model.identity.digest.startswith(note)
    doubt = f"the one here has the sha256 {model.identity.digest[:10]}, the one in the file {note[:10]}"
    return here, doubt if differs else ""


def find_model(name: str, library: Library) -> str | None:
    """What `resolve` finds a model of this name by, with or without its suffix, on this computer; None for none."""
    shipped, added = shipped_cards(), model_aliases(library.home)
    for called in dict.fromkeys((name, name.rpartition(".")[0] or name)):
        card = shipped.get(called)
        if (card is not None and card.folder is not None) or Path(added.get(called, "")).is_absolute():
            return called
        path = library.find(called)
        if path is not None:
            return str(path)
    return None
