"""The ControlNets that a loaded model is used with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sdplay.engines.placement import Placement
from sdplay.families.common.controlnet import ControlNet
from sdplay.families.common.controlnet_file import check_controlnet_fits, load_controlnet
from sdplay.library.add_ons import ResolvedAddOn


class LoadedControlNets:
    """ControlNets for the network of the configuration `unet`, by name: each is read when it is first asked for.

    `factor` is the side in pixels of what the model's codec makes one latent of.
    """

    def __init__(self, unet: Any, factor: int, placement: Placement) -> None:
        self.unet, self.factor, self.placement = unet, factor, placement
        self._held: tuple[ResolvedAddOn, ...] = ()
        self._loaded: dict[str, ControlNet] = {}

    def load(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        """Take those among `add_ons` that are ControlNets, and let go of all others."""
        held = tuple(one for one in add_ons if one.identity.kind == "controlnet")
        if held != self._held:
            self._held, self._loaded = held, {}

    def __call__(self, name: str) -> ControlNet:
        """The ControlNet called `name`; raises `ModelBroken`, and `BadRequest` for one of another model."""
        if name not in self._loaded:
            path = next(one.path for one in self._held if one.identity.name == name)
            found = load_controlnet(path, self.placement)
            check_controlnet_fits(found.config, self.unet, self.factor, path)
            self._loaded[name] = found
        return self._loaded[name]
