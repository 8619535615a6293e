"""Depth models of transformers: which one is taken, how it is loaded, and what it says of a picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import ModelBroken, ModelNotFound
from sdplay.engines.weight_buffer import check_loaded
from sdplay.files.model_files import read_json
from sdplay.images.read import Pixels

DEFAULT_MODEL = "depth-anything/Depth-Anything-V2-Small-hf"  # Apache-2.0; the larger ones are not free for all uses
CONFIG, PREPROCESSOR, WEIGHTS = "config.json", "preprocessor_config.json", "model.safetensors"
MODEL_TYPES = ("depth_anything", "dpt", "zoedepth")
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE_ON_CPU, SIDE_ON_GPU = 252, 518  # pixels; a quarter of the time for a map that is smoothed anyhow

Cached = Callable[[str, str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthChoice:
    """Where nearness comes from, as a recipe's record has it: a model in `folder`, the built-in guess, or nowhere."""

    kind: Literal["model", "builtin", "none"]
    name: str
    rule: str
    folder: Path | None = None


def choose_depth(asked: str, cached: Cached | None = None) -> DepthChoice:
    """What `asked` ("auto", "builtin", "none", a folder or a hub id) comes to on this machine, without the network.

    "auto" is Depth Anything V2 Small where the hub's cache holds it, else the built-in guess. `cached(repo, file)` is
    the hub's own look into its cache. Raises `ModelNotFound` for a folder or id that is not here.
    """
    if asked == "none":
        return DepthChoice(kind="none", name="none", rule="asked for: one flat plane")
    if asked == "builtin":
        return DepthChoice(kind="builtin", name="builtin", rule="asked for")
    if asked == "auto":
        folder = _in_cache(DEFAULT_MODEL, cached)
        if folder is None:
            return DepthChoice(kind="builtin", name="builtin", rule=f"{DEFAULT_MODEL} is not on this machine")
        return DepthChoice(
            kind="model", name=DEFAULT_MODEL, rule="the default, found in the hub's cache", folder=folder
        )
    path = Path(asked).expanduser()
    if (path / CONFIG).is_file():
        return DepthChoice(kind="model", name=path.resolve().name, rule="a folder of this path", folder=path.resolve())
    folder = _in_cache(asked, cached)
    if folder is None:
        hint = f"download it (hf download {DEFAULT_MODEL} is a good one), or take depth_model builtin or none"
        raise ModelNotFound(
            "is no folder of a depth model, and not in the hub's cache", field="depth_model", value=asked, hint=hint
        )
    return DepthChoice(
        kind="model", name=asked, rule="an id of the Hugging Face hub, found in its cache", folder=folder
    )


def _in_cache(name: str, cached: Cached | None) -> Path | None:
    if cached is None:
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache
    try:
        found = [cached(name, file) for file in (CONFIG, WEIGHTS)]
    except ValueError:  # what is no possible id cannot be in the cache
        return None
    # The hub's answer for a file known to be missing is neither a path nor None.
    return Path(found[0]).parent if isinstance(found[0], str) and isinstance(found[1], str) else None


class DepthModel:
    """A loaded depth model; `is_metric` says that its numbers are distances, else larger is nearer."""

    def __init__(self, network: Any, recipe: dict[str, Any], device: torch.device) -> None:
        self.network, self.device = network, device
        self.is_metric: bool = _metric(network.config)
        self.multiple: int = int(recipe.get("ensure_multiple_of") or _patch(network.config))
        self.fixed = _fixed_size(recipe)
        self.side = SIDE_ON_CPU if device.type == "cpu" else SIDE_ON_GPU
        self.mean: tuple[float, ...] = tuple(recipe.get("image_mean") or IMAGENET_MEAN)
        self.std: tuple[float, ...] = tuple(recipe.get("image_std") or IMAGENET_STD)

    @torch.inference_mode()
    def estimate(self, pixels: Pixels) -> NDArray[np.float32]:
        """What the model says of uint8 [H, W, 3] `pixels`: float32 [h, w], of the size that it works at."""
        return self.network(pixel_values=self._prepared(pixels)).predicted_depth[0].float().cpu().numpy()

    def _prepared(self, pixels: Pixels) -> Tensor:
        """The picture as the model was trained to see it, [1, 3, h, w]."""
        height, width = self.fixed or self.working_size(*pixels.shape[:2])
        picture = torch.from_numpy(pixels).to(self.device).permute(2, 0, 1)[None].float() / 255
        picture = F.interpolate(picture, (height, width), mode="bicubic", antialias=True).clamp(0, 1)
        mean, std = (torch.tensor(each, device=self.device).view(1, 3, 1, 1) for each in (self.mean, self.std))
        return (picture - mean) / std

    def working_size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of the picture's proportions, as many pixels as a square of `side`, in whole patches."""
        scale = self.side / math.sqrt(height * width)
        tall, wide = (max(1, round(size * scale / self.multiple)) * self.multiple for size in (height, width))
        return tall, wide


def load_depth(folder: Path, device: torch.device) -> DepthModel:
    """The Depth Anything, DPT (MiDaS) or ZoeDepth model in `folder`; raises `ModelBroken` for one that is none."""
    from transformers import AutoModelForDepthEstimation

    try:
        kind = read_json(folder / CONFIG).get("model_type")
        if kind not in MODEL_TYPES:
            raise ValueError(f"it is of type {kind!r}; known are {', '.join(MODEL_TYPES)}")
        recipe = read_json(folder / PREPROCESSOR) if (folder / PREPROCESSOR).is_file() else {}
        options = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
        network = check_loaded(AutoModelForDepthEstimation.from_pretrained(folder, dtype=torch.float32, **options))
        return DepthModel(network.to(device).eval().requires_grad_(False), recipe, device)
    except Exception as error:  # transformers and safetensors raise a dozen kinds for a bad file
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "fetch it again, or take depth_model builtin or none"
        raise ModelBroken(f"cannot be used: {why}", field="depth_model", value=str(folder), hint=hint) from error


def _metric(config: Any) -> bool:
    return config.model_type == "zoedepth" or getattr(config, "depth_estimation_type", "relative") == "metric"


def _patch(config: Any) -> int:
    inner = getattr(config, "backbone_config", None)
    return int(getattr(config, "patch_size", None) or getattr(inner, "patch_size", None) or 32)


def _fixed_size(recipe: dict[str, Any]) -> tuple[int, int] | None:
    """(height, width) of a model that sees every picture at one size; None for one that keeps proportions."""
    size = recipe.get("size")
    if not isinstance(size, dict) or recipe.get("keep_aspect_ratio", False):
        return None
    return int(size["height"]), int(size["width"])
