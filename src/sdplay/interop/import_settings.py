"""From what a picture of another program says to a request of ours, and word of all that could not be taken over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, ModelBroken, shorten
from sdplay.interop import ParsedMetadata
from sdplay.interop.missing import missing_network, vae_of, without_missing
from sdplay.library.aliases import model_aliases
from sdplay.library.card import shipped_cards
from sdplay.library.library import Library, library_from_env
from sdplay.library.resolve import resolve
from sdplay.requests.base import Request, make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.request import AnyStill, kind_of
from sdplay.requests.stills import Controlled
from sdplay.requests.txt2img import Txt2Img

# Why something has no part in a request, by the name its program gives it; the first that fits.
WHY_NOT = (
    (re.compile(r"^sampler(_name)?$", re.I), "there is no such sampler here, and the model's own is taken"),
    (re.compile(r"^schedule|^noise_schedule$", re.I), "there is no such schedule here, and the model's own is taken"),
    (re.compile(r"^rng$", re.I), "there is no such source of noise here"),
    (re.compile(r"lora|lyco", re.I), "a note: the prompt itself names them"),
    (re.compile(r"^ti hashes|embedding", re.I), "textual inversions are not used"),
    (re.compile(r"^hires upscaler$", re.I), "there is no such upscaler here, and lanczos is taken"),
    (re.compile(r"^hires resize", re.I), "a second pass is so many times as large: give `hires_scale`"),
    (re.compile(r"^hires|^hr_|^denoising strength$", re.I), "the second pass is drawn as the first, but larger"),
    (re.compile(r"control", re.I), "there is one ControlNet here, for edges or for a map that is given"),
    (re.compile(r"^vae", re.I), "the model's own codec is taken"),
    (re.compile(r"hash|app|version|date|software", re.I), "a note, not a setting"),
    (re.compile(r"^nodes$", re.I), "nodes of the graph that were not followed"),
)
NAMED = ("model", "model_hash", "vae", "vae_hash")  # files, which are looked for
NO_MEANING = "has no meaning here"
OF_A_PICTURE = "belongs to a picture it was drawn from, which is not in the file: give `image`"
OF_A_CONTROL = "belongs to a control image, which is not in the file: give `control_image`"
OF_A_MASK = "belongs to a mask, which is not in the file: give `image` and `mask`"
OF_WORDS = "belongs to a picture drawn from words alone"
SYNTAX = re.compile(r"<(?!lora:|lyco:)\w+:[^<>]+>|[(\[][^()\[\]]*:[\d.]+[)\]]|\b(?:BREAK|AND)\b|[(\[]{2}")
SHA256 = re.compile(r"[0-9a-f]{10,64}")
OF_CONTROL = Controlled.model_fields.keys() - Request.model_fields.keys()
# What a request must have while one other field is looked at.
LEAST = {"prompt": "-", "image": "-", "mask": "-", "control_image": "-"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What was left out: its name in the file or here, what it is there, and why it has no part in the request."""

    name: str
    value: object
    reason: str

    def __str__(self) -> str:
        return f"{self.name} = {shorten(self.value)}: {self.reason}"


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
    if "prompt" not in changes:
        fields["prompt"], missing = without_missing(fields["prompt"], library)
        left += [Skipped(name=f"{mark} in the prompt", value=name, reason=reason) for mark, name, reason in missing]
    if "controlnet" not in changes and (reason := missing_network(fields.get("controlnet"), library)):
        left += [Skipped(name="controlnet", value=fields.pop("controlnet"), reason=reason)]
    if "model" not in changes:
        path, doubt = model_of(found, library)
        fields |= {"model": path} if path is not None else {}
        left += [Skipped(name="model", value=found.fields.get("model"), reason=doubt)] if doubt else []
    if "vae" not in changes:
        codec, doubt = vae_of(found, library)
        fields |= {"vae": codec} if codec is not None else {}
        left += [Skipped(name="VAE", value=found.fields.get("vae"), reason=doubt)] if doubt else []
    request = make_request(kind, **{**fields, **changes})
    return ImportedSettings(request=request, left=tuple(one for one in left if one.name.casefold() not in changes))


def mode_of(found: ParsedMetadata) -> type[AnyStill]:
    """The kind of request that the picture was made with, as far as its fields tell."""
    if found.fields.keys() & (Inpaint.model_fields.keys() - Img2Img.model_fields.keys()):
        return Inpaint
    return Img2Img if "strength" in found.fields else Txt2Img


def supported_fields(
    found: ParsedMetadata, kind: type[AnyStill], *, steered: bool = False
) -> tuple[dict[str, Any], list[Skipped]]:
    """(the fields of a request of `kind` that the file says, the rest); model and codec are in neither.

    `steered` says that there is a control image; what is said of one has a meaning only then.
    """
    fields: dict[str, Any] = {"prompt": found.prompt, "negative_prompt": found.negative_prompt}
    left = list(ignored_prompt_syntax(found))
    for name, value in found.fields.items():
        if value is None or name in NAMED:
            continue
        reason = OF_A_CONTROL if name in OF_CONTROL and not steered else why_invalid(kind, name, value)
        if reason:
            left.append(Skipped(name=name.replace("_", " "), value=value, reason=reason))
        else:
            fields[name] = value
    rest = {name: value for name, value in found.other.items() if name not in found.fields}
    return fields, [
        *left,
        *(Skipped(name=name, value=value, reason=why_unsupported(name)) for name, value in rest.items()),
    ]


def why_invalid(kind: type[AnyStill], name: str, value: object) -> str:
    """Why `name` cannot be asked for with this value; "" where it can."""
    if name not in kind.model_fields:
        if name in Img2Img.model_fields:
            return OF_A_PICTURE
        if name in Txt2Img.model_fields:
            return OF_WORDS
        return OF_A_MASK if name in Inpaint.model_fields else NO_MEANING
    least = {field: path for field, path in LEAST.items() if field in kind.model_fields}
    try:
        make_request(kind, **{**least, name: value})
    except BadRequest as error:
        return error.reason
    return ""


def why_unsupported(name: str) -> str:
    return next((reason for pattern, reason in WHY_NOT if pattern.search(name)), NO_MEANING)


def ignored_prompt_syntax(found: ParsedMetadata) -> Iterator[Skipped]:
    """The prompt's parts that other programs take as instructions; here they are words like all others."""
    for name, text in (("prompt", found.prompt), ("negative prompt", found.negative_prompt)):
        if match := SYNTAX.search(text):
            yield Skipped(name=name, value=match[0], reason="is read as plain words: its weights have no meaning here")


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
