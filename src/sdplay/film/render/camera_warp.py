"""A drawn picture as the camera moves on from it, frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.film.camera.warp2d import Move2D, matrix, warp2d
from sdplay.film.camera.warp3d import Move3D, Pose, compose, depth_of, identity, lens, pose, warp3d
from sdplay.film.plan_animate import AnimationPlan
from sdplay.images.read import Pixels

BORDERS = {"border": "replicate"}  # PyTorch's word, which the field has taken over, and ours
# Nearness of every pixel, 0 far to 1 near, float32 [H, W].
Disparity = NDArray[np.float32]
DisparityOf = Callable[[Pixels], Disparity]


class CameraWarp(Protocol):
    """`at(frame)` is the picture moved on to `frame`, float32 [H, W, 3] in 0..255; frames must not go back."""

    def at(self, frame: int) -> Tensor: ...


def camera_warp(plan: AnimationPlan, pixels: Pixels, start: int, nearness: DisparityOf) -> CameraWarp:
    """The mover of the mode of `plan` for the key `pixels` at frame `start`."""
    moving = torch.from_numpy(pixels).float()
    if plan.request.animation_mode == "2D":
        return CameraWarp2D(plan, moving, start)
    return CameraWarp3D(plan, moving, start, nearness(pixels))


class CameraWarp2D:
    """2D: turned, zoomed and shifted. Composed moves are one resample of the key; sequential ones follow each other."""

    def __init__(self, plan: AnimationPlan, pixels: Tensor, start: int) -> None:
        self.plan, self.pixels, self.frame = plan, pixels, start
        self.forward = np.eye(3)
        self.composed = plan.request.warp == "composed"

    def at(self, frame: int) -> Tensor:
        while self.frame < frame:
            self.frame += 1
            self.forward = matrix(self._move(self.frame), self.pixels.shape[1], self.pixels.shape[0]) @ self.forward
            if not self.composed:
                self.pixels, self.forward = self._warped(), np.eye(3)
        return self._warped() if self.composed else self.pixels

    def _warped(self) -> Tensor:
        asked = self.plan.request
        return warp2d(self.pixels, self.forward, sampling_mode=asked.sampling_mode, border=asked.border)

    def _move(self, frame: int) -> Move2D:
        at = self.plan.motion
        return Move2D(
            angle=at("angle", frame),
            zoom=at("zoom", frame),
            translation_x=at("translation_x", frame),
            translation_y=at("translation_y", frame),
            center_x=at("transform_center_x", frame),
            center_y=at("transform_center_y", frame),
        )


class CameraWarp3D:
    """3D: seen from a camera that moves through the picture's depth, which is that of the key throughout."""

    def __init__(self, plan: AnimationPlan, pixels: Tensor, start: int, nearness: Disparity) -> None:
        self.plan, self.pixels, self.frame = plan, pixels, start
        asked = plan.request
        self.depth = torch.from_numpy(depth_of(nearness, asked.warp_geometry, asked.near_plane, asked.far_plane))
        self.pose = identity()
        self.composed = asked.warp == "composed"

    def at(self, frame: int) -> Tensor:
        while self.frame < frame:
            self.frame += 1
            self.pose = compose(self.pose, pose(self._move(self.frame)))
            if not self.composed:
                self.pixels, self.pose = self._warped(self.pose), identity()
        return self._warped(self.pose) if self.composed else self.pixels

    def _warped(self, seen_from: Pose) -> Tensor:
        asked, (height, width) = self.plan.request, self.pixels.shape[:2]
        return warp3d(
            self.pixels,
            seen_from,
            self.depth,
            through=lens(self.plan.fov(self.frame), width, height, asked.warp_geometry),
            iterations=3 if self.composed else 1,
            sampling_mode=asked.sampling_mode,
            padding_mode=BORDERS.get(asked.padding_mode, asked.padding_mode),  # type: ignore[arg-type]  # a Border now
        )

    def _move(self, frame: int) -> Move3D:
        at = self.plan.motion
        return Move3D(
            translation_x=at("translation_x", frame),
            translation_y=at("translation_y", frame),
            translation_z=at("translation_z", frame),
            rotation_x=at("rotation_3d_x", frame),
            rotation_y=at("rotation_3d_y", frame),
            rotation_z=at("rotation_3d_z", frame),
        )
