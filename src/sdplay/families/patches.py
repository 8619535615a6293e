"""LoRAs put on a model's layers and taken off again, always reckoned from the layers as they were made.

W' = W + Σ weight · alpha / rank · up·down (LoRA, Hu et al. 2021). The sum is made in float32 and in the order of the
names, whatever was on before: so the bits of a picture depend on its own LoRAs alone, and without any they are those of
the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sdplay.core.errors import BadRequest
from sdplay.families.lora import NETWORK, TEXT, TEXT_2, WIDTHS, Layer, LowRank, made_for, read_lora_file, refused
from sdplay.families.original_names import original_names
from sdplay.models.add_ons import ResolvedAddOn

Worn = tuple[tuple[str, float], ...]  # (name, weight), by name, without those of no weight
SIDES = {"network": (NETWORK,), "text": (TEXT, TEXT_2)}


class Patches:
    """The layers that LoRAs may change, the LoRAs that were read, and what is on now on each side of the model."""

    def __init__(self, unet: Any, text_encoders: Sequence[Any]) -> None:
        self.width: int = unet.config.cross_attention_dim
        self.layers: dict[Layer, nn.Module] = {(NETWORK, name): module for name, module in network_layers(unet)}
        for part, encoder in zip((TEXT, TEXT_2), text_encoders, strict=False):
            for name, module in weighty(encoder):
                self.layers[part, name.replace(".", "_").removeprefix("text_model_")] = module
        self.held: dict[str, tuple[str, dict[Layer, LowRank]]] = {}
        self.worn: dict[str, Worn] = dict.fromkeys(SIDES, ())
        self._made: dict[Layer, Tensor] = {}

    def hold(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        """Read the LoRAs among `add_ons` that are not held yet, and let go of all others.

        Raises `BadRequest` for one that does not fit this model.
        """
        loras = [one for one in add_ons if one.identity.kind == "lora"]
        if {one.identity.name: one.identity.digest for one in loras} == {n: held[0] for n, held in self.held.items()}:
            return
        for side in SIDES:
            self.wear(side, ())
        known = {digest: layers for digest, layers in self.held.values()}
        self.held = {}
        for one in loras:
            digest = one.identity.digest
            layers = known[digest] if digest in known else self.fitting(one)
            self.held[one.identity.name] = (digest, layers)

    def fitting(self, one: ResolvedAddOn) -> dict[Layer, LowRank]:
        """The layers of a LoRA, each of which this model has in that shape."""
        found = read_lora_file(one.path)
        width = made_for(found)
        if width is not None and width != self.width:
            reason = f"it was made for {kind(width)}, and this model is {kind(self.width)}"
            raise refused(one.origin, reason, "choose a LoRA and a --model that belong together")
        strange = sorted(f"{part}: {name}" for part, name in found.keys() - self.layers.keys())
        if strange:
            reason = f"{len(strange)} of its {len(found)} layers are not in this model, {strange[0]} for one"
            raise refused(one.origin, reason, "choose a LoRA and a --model that belong together")
        for layer, low_rank in found.items():
            shape = weight_of(self.layers[layer]).shape
            if product(shape) != self._size(low_rank) or not fits(low_rank, shape):
                reason = f"its layer {layer[1]} has not the shape {tuple(shape)} of this model's"
                raise refused(one.origin, reason, "choose a LoRA and a --model that belong together")
        return found

    def wear(self, side: str, worn: Worn) -> None:
        """Have exactly `worn` on this side of the model; nothing happens where that is so already."""
        if self.worn[side] == worn:
            return
        before, now = self._touched(side, self.worn[side]), self._touched(side, worn)
        with torch.no_grad():
            for layer in {**before, **now}:
                weight = weight_of(self.layers[layer])
                if layer not in self._made:
                    self._made[layer] = weight.detach().clone()
                made = self._made[layer]
                weight.copy_(self._changed(made, now[layer]) if layer in now else made)
                if layer not in now:
                    del self._made[layer]
        self.worn[side] = worn

    def of_text(self, worn: Worn) -> Worn:
        """Those of `worn` that touch a text encoder."""
        return tuple(one for one in worn if any(part in SIDES["text"] for part, _ in self.held[one[0]][1]))

    def _touched(self, side: str, worn: Worn) -> dict[Layer, list[tuple[LowRank, float]]]:
        touched: dict[Layer, list[tuple[LowRank, float]]] = {}
        for name, weight in worn:
            for layer, low_rank in self.held[name][1].items():
                if layer[0] in SIDES[side]:
                    touched.setdefault(layer, []).append((low_rank, weight))
        return touched

    def _changed(self, made: Tensor, changes: Sequence[tuple[LowRank, float]]) -> Tensor:
        whole = made.float()
        for low_rank, weight in changes:
            whole = whole + weight * low_rank.added(made.shape).to(whole.device)
        return whole.to(made.dtype)

    def _size(self, low_rank: LowRank) -> int:
        down, up = low_rank.factors["down"], low_rank.factors["up"]
        middle = low_rank.factors.get("mid")
        inner = down.numel() // down.size(0) * (1 if middle is None else product(middle.shape[2:]))
        return up.size(0) * inner


def fits(low_rank: LowRank, shape: torch.Size) -> bool:
    """Whether up and down have one rank, and as many outputs and inputs as a weight of this shape."""
    down, up = low_rank.factors["down"], low_rank.factors["up"]
    rank = up.numel() // up.size(0)
    return up.size(0) == shape[0] and rank == down.size(0) and down.size(1) == shape[1]


def product(numbers: Sequence[int]) -> int:
    whole = 1
    for number in numbers:
        whole *= number
    return whole


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
