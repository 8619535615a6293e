"""A model of the Hugging Face hub as a folder on this machine; once downloaded it needs no network."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken, ModelNotFound, SdplayError
from sdplay.families import COMPONENTS
from sdplay.files.model_files import weight_files
from sdplay.library.digest import file_digest

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@\w[\w./-]{0,199})?")
SHA256 = re.compile(r"[0-9a-f]{64}")
HUB_ERRORS = ("huggingface_hub", "httpx", "httpcore", "requests", "hf_xet")  # where errors of a download come from
TOKENS = "https://huggingface.co/settings/tokens"
OFFLINE = "to go on offline: `model=builtin`, or the path of a model on this machine"
WANTED = [
    "README.md",
    "model_index.json",
    *(f"{part}/*.{suffix}" for part in COMPONENTS for suffix in ("json", "txt")),
]
NETWORKS = ("text_encoder", "text_encoder_2", "unet", "vae")
WEIGHTS = [f"{part}/*.safetensors" for part in NETWORKS]
HALVES = [f"{part}/*.fp16*.safetensors" for part in NETWORKS]
UNWANTED = ["*.fp16*.safetensors", "*non_ema*"]

Download = Callable[..., str]


def fetch(name: str, download: Download | None = None, *, token: str | None = None, memory: Path | None = None) -> Path:
    """The folder of the hub's model `name` ("org/model", or "org/model@revision"), downloaded unless it is there.

    HF_HOME, HF_TOKEN, HF_HUB_OFFLINE and HF_ENDPOINT are read by `download`, the hub's own client, which also shows
    progress and resumes. Its files are compared with the sha256 that the hub gives; digests are remembered in `memory`.
    Weights in half precision are taken if there are no others; pickles never are. `token` goes before HF_TOKEN. Raises
    `ModelNotFound` with what works offline, and `ModelBroken` for a repository without `.safetensors` and for a damaged
    download.
    """
    repository, _, revision = name.partition("@")
    try:
        get: Download = partial(download if download is not None else _client(), revision=revision or None, token=token)
        folder = Path(get(repository, allow_patterns=WANTED + WEIGHTS, ignore_patterns=UNWANTED))
        if not weight_files(folder / "unet"):
            folder = Path(get(repository, allow_patterns=WANTED + HALVES, ignore_patterns=["*non_ema*"]))
    except SdplayError:
        raise
    except Exception as error:
        if isinstance(error, OSError | ValueError) or type(error).__module__.startswith(HUB_ERRORS):
            raise _hub_error(name, error) from None
        raise
    if not weight_files(folder / "unet"):
        reason = "this repository has no model that this program can read: no unet/*.safetensors"
        raise ModelBroken(reason, field="model", value=name, hint=f"pickles are not downloaded; {OFFLINE}")
    _verify(name, folder, memory)
    return folder


def _verify(name: str, folder: Path, memory: Path | None) -> None:
    """Delete files that are not what the hub has, and raise `ModelBroken` for them."""
    damaged = [path for path, digest in _known_digests(folder) if file_digest(path, memory) != digest]
    for path in damaged:
        path.resolve().unlink()
        path.unlink()
    if damaged:
        names = ", ".join(str(path.relative_to(folder)) for path in damaged)
        reason = f"the download was damaged, on its way or on this disk: {names}"
        hint = "the damaged files were deleted: run the same command again to download them alone"
        raise ModelBroken(reason, field="model", value=name, hint=hint)


def _known_digests(folder: Path) -> Iterator[tuple[Path, str]]:
    """Large files and their sha256: the hub's client names after it what they are links to."""
    for path in sorted(folder.glob("*/*")):
        if path.is_symlink() and SHA256.fullmatch(path.resolve().name):
            yield path, path.resolve().name


def _client() -> Download:
    from huggingface_hub import snapshot_download  # pyright: ignore[reportUnknownVariableType]

    return partial[Any](snapshot_download, library_name="sdplay", etag_timeout=10)


def _is_offline() -> bool:
    """Whether HF_HUB_OFFLINE forbids the network, in one of the words that the hub's client knows for it."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _hub_error(name: str, error: Exception) -> ModelNotFound:
    """What an error of the hub means, by the name of its class."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    repository, _, revision = name.partition("@")
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "GatedRepoError" in kinds:
        reason = "the hub gives this model only to those who accepted its licence"
        hint = f"accept it at https://huggingface.co/{repository} and set HF_TOKEN to a token of {TOKENS}; {OFFLINE}"
    elif "RepositoryNotFoundError" in kinds:
        reason = "no model on this machine and no public model of the hub has this name"
        hint = f"check the spelling; a private model needs a token ({TOKENS}) in HF_TOKEN; {OFFLINE}"
    elif "RevisionNotFoundError" in kinds:
        reason = f"the hub has this model, and no revision {revision!r} of it"
        hint = f"give a branch, a tag or a commit: https://huggingface.co/{repository}/commits/main; {OFFLINE}"
    elif "OfflineModeIsEnabled" in kinds or (_is_offline() and "LocalEntryNotFoundError" in kinds):
        reason, hint = "it was never downloaded, and HF_HUB_OFFLINE forbids downloads", OFFLINE
    elif kinds & {"LocalEntryNotFoundError", "ConnectionError", "TransportError", "TimeoutError"}:
        reason, hint = "it was never downloaded, and the hub cannot be reached", OFFLINE
    else:
        reason, hint = (
            f"it cannot be downloaded: {first}",
            f"try again: the download resumes; {OFFLINE}",
        )
    return ModelNotFound(reason, field="model", value=name, hint=hint)
