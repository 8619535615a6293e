"""What is near and what is far in a key picture: a depth model's answer, a guess, or one flat plane."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from sdplay.events import DepthMapDone
from sdplay.film.camera.disparity import equalize, fit_disparity, normalize, ramp
from sdplay.film.render.camera_warp import Disparity
from sdplay.film.render.depth_model import DepthModel, load_depth
from sdplay.film.request_animate import Animate
from sdplay.images.picture import pixel_digest
from sdplay.images.read import Pixels

KEPT = 2  # a key's depth is used while it is drawn on, and once more by the next key


class KeyDisparity:
    """`of_keys(pixels)` is the nearness of a picture, 0 far to 1 near; the last two are remembered."""

    def __init__(self, request: Animate, device: str) -> None:
        self.request, self.device = request, torch.device(device)
        self._model: DepthModel | None = None
        self._known: dict[str, Disparity] = {}

    def __call__(self, pixels: Pixels) -> Disparity:
        name = pixel_digest(pixels)
        if name not in self._known:
            self._known[name] = self._of(pixels)
            for oldest in list(self._known)[:-KEPT]:
                del self._known[oldest]
        return self._known[name]

    def found(self, index: int, pixels: Pixels) -> DepthMapDone:
        return DepthMapDone(index=index, disparity=self(pixels))

    def _of(self, pixels: Pixels) -> Disparity:
        height, width = pixels.shape[:2]
        if self.request.depth_model == "none" or not self.request.use_depth_warping:
            return np.ones((height, width), np.float32)
        if self.request.depth_model in ("auto", "builtin"):
            return ramp(width, height)
        if self._model is None:
            self._model = load_depth(Path(self.request.depth_model), self.device)
        values = normalize(self._model.estimate(pixels), metric=self._model.is_metric).values
        nearness = fit_disparity(values, width, height)
        return equalize(nearness) if self.request.depth_equalize else nearness
