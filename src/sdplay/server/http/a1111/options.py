"""A1111's settings: those that have a meaning here, for one request or until they are changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.core.fields import MOST_CLIP_SKIP
from sdplay.files.atomic import replace_file, store_error
from sdplay.files.regular import read_regular_text
from sdplay.interop.a1111 import NOISE
from sdplay.server.http.a1111.errors import missing
from sdplay.server.http.a1111.names import AUTOMATIC, checkpoint_of, find_checkpoint, find_vae
from sdplay.server.service import Service

MODEL, VAE, CLIP_SKIP, FORMAT, NOISE_SOURCE = (
    *("sd_model_checkpoint", "sd_vae", "CLIP_stop_at_last_layers", "samples_format", "randn_source"),
)
USUAL_MODEL = "builtin"
FORMATS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp", "avif": "avif"}
# Settings that would reach pixels and that nothing here does: the value that each may have.
NEUTRAL: dict[str, Any] = {
    "eta_noise_seed_delta": 0,
    "eta_ancestral": 1.0,
    "eta_ddim": 0.0,
    "s_churn": 0.0,
    "s_noise": 1.0,
    "s_min_uncond": 0.0,
    "always_discard_next_to_last_sigma": False,
    "token_merging_ratio": 0.0,
    "token_merging_ratio_img2img": 0.0,
    "token_merging_ratio_hr": 0.0,
    "img2img_color_correction": False,
    "img2img_extra_noise": 0.0,
    "initial_noise_multiplier": 1.0,
    "inpainting_mask_weight": 1.0,
    "sd_hypernetwork": "None",
    "sd_lora": "None",
    "tiling": False,
    "face_restoration": False,
}


@dataclass(slots=True)
class Settings:
    """What clients have set until they set something else; kept in `file`."""

    file: Path
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def read(cls, file: Path) -> Settings:
        """Those of `file`; none where it is missing or damaged."""
        with suppress(OSError, ValueError, RecursionError):
            said = json.loads(read_regular_text(file))
            if isinstance(said, dict):
                return cls(file, {str(name): value for name, value in said.items()})  # type: ignore[reportUnknown]
        return cls(file)

    def update(self, service: Service, changes: Mapping[str, Any]) -> list[str]:
        """Keep `changes`; the names of those that have no meaning here. Raises `BadRequest` and its kinds."""
        _, strange = meaning(service, changes)
        known = {MODEL, VAE, CLIP_SKIP, FORMAT, NOISE_SOURCE}
        with self._lock:
            values = self.values | {name: value for name, value in changes.items() if name in known}
            try:
                replace_file(self.file, json.dumps(values).encode())
            except OSError as error:
                raise store_error(error, self.file.parent) from error
            self.values = values
        return strange


def meaning(service: Service, settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of a job that `settings` say, and the names of those that have no meaning here.

    Raises `UnknownName` for a model or VAE that there is not, and `BadRequest` for what reaches pixels and cannot be
    done.
    """
    fields: dict[str, Any] = {}
    strange: list[str] = []
    for name, value in settings.items():
        if value is None:
            continue
        if name == MODEL:
            fields |= {"model": find_checkpoint(service, text(name, value)).name} if text(name, value) else {}
        elif name == VAE:
            vae = find_vae(service, text(name, value))
            fields |= {"vae": vae} if vae is not None else {}
        elif name == CLIP_SKIP:
            fields["clip_skip"] = clip_skip(value)
        elif name == FORMAT:
            fields["format"] = chosen(name, value, FORMATS)
        elif name == NOISE_SOURCE:
            fields["noise"] = chosen(name, value, NOISE)
        elif name in NEUTRAL:
            if value != NEUTRAL[name]:
                raise missing(name, value, "this cannot be done here", f"`{name}={NEUTRAL[name]}`, or leave it out")
        else:
            strange.append(name)
    return fields, strange


def text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadRequest("is not a text", field=name, value=value)
    return value


def clip_skip(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise BadRequest("is not a whole number", field=CLIP_SKIP, value=value)
    if not 0 <= value <= MOST_CLIP_SKIP:
        raise BadRequest(f"is not from 1 to {MOST_CLIP_SKIP}", field=CLIP_SKIP, value=value, hint="1 is the last layer")
    return max(1, int(value))  # 0 says the same there: no layer is left out


def chosen(name: str, value: object, known: Mapping[str, str]) -> str:
    wanted = text(name, value).casefold()
    if wanted not in known:
        raise BadRequest("is none of those that there are", field=name, value=value, hint=", ".join(known))
    return known[wanted]


def all_settings(service: Service, settings: Settings) -> dict[str, Any]:
    """What `/options` says: no folder of this computer, and nothing that a client could not send back."""
    values = settings.values
    try:
        model = find_checkpoint(service, str(values.get(MODEL) or USUAL_MODEL))
    except BadRequest:  # it was taken away since
        model = checkpoint_of(service, USUAL_MODEL, None)
    return {
        MODEL: model.title,
        "sd_checkpoint_hash": model.digest or "",
        VAE: values.get(VAE, AUTOMATIC),
        CLIP_SKIP: values.get(CLIP_SKIP, 1),
        FORMAT: values.get(FORMAT, "png"),
        NOISE_SOURCE: values.get(NOISE_SOURCE, "NV"),
        "samples_save": True,
        "enable_pnginfo": True,
        "outdir_samples": "",
        "outdir_txt2img_samples": "pictures",
        "outdir_img2img_samples": "pictures",
        "outdir_extras_samples": "pictures",
        "outdir_grids": "",
        "show_progress_type": "Approx NN",
        **NEUTRAL,
    }
