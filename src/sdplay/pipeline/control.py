"""What a sample follows: a ControlNet, the picture it reads, and the steps in which it is active."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from sdplay.core.sample import Control, FromImage, Init, Sample, SecondPass
from sdplay.families.base import ControlCond, Family
from sdplay.images.inputs import read_input
from sdplay.images.read import Pixels, resized
from sdplay.pipeline.crop_plan import CropPlan, Size, plan_crop
from sdplay.requests.recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class TimedControl:
    """A `control` that is active from the share `start` of the steps to the share `end`."""

    control: ControlCond
    start: float
    end: float

    def at(self, step: int, steps: int) -> tuple[ControlCond, ...]:
        """The control, if `step` of `steps` (from 0) lies whole between start and end."""
        inside = step / steps >= self.start and (step + 1) / steps <= self.end
        return (self.control,) if inside and self.control.scale else ()


def active_controls(control: TimedControl | None, step: int, steps: int) -> Sequence[ControlCond]:
    return () if control is None else control.at(step, steps)


class ControlCache:
    """Prepares the controls of one recipe and family, and remembers the last ones, since most samples share one."""

    def __init__(self, recipe: Recipe, family: Family) -> None:
        self.size, self.family = (recipe.width, recipe.height), family
        self._prepared: dict[tuple[Control, Init, Size], TimedControl] = {}

    def __call__(self, sample: Sample, second: SecondPass | None = None) -> TimedControl | None:
        """The control of `sample` in its first pass, or in its `second`."""
        size = self.size if second is None else (second.width, second.height)
        if sample.control is None:
            return None
        key = (sample.control, sample.init, size)
        if key not in self._prepared:
            if len(self._prepared) > 1:  # what two passes need
                self._prepared.clear()
            self._prepared[key] = self._prepare(*key)
        return self._prepared[key]

    def _prepare(self, control: Control, init: Init, size: Size) -> TimedControl:
        controlnet = self.family.controlnets(control.network)
        picture = torch.as_tensor(control_picture(control, init, size, self.family.vae_scale_factor))
        hint = controlnet.read(picture.permute(2, 0, 1)[None].float() / 255)
        return TimedControl(ControlCond(controlnet, hint, control.scale), control.start, control.end)


def control_picture(control: Control, init: Init, size: Size, multiple: int) -> Pixels:
    """What a ControlNet reads, uint8 [H, W, 3] of `size` (width, height) grown to multiples of `multiple`.

    The control image is cropped and resized as in A1111. When inpainting only a part of a picture, the image lies over
    the whole picture, and the ControlNet reads the same part.
    """
    pixels = plan_control(control, init, size).picture(multiple)
    if control.edges is None:
        return pixels
    from sdplay.images.canny import canny_of_input

    return canny_of_input(pixels, *control.edges)


def plan_control(control: Control, init: Init, size: Size) -> CropPlan:
    """The control image, cropped as the picture is that will be drawn."""
    pixels = read_input(control.image, "control_image")
    if not isinstance(init, FromImage) or init.repaint is None:
        return CropPlan(resized(pixels, *size), (0, 0, *size), size)
    left, top, right, bottom = init.repaint.borders
    pixels = resized(pixels, init.image.width, init.image.height)
    mode = "constant" if control.edges is None else "edge"  # beyond a map there is nothing: its lines end
    pixels = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode=mode)
    if init.repaint.padding is None:
        return CropPlan(resized(pixels, *size), (0, 0, *size), size)
    return replace(plan_crop(init, size), pixels=pixels)
