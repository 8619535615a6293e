"""LoRAs put on a model's layers and taken off again, always reckoned from the layers as they were made.

W' = W + Σ weight · alpha / rank · up·down (LoRA, Hu et al. 2021). The sum is made in float32 and in the order of the
names, whatever was on before: so the bits of a picture depend on its own LoRAs alone, and without any they are those of
the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sdplay.families.common.lora_file import (
    NETWORK,
    TEXT,
    TEXT_2,
    WIDTHS,
    Layer,
    LowRank,
    made_for,
    read_lora_file,
    refused,
)
from sdplay.families.common.original_names import original_names
from sdplay.library.add_ons import ResolvedAddOn
from sdplay.prompts.lora_tags import Worn

SIDES = {"network": (NETWORK,), "text": (TEXT, TEXT_2)}
MOST_HELD = 8  # LoRAs beyond those that are wanted now; they are read again when they are wanted again
TOGETHER = "choose a LoRA and a `model` that belong together"


class Patches:
    """The layers that LoRAs may change, the LoRAs that were read, by digest, and what is on now on each side."""

    def __init__(self, unet: Any, text_encoders: Sequence[Any]) -> None:
        self.width: int = unet.config.cross_attention_dim
        self.layers: dict[Layer, nn.Module] = {(NETWORK, name): module for name, module in network_layers(unet)}
        for part, encoder in zip((TEXT, TEXT_2), text_encoders, strict=False):
            for name, module in weighty(encoder):
                self.layers[part, name.replace(".", "_").removeprefix("text_model_")] = module
        self.names = {module: layer for layer, module in reversed(self.layers.items())}  # the first of each one's names
        self.held: dict[str, dict[Layer, LowRank]] = {}
        self.worn: dict[str, Worn | None] = dict.fromkeys(SIDES, ())  # None: it was cut off while it changed
        self._made: dict[Layer, Tensor] = {}
        self.ready: Callable[[str], None] = lambda side: None  # brings a side into memory, where it may not be

    def hold(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        """Read the LoRAs among `add_ons` that are not held yet; raises `BadRequest` for one that does not fit."""
        for one in add_ons:
            digest = one.identity.digest
            if one.identity.kind == "lora":
                self.held[digest] = self.held.pop(digest) if digest in self.held else self.fitting(one)
        on = {digest for worn in self.worn.values() for digest, _ in worn or ()}
        on |= {one.identity.digest for one in add_ons}
        for digest in [digest for digest in self.held if digest not in on][:-MOST_HELD]:
            del self.held[digest]

    def fitting(self, one: ResolvedAddOn) -> dict[Layer, LowRank]:
        """The layers of a LoRA, each of which this model has in that shape, under one name for each of the model's."""
        found = read_lora_file(one.path)
        width = made_for(found)
        if width is not None and width != self.width:
            raise refused(one.origin, f"it was made for {kind(width)}, and this model is {kind(self.width)}", TOGETHER)
        strange = sorted(f"{name} of the {part}" for part, name in found.keys() - self.layers.keys())
        if strange:
            reason = f"{len(strange)} of its {len(found)} layers are not in this model, {strange[0]} for one"
            raise refused(one.origin, reason, TOGETHER)
        for layer, low_rank in found.items():
            shape = weight_of(self.layers[layer]).shape
            if not low_rank.fits(shape):
                raise refused(one.origin, f"its layer {layer[1]} does not fit {tuple(shape)}, this model's", TOGETHER)
        return self._one_name_each(found, one)

    def _one_name_each(self, found: dict[Layer, LowRank], one: ResolvedAddOn) -> dict[Layer, LowRank]:
        """`found` with each layer under its first name, whichever of its names the file has it under."""
        named: dict[Layer, LowRank] = {}
        for layer, low_rank in found.items():
            first = self.names[self.layers[layer]]
            if first in named:
                raise refused(one.origin, f"it names the layer {first[1]} of the {first[0]} twice, once as {layer[1]}")
            named[first] = low_rank
        return named

    def wear(self, side: str, worn: Worn) -> None:
        """Have exactly `worn` on this side of the model; nothing happens where that is so already.

        Where this is cut off in the middle (Ctrl-C, no memory), the side wears nothing; where that is cut off too,
        it takes off first what is still on when it is asked again.
        """
        self.ready(side)
        if self.worn[side] == worn:
            return
        now = self._touched(side, worn)
        self.worn[side] = None  # equal to nothing that can be asked for, until all of it is on, or off
        try:
            with torch.no_grad():
                self._take_off([layer for layer in self._made if layer[0] in SIDES[side] and layer not in now])
                for layer, changes in now.items():
                    weight = weight_of(self.layers[layer])
                    if layer not in self._made:
                        self._made[layer] = weight.detach().clone()
                    weight.copy_(changed(self._made[layer], changes))
        except BaseException:
            self._take_off([layer for layer in self._made if layer[0] in SIDES[side]])
            self.worn[side] = ()
            raise
        self.worn[side] = worn

    @torch.no_grad()
    def _take_off(self, layers: Sequence[Layer]) -> None:
        """Give these layers back as they were made."""
        for layer in layers:
            weight_of(self.layers[layer]).copy_(self._made[layer])
            del self._made[layer]

    def forget(self, side: str) -> None:
        """The weights of this side were given back: those that come in their place wear nothing."""
        if side in self.worn:
            self.worn[side] = ()
            self._made = {layer: made for layer, made in self._made.items() if layer[0] not in SIDES[side]}

    def of_text(self, worn: Worn) -> Worn:
        """Those of `worn` that touch a text encoder."""
        return tuple(one for one in worn if any(part in SIDES["text"] for part, _ in self.held[one[0]]))

    def _touched(self, side: str, worn: Worn) -> dict[Layer, list[tuple[LowRank, float]]]:
        touched: dict[Layer, list[tuple[LowRank, float]]] = {}
        for digest, weight in worn:
            for layer, low_rank in self.held[digest].items():
                if layer[0] in SIDES[side]:
                    touched.setdefault(layer, []).append((low_rank, weight))
        return touched


def changed(made: Tensor, changes: Sequence[tuple[LowRank, float]]) -> Tensor:
    """A weight as it was `made`, with each of `changes` times its own weight."""
    whole = made.float()
    for low_rank, weight in changes:
        whole = whole + weight * low_rank.added(made.shape).to(whole.device)
    return whole.to(made.dtype)


def kind(width: int) -> str:
    return f"{WIDTHS.get(width, 'a model')} (texts {width} wide)"


def weight_of(module: nn.Module) -> Tensor:
    assert isinstance(module, nn.Linear | nn.Conv2d)
    return module.weight


def weighty(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers with a matrix or a convolution, by name."""
    return ((name, each) for name, each in module.named_modules() if isinstance(each, nn.Linear | nn.Conv2d))


def network_layers(unet: Any) -> Iterator[tuple[str, nn.Module]]:
    """The layers of a network under their names with "_" for ".", and again under those of the original releases."""
    layers = dict(weighty(unet))
    yield from ((name.replace(".", "_"), layer) for name, layer in layers.items())
    original = original_names(layers, unet.config.layers_per_block)
    yield from ((original[name].replace(".", "_"), layer) for name, layer in layers.items() if name in original)
