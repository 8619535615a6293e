"""What is near and what is far in a key picture: a depth model's answer, a guess, or one flat plane."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import ModelBroken
from sdplay.engines.weight_buffer import MappedFile
from sdplay.events import DepthMapDone
from sdplay.files.model_files import read_json
from sdplay.film.camera.disparity import equalize, fit_disparity, normalize, ramp
from sdplay.film.inputs import CONFIG, GUESS, OWN_KIND, WEIGHTS, check_depth_library
from sdplay.film.render.camera_warp import Disparity
from sdplay.film.request_animate import Animate
from sdplay.images.picture import pixel_digest
from sdplay.images.read import Pixels
from sdplay.library.depth_models import depth_place
from sdplay.networks.depth_head import DepthHead, depth_head
from sdplay.pipeline.render import inference

PREPROCESSOR = "preprocessor_config.json"
MODEL_TYPES = ("depth_anything", "dpt", "zoedepth")
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIDE_OF_HEAD = 128  # pixels; what it was trained at
SIDE_ON_CPU, SIDE_ON_GPU = 252, 518  # pixels; a quarter of the time for a map that is smoothed anyhow
KEPT = 2  # a key's depth is used while it is drawn on, and once more by the next key


class KeyDisparity:
    """Called with pixels, it returns the disparity of a picture, 0 far to 1 near; the last two are remembered."""

    def __init__(self, request: Animate, device: str) -> None:
        self.request, self.device = request, torch.device(device)
        self._model: AnyDepth | None = None
        self._known: dict[str, Disparity] = {}

    def __call__(self, pixels: Pixels) -> Disparity:
        name = pixel_digest(pixels)
        if name not in self._known:
            self._known[name] = self._of(pixels)
            for oldest in list(self._known)[:-KEPT]:
                del self._known[oldest]
        return self._known[name]

    def map_of(self, index: int, pixels: Pixels) -> DepthMapDone:
        return DepthMapDone(index=index, disparity=self(pixels))

    def _of(self, pixels: Pixels) -> Disparity:
        height, width = pixels.shape[:2]
        if self.request.depth_model == "none" or not self.request.use_depth_warping:
            return np.ones((height, width), np.float32)
        if self.request.depth_model in ("auto", GUESS):
            return ramp(width, height)
        if self._model is None:
            self._model = load_depth(depth_place(self.request.depth_model), self.device)
        nearness = fit_disparity(self._model.nearness(pixels), width, height)
        return equalize(nearness) if self.request.depth_equalize else nearness


class AnyDepth(Protocol):
    """`nearness` of uint8 [H, W, 3] pixels: float32 [h, w], 0 far to 1 near, of the size that the model works at."""

    def nearness(self, pixels: Pixels) -> NDArray[np.float32]: ...


class HeadDepth:
    """The program's own depth head. It runs on one thread of the CPU, whatever draws: its bits are the same."""

    def __init__(self, head: DepthHead) -> None:
        self.head = head

    def nearness(self, pixels: Pixels) -> NDArray[np.float32]:
        height, width = pixels.shape[:2]
        size = working_size(height, width, SIDE_OF_HEAD, self.head.multiple)
        with inference(threads=1):
            picture = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 127.5 - 1
            return self.head(F.interpolate(picture, size, mode="bilinear", antialias=True))[0, 0].numpy()


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

    def nearness(self, pixels: Pixels) -> NDArray[np.float32]:
        return normalize(self.estimate(pixels), metric=self.is_metric).values

    @torch.inference_mode()
    def estimate(self, pixels: Pixels) -> NDArray[np.float32]:
        """What the model says of uint8 [H, W, 3] `pixels`: float32 [h, w], of the size that it works at."""
        return self.network(pixel_values=self._prepared(pixels)).predicted_depth[0].float().cpu().numpy()

    def _prepared(self, pixels: Pixels) -> Tensor:
        """The picture as the model was trained to see it, [1, 3, h, w]."""
        height, width = self.fixed or working_size(pixels.shape[0], pixels.shape[1], self.side, self.multiple)
        picture = torch.from_numpy(pixels).to(self.device).permute(2, 0, 1)[None].float() / 255
        picture = F.interpolate(picture, (height, width), mode="bicubic", antialias=True).clamp(0, 1)
        mean, std = (torch.tensor(each, device=self.device).view(1, 3, 1, 1) for each in (self.mean, self.std))
        return (picture - mean) / std


def working_size(height: int, width: int, side: int, multiple: int) -> tuple[int, int]:
    """(height, width) of the picture's proportions, as many pixels as a square of `side`, in whole patches."""
    scale = side / math.sqrt(height * width)
    tall, wide = (max(1, round(size * scale / multiple)) * multiple for size in (height, width))
    return tall, wide


def load_depth(folder: Path, device: torch.device) -> AnyDepth:
    """The depth head, Depth Anything, DPT (MiDaS) or ZoeDepth model in `folder`; raises `ModelBroken` for any other,
    and `BadRequest` for one that transformers runs where that is not installed.
    """
    kind = read_json(folder / CONFIG).get("model_type")
    return load_head(folder) if kind == OWN_KIND else load_theirs(folder, device, kind)


def load_head(folder: Path) -> HeadDepth:
    try:
        return HeadDepth(depth_head(MappedFile(folder / WEIGHTS).tensors))
    except (ModelBroken, ValueError, OSError) as error:
        raise broken_depth(folder, error) from error


def load_theirs(folder: Path, device: torch.device, kind: object) -> DepthModel:
    check_depth_library(str(folder))
    from transformers import AutoModelForDepthEstimation

    try:
        if kind not in MODEL_TYPES:
            raise ValueError(f"it is of type {kind!r}; known are {', '.join(MODEL_TYPES)}")
        recipe = read_json(folder / PREPROCESSOR) if (folder / PREPROCESSOR).is_file() else {}
        options = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
        network = _checked(AutoModelForDepthEstimation.from_pretrained(folder, dtype=torch.float32, **options))
        return DepthModel(network.to(device).eval().requires_grad_(False), recipe, device)
    except Exception as error:  # transformers and safetensors raise a dozen kinds for a bad file
        raise broken_depth(folder, error) from error


def broken_depth(folder: Path, error: Exception) -> ModelBroken:
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    hint = "fetch it again, or take depth_model builtin"
    return ModelBroken(f"cannot be used: {why}", field="depth_model", value=str(folder), hint=hint)


def _checked(loaded: Any) -> Any:
    """The model of a (model, loading info) pair; raises `ValueError` where its file lacked weights, left random."""
    model, info = loaded
    missing = sorted(info["missing_keys"])
    if missing:
        raise ValueError(f"{len(missing)} of its weights are not in the file, {missing[0]} for one")
    return model


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
