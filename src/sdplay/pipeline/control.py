"""What a frame follows: a ControlNet, the picture it looks at, and the steps in which it has its say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from sdplay.core.sample import Control, FromImage, Init, Sample, SecondPass
from sdplay.families.base import ControlCond, Family
from sdplay.images.control import ROLE, edges_of
from sdplay.images.inputs import read_given
from sdplay.images.read import Pixels, resized
from sdplay.pipeline.crop_plan import CropPlan, Size, plan_crop
from sdplay.requests.recipe import Recipe


@dataclass(frozen=True, slots=True, eq=False)
class TimedControl:
    """A `guide`, and from which share of the steps to which it is listened to."""

    guide: ControlCond
    start: float
    end: float

    def at(self, step: int, steps: int) -> tuple[ControlCond, ...]:
        """Whoever has a say at `step` of `steps`, counted from 0: a step must lie whole between start and end."""
        inside = step / steps >= self.start and (step + 1) / steps <= self.end
        return (self.guide,) if inside and self.guide.scale else ()


class ControlCache:
    """Prepares what frames follow, for one recipe and family; they are remembered, since most share one."""

    def __init__(self, recipe: Recipe, family: Family) -> None:
        self.size, self.family = (recipe.width, recipe.height), family
        self._known: dict[tuple[Control, Init, Size], TimedControl] = {}

    def __call__(self, frame: Sample, second: SecondPass | None = None) -> TimedControl | None:
        """What `frame` follows in its first pass, or in its `second`."""
        size = self.size if second is None else (second.width, second.height)
        if frame.control is None:
            return None
        key = (frame.control, frame.init, size)
        if key not in self._known:
            if len(self._known) > 1:  # what two passes need
                self._known.clear()
            self._known[key] = self._prepared(*key)
        return self._known[key]

    def _prepared(self, control: Control, init: Init, size: Size) -> TimedControl:
        network = self.family.controlnets(control.network)
        picture = torch.as_tensor(shown(control, init, size, self.family.vae_scale_factor))
        seen = network.read(picture.permute(2, 0, 1)[None].float() / 255)
        return TimedControl(ControlCond(network, seen, control.scale), control.start, control.end)


def shown(control: Control, init: Init, size: Size, multiple: int) -> Pixels:
    """What a ControlNet looks at, uint8 [H, W, 3] of `size` (width, height) grown to multiples of `multiple`.

    The control image is cropped and resized as A1111 does it; where a part of a picture is painted anew it lies over
    the whole of that, and what is looked at is the same part.
    """
    pixels = laid_out(control, init, size).picture(multiple)
    return pixels if control.edges is None else edges_of(pixels, *control.edges)


def laid_out(control: Control, init: Init, size: Size) -> CropPlan:
    """The control image where the drawn picture will be."""
    pixels = read_given(control.image, ROLE)
    if not isinstance(init, FromImage) or init.repaint is None:
        return CropPlan(resized(pixels, *size), (0, 0, *size), size)
    left, top, right, bottom = init.repaint.borders
    pixels = resized(pixels, init.image.width, init.image.height)
    mode = "constant" if control.edges is None else "edge"  # beyond a map there is nothing: its lines end
    pixels = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode=mode)
    if init.repaint.padding is None:
        return CropPlan(resized(pixels, *size), (0, 0, *size), size)
    return replace(plan_crop(init, size), pixels=pixels)


def active(guidance: TimedControl | None, step: int, steps: int) -> Sequence[ControlCond]:
    """Whoever has a say at `step` of `steps`."""
    return () if guidance is None else guidance.at(step, steps)
