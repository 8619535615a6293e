"""A model of the Hugging Face hub as a folder on this machine; what was downloaded once needs no network."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken, ModelNotFound, SdplayError
from sdplay.models.digest import XL_PARTS
from sdplay.models.inspect import weight_files

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
OFFLINE = "to go on offline: --model builtin, or the path of a model on this machine"
WANTED = ["model_index.json", *(f"{part}/*.{suffix}" for part in XL_PARTS for suffix in ("json", "txt"))]
NETWORKS = ("text_encoder", "text_encoder_2", "unet", "vae")
WEIGHTS = [f"{part}/*.safetensors" for part in NETWORKS]
HALVES = [f"{part}/*.fp16*.safetensors" for part in NETWORKS]
UNWANTED = ["*.fp16*.safetensors", "*non_ema*"]

Download = Callable[..., str]


def fetch(name: str, download: Download | None = None) -> Path:
    """The folder of the hub's model `name` ("org/model"), downloaded where it is not there yet.

    HF_HOME, HF_TOKEN, HF_HUB_OFFLINE and HF_ENDPOINT are heeded by `download`, the hub's own client, which also shows
    progress, resumes and verifies. Weights in half precision are taken where there are no others; pickles never are.
    Raises `ModelNotFound` with the way on offline, and `ModelBroken` for a repository without `.safetensors`.
    """
    try:
        get: Download = download if download is not None else _client()
        folder = Path(get(name, allow_patterns=WANTED + WEIGHTS, ignore_patterns=UNWANTED))
        if not weight_files(folder / "unet"):
            folder = Path(get(name, allow_patterns=WANTED + HALVES, ignore_patterns=["*non_ema*"]))
    except SdplayError:
        raise
    except (OSError, ValueError) as error:  # every error of the hub and of its network is one of the two
        raise _refused(name, error) from None
    if not weight_files(folder / "unet"):
        reason = "the hub has no model here that this program can read: no unet/*.safetensors"
        raise ModelBroken(reason, field="model", value=name, hint=f"pickles are not downloaded; {OFFLINE}")
    return folder


def _client() -> Download:
    from huggingface_hub import snapshot_download  # pyright: ignore[reportUnknownVariableType]

    return partial[Any](snapshot_download, library_name="sdplay", etag_timeout=10)


def _refused(name: str, error: Exception) -> ModelNotFound:
    """What an error of the hub means; told by the error's class, whose name is the hub's word for it."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "GatedRepoError" in kinds:
        reason = "the hub gives this model only to those who accepted its licence"
        hint = f"accept it at https://huggingface.co/{name}, then set HF_TOKEN; {OFFLINE}"
    elif "RepositoryNotFoundError" in kinds:
        reason = "no model has this name here, and the hub knows none that is public"
        hint = f"check the spelling; a private model needs HF_TOKEN; {OFFLINE}"
    elif "OfflineModeIsEnabled" in kinds or (os.environ.get("HF_HUB_OFFLINE") and "LocalEntryNotFoundError" in kinds):
        reason, hint = "it was never downloaded, and HF_HUB_OFFLINE forbids to do so now", OFFLINE
    elif kinds & {"LocalEntryNotFoundError", "ConnectionError", "TransportError", "TimeoutError"}:
        reason, hint = "it was never downloaded, and the hub cannot be reached from here", OFFLINE
    else:
        reason, hint = (
            f"it cannot be downloaded: {first}",
            f"try again: it goes on where it stopped; {OFFLINE}",
        )
    return ModelNotFound(reason, field="model", value=name, hint=hint)
