"""Applies LoRAs to a model's layers and restores them, always starting from the original weights.

W' = W + Σ weight · alpha / rank · up·down (LoRA, Hu et al. 2021). The sum is made in float32 and in the order of the
names, whatever was applied before: so the bits of a picture depend on its own LoRAs alone, and without any they are
those of the model. LoRAs may name layers as diffusers does or as the original releases do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from sdplay.core.identity import ResolvedAddOn
from sdplay.families.common.lora_file import (
    NETWORK,
    TEXT,
    TEXT_2,
    WIDTHS,
    Layer,
    LowRank,
    lora_error,
    other_model,
    read_lora_file,
    trained_text_width,
)
from sdplay.prompts.lora_tags import ActiveLoras

SIDES = {"network": (NETWORK,), "text": (TEXT, TEXT_2)}
MOST_CACHED = 8  # LoRAs beyond those that are wanted now; they are read again when they are wanted again
TOGETHER = "choose a LoRA and a `model` that belong together"


class LoraPatcher:
    """The layers that LoRAs may change, the LoRAs that were read, by digest, and those that are active on each side."""

    def __init__(self, unet: Any, text_encoders: Sequence[Any]) -> None:
        self.width: int = unet.config.cross_attention_dim
        self._networks = unet, tuple(text_encoders)
        self.loras: dict[str, dict[Layer, LowRank]] = {}
        self.active: dict[str, ActiveLoras | None] = dict.fromkeys(SIDES, ())  # None: a change was interrupted
        self._originals: dict[Layer, Tensor] = {}
        self.before_apply: Callable[[str], None] = lambda side: None  # loads a side into memory

    @cached_property
    def layers(self) -> dict[Layer, nn.Module]:
        """The layers by their names, of which one can have two."""
        unet, text_encoders = self._networks
        found: dict[Layer, nn.Module] = {(NETWORK, name): module for name, module in network_layers(unet)}
        for part, encoder in zip((TEXT, TEXT_2), text_encoders, strict=False):
            for name, module in weight_layers(encoder):
                found[part, name.replace(".", "_").removeprefix("text_model_")] = module
        return found

    @cached_property
    def names(self) -> dict[nn.Module, Layer]:
        """The first of each layer's names."""
        return {module: layer for layer, module in reversed(self.layers.items())}

    def load(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        """Read the LoRAs among `add_ons` that are not held yet; raises `BadRequest` for one that does not fit."""
        for one in add_ons:
            digest = one.identity.digest
            if one.identity.kind == "lora":
                self.loras[digest] = self.loras.pop(digest) if digest in self.loras else self.read_fitting(one)
        on = {digest for active in self.active.values() for digest, _ in active or ()}
        on |= {one.identity.digest for one in add_ons}
        for digest in [digest for digest in self.loras if digest not in on][:-MOST_CACHED]:
            del self.loras[digest]

    def read_fitting(self, one: ResolvedAddOn) -> dict[Layer, LowRank]:
        """The layers of a LoRA, each of which this model has in that shape, under one name for each of the model's."""
        found = read_lora_file(one.path)
        width = trained_text_width(found)
        if width is not None and width != self.width:
            raise lora_error(
                one.origin, f"it was made for {base_name(width)}, and this model is {base_name(self.width)}", TOGETHER
            )
        strange = sorted(f"{name} of the {part}" for part, name in found.keys() - self.layers.keys())
        made_for = other_model(found) if strange else ""
        if made_for:
            raise lora_error(one.origin, f"it was made for {made_for}, and not for Stable Diffusion 1.x, 2.x or SDXL")
        if strange:
            reason = f"{len(strange)} of its {len(found)} layers are not in this model, {strange[0]} for one"
            raise lora_error(one.origin, reason, TOGETHER)
        for layer, low_rank in found.items():
            shape = layer_weight(self.layers[layer]).shape
            if not low_rank.fits(shape):
                raise lora_error(
                    one.origin, f"its layer {layer[1]} does not fit {tuple(shape)}, this model's", TOGETHER
                )
        return self._by_first_name(found, one)

    def _by_first_name(self, found: dict[Layer, LowRank], one: ResolvedAddOn) -> dict[Layer, LowRank]:
        """`found` with each layer under its first name, whichever of its names the file has it under."""
        named: dict[Layer, LowRank] = {}
        for layer, low_rank in found.items():
            first = self.names[self.layers[layer]]
            if first in named:
                raise lora_error(
                    one.origin, f"it names the layer {first[1]} of the {first[0]} twice, once as {layer[1]}"
                )
            named[first] = low_rank
        return named

    def apply(self, side: str, active: ActiveLoras) -> None:
        """Have exactly the LoRAs of `active` on this side of the model; does nothing if they are on already.

        If this is interrupted (Ctrl-C, no memory), the side has no LoRAs; if restoring it is interrupted too, the next
        call restores it first.
        """
        self.before_apply(side)
        if self.active[side] == active:
            return
        now = self._changes_by_layer(side, active)
        self.active[side] = None  # until all of it is on, or off
        try:
            with torch.no_grad():
                self._restore([layer for layer in self._originals if layer[0] in SIDES[side] and layer not in now])
                for layer, changes in now.items():
                    weight = layer_weight(self.layers[layer])
                    if layer not in self._originals:
                        self._originals[layer] = weight.detach().clone()
                    weight.copy_(patched_weight(self._originals[layer], changes))
        except BaseException:
            self._restore([layer for layer in self._originals if layer[0] in SIDES[side]])
            self.active[side] = ()
            raise
        self.active[side] = active

    @torch.no_grad()
    def _restore(self, layers: Sequence[Layer]) -> None:
        """Restore the original weights of these layers."""
        for layer in layers:
            layer_weight(self.layers[layer]).copy_(self._originals[layer])
            del self._originals[layer]

    def weights_unloaded(self, side: str) -> None:
        """The weights of this side were unloaded: those that are loaded next have no LoRAs."""
        if side in self.active:
            self.active[side] = ()
            self._originals = {layer: made for layer, made in self._originals.items() if layer[0] not in SIDES[side]}

    def touching_text(self, active: ActiveLoras) -> ActiveLoras:
        """Those of `active` that touch a text encoder."""
        return tuple(one for one in active if any(part in SIDES["text"] for part, _ in self.loras[one[0]]))

    def _changes_by_layer(self, side: str, active: ActiveLoras) -> dict[Layer, list[tuple[LowRank, float]]]:
        touched: dict[Layer, list[tuple[LowRank, float]]] = {}
        for digest, weight in active:
            for layer, low_rank in self.loras[digest].items():
                if layer[0] in SIDES[side]:
                    touched.setdefault(layer, []).append((low_rank, weight))
        return touched


def patched_weight(original: Tensor, changes: Sequence[tuple[LowRank, float]]) -> Tensor:
    """The `original` weight with each of `changes` times its own weight."""
    whole = original.float()
    for low_rank, weight in changes:
        whole = whole + weight * low_rank.delta(original.shape).to(whole.device)
    return whole.to(original.dtype)


def base_name(width: int) -> str:
    return f"{WIDTHS.get(width, 'a model')} (texts {width} wide)"


def layer_weight(module: nn.Module) -> Tensor:
    assert isinstance(module, nn.Linear | nn.Conv2d)
    return module.weight


def weight_layers(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The layers with a matrix or a convolution, by name."""
    return ((name, each) for name, each in module.named_modules() if isinstance(each, nn.Linear | nn.Conv2d))


def network_layers(unet: Any) -> Iterator[tuple[str, nn.Module]]:
    """The layers of a network under their names with "_" for ".", and again under those of the original releases."""
    from sdplay.families.common.original_layout import unet_names  # for models with LoRAs alone

    layers = dict(weight_layers(unet))
    yield from ((name.replace(".", "_"), layer) for name, layer in layers.items())
    original = unet_names(layers, unet.config.layers_per_block)
    yield from ((original[name].replace(".", "_"), layer) for name, layer in layers.items() if name in original)
