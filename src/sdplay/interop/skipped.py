"""Why something that a picture of another program says has no part in a request of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdplay.core.errors import shorten
from sdplay.interop.parsed import ParsedMetadata
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img

NOTE = "a note, not a setting"
# By the name its program gives it; the first that fits.
WHY_NOT = (
    (re.compile(r"^sampler(_name)?$", re.I), "there is no such sampler here, and the model's own is taken"),
    (re.compile(r"^scheduler$"), "there is no such sampler or schedule here, and the model's own is taken"),
    (re.compile(r"^schedule|^noise_schedule$", re.I), "there is no such schedule here, and the model's own is taken"),
    (re.compile(r"^rng$", re.I), "there is no such source of noise here"),
    (re.compile(r"^civitai resources$", re.I), "names of a web site, not of files: give LoRAs with `lora`"),
    (re.compile(r"^ti hashes|embedding", re.I), "a note: words of the prompt, used if files of these names are here"),
    (re.compile(r"^(lora|lyco).*hash", re.I), "a note on the LoRAs, which are looked for by name"),
    (re.compile(r"lora|lyco", re.I), "does not say how much of which file"),
    (re.compile(r"^hires upscaler$", re.I), "there is no such upscaler here, and lanczos is taken"),
    (re.compile(r"^hires (resize|fixed)", re.I), "a second pass is so many times as large: give `hires_scale`"),
    (re.compile(r"^hires|^hr_|^denoising strength$", re.I), "the second pass is drawn as the first, but larger"),
    (re.compile(r"control(?!percent)", re.I), "there is one ControlNet here, for edges or for a map that is given"),
    (re.compile(r"^vae", re.I), "the model's own VAE is taken"),
    (re.compile(r"template$|^wildcard prompt$", re.I), "a note: the prompt is what was drawn from it"),
    (re.compile(r"^(text_[gl]|clip_[gl]|t5xxl)$"), "the text for another text encoder: every encoder reads the prompt"),
    (re.compile(r"^nodes$", re.I), "nodes of the graph that were not followed"),
    (
        re.compile(
            r"hash|\bapp|version|date|software|author|title|pipeline|operations|parser|original|request_type"
            r"|job id|generation[ _]|prep_time|performance|metadata_scheme|full_.*prompt|raw prompt|civitai metadata"
            r"|^sui_|^images$|n_samples|aspectratio|^v2$|seed_mode|canvas_v2",
            re.I,
        ),
        NOTE,
    ),
)
OFF = "a note: it was off"
UNUSED = (None, False, "", "None", "False", "[]", "{}")
NO_MEANING = "has no meaning here"
OF_A_PICTURE = "belongs to a picture it was drawn from, which is not in the file: give `image`"
OF_A_CONTROL = "belongs to a control image, which is not in the file: give `control_image`"
OF_A_MASK = "belongs to a mask, which is not in the file: give `image` and `mask`"
OF_WORDS = "belongs to a picture drawn from words alone"
UNKNOWN_MARK = re.compile(r"<(?!(?:lora|lyco|hypernet):)\w+(?:\[[^\]<>]*\])?:[^<>]+>")
BLENDED = re.compile(r"\)\.(?:blend|swap|and)\(")  # of Compel
# Values of ComfyUI's nodes that are no setting of the picture, or the usual one.
TRIVIAL = {"filename_prefix", "batch_size", "preview_method", "image_output", "save_prefix", "weight_dtype", "link_id"}
TRIVIAL |= {"token_normalization", "weight_interpretation", "vae_decode", "log_prompt", "resolution", "config_name"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What was left out: its name in the file or here, what it is there, and why it has no part in the request."""

    name: str
    value: object
    reason: str

    @property
    def is_note(self) -> bool:
        """Whether nothing of the picture is lost with it."""
        return self.reason.startswith("a note")

    def __str__(self) -> str:
        return f"{self.name} = {shorten(self.value)}: {self.reason}"


def skipped_rest(rest: Mapping[str, Any]) -> Iterator[Skipped]:
    """All that a program says and we have no field for, each with the reason."""
    for name, value in rest.items():
        reason = next((reason for pattern, reason in WHY_NOT if pattern.search(name)), NO_MEANING)
        if value in UNUSED or value == [] or value == {}:
            reason = OFF
        if name == "nodes" and isinstance(value, dict) and not any(map(telling, value.values())):
            reason = NOTE
        yield Skipped(name=name, value=value, reason=reason)


def telling(values: Mapping[str, Any]) -> bool:
    """Whether one of a node's `values` may be a setting of the picture."""
    return any(key not in TRIVIAL and (key, value) != ("denoise", 1) for key, value in values.items())


def skipped_words(found: ParsedMetadata) -> Iterator[Skipped]:
    """The prompts' parts that their program takes as instructions; here they are words like all others."""
    if found.fields and not found.prompt.strip():
        yield Skipped(name="prompt", value="", reason="no words were found in the file: give `prompt`")
    for name, text in (("prompt", found.prompt), ("negative prompt", found.negative_prompt)):
        for pattern, programs in ((UNKNOWN_MARK, None), (BLENDED, "InvokeAI")):
            if programs in (None, found.program) and (match := pattern.search(text)):
                yield Skipped(name=name, value=match[0], reason="is read as plain words: it is not a notation of ours")


def why_elsewhere(name: str) -> str:
    """Why a field that this kind of request does not have is left out."""
    if name in Img2Img.model_fields:
        return OF_A_PICTURE
    if name in Txt2Img.model_fields:
        return OF_WORDS
    return OF_A_MASK if name in Inpaint.model_fields else NO_MEANING
