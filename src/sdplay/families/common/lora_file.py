"""LoRA files as the programs of the field write them: which layer each tensor is for, under one name for each layer.

Three spellings are read: kohya's (`lora_unet_down_blocks_0_…_to_q.lora_down.weight`, for SDXL also with the block
numbers of the original releases), that of diffusers and PEFT (`unet.down_blocks.0.….to_q.lora_A.weight`), and the older
one of diffusers (`….attn1.processor.to_q_lora.down.weight`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.families.common.detect import MOST_LORA_TENSORS
from sdplay.files.model_files import Header, read_header

NETWORK, TEXT, TEXT_2 = "unet", "text_encoder", "text_encoder_2"
Layer = tuple[str, str]  # the part of the model it is in, and its name there with "_" for "."

KOHYA = {"lora_unet_": NETWORK, "lora_te1_": TEXT, "lora_te2_": TEXT_2, "lora_te_": TEXT}
DOTTED = {
    "unet.": NETWORK,
    "text_encoder_2.": TEXT_2,
    "text_encoder.": TEXT,
    "clip_l.": TEXT,
    "clip_g.": TEXT_2,
    "text_encoders.clip_l.": TEXT,
    "text_encoders.clip_g.": TEXT_2,  # ComfyUI
}
WRAPPERS = ("base_model.model.", "diffusion_model.", "model.", "module.", "_orig_mod.")  # of PEFT, ComfyUI and torch
FACTOR = re.compile(r"(.+?)[._](?:lora_(down|up|mid)|lora_([AB])(?:\.\w+)?|lora(?:_linear_layer)?\.(down|up))\.weight")
PEFT = {"A": "down", "B": "up"}
OLD_TEXT = {"to_q": "q_proj", "to_k": "k_proj", "to_v": "v_proj", "to_out_0": "out_proj"}
OTHER_METHODS = {
    "hada_": "LoHa",
    "lokr_": "LoKr",
    "oft_": "OFT",
    "dora_scale": "DoRA",
    "lora_magnitude_vector": "DoRA",
    "diff": "whole differences",
    "diff_b": "whole differences",
    "w_norm": "norms",
    "b_norm": "norms",
    "on_input": "IA3",
}
BUNDLED = "bundle_emb."  # the textual inversions that a LoRA was trained with
OTHER_MODELS = (  # layers of networks that are no U-Net, and whose they are
    (re.compile(r"(lora_)?(transformer_)?(single_transformer_blocks|single_blocks|double_blocks)_\d"), "Flux"),
    (re.compile(r"(lora_)?(transformer_)?joint_(transformer_)?blocks_\d"), "Stable Diffusion 3"),
    (re.compile(r"(lora_)?(transformer_)?transformer_blocks_\d"), "a transformer (Stable Diffusion 3, Flux, Qwen)"),
    (re.compile(r"(lora_)?(transformer_)?blocks_\d+_(self_attn|cross_attn)"), "a model of films (Wan)"),
    (re.compile(r"lora_te3_|te3_|text_encoders_t5xxl"), "a model that reads texts with T5"),
)
WIDTHS = {768: "SD 1.x", 1024: "SD 2.x", 2048: "SDXL"}


@dataclass(slots=True, eq=False)
class LowRank:
    """What a LoRA adds to a layer's weight: up·down, or up·mid·down, times alpha / rank."""

    factors: dict[str, Tensor] = field(default_factory=dict)
    alpha: float | None = None

    @property
    def rank(self) -> int:
        return self.factors["down"].size(0)

    def fits(self, shape: torch.Size) -> bool:
        """Whether its factors have one rank, and make a weight of this shape."""
        down, up = (self.factors[name].flatten(1) for name in ("down", "up"))
        middle = self.factors.get("mid")
        if middle is not None and (middle.ndim != 4 or middle.shape[:2] != (self.rank, self.rank)):
            return False
        inner = down.size(1) * (1 if middle is None else middle[0, 0].numel())
        return up.size(1) == self.rank and (up.size(0), inner) == (shape[0], shape[1:].numel())

    def delta(self, shape: torch.Size) -> Tensor:
        """It as float32 in the `shape` of the weight, which it `fits`."""
        down, up = (self.factors[name].float() for name in ("down", "up"))
        scale = 1.0 if self.alpha is None else self.alpha / self.rank
        if "mid" in self.factors:  # a convolution [rank, rank, h, w] between two of 1x1
            middle = self.factors["mid"].float()
            whole = torch.einsum("or,rshw,si->oihw", up.flatten(1), middle, down.flatten(1))
        else:
            whole = up.flatten(1) @ down.flatten(1)
        return (whole * scale).reshape(shape)


def read_lora_file(path: Path) -> dict[Layer, LowRank]:
    """All that is in a LoRA file, by layer.

    Raises `BadRequest` for tensors of another method than low rank, and for a layer that is spelled in two ways.
    """
    header = read_header(path)
    names = [name for name in header.tensors if not name.startswith(BUNDLED)]
    if len(names) > MOST_LORA_TENSORS:
        raise lora_error(path, f"it holds {len(names):,} tensors, and {MOST_LORA_TENSORS:,} are the most that is read")
    check_method(names, path)
    for name in names:
        _check_shape(name, header.tensors[name].shape, path)
    layers: dict[Layer, LowRank] = {}
    for name, tensor in _tensors(path, names):
        base, part = split_name(name)
        layer = layers.setdefault(layer_of(base), LowRank())
        if part in layer.factors or (part == "alpha" and layer.alpha is not None):
            raise lora_error(path, f"it names the layer {layer_of(base)[1]} twice, once as {base}")
        if part == "alpha":
            layer.alpha = float(tensor.item())
        else:
            layer.factors[part] = tensor
    torn = next((layer for layer, found in layers.items() if not {"down", "up"} <= found.factors.keys()), None)
    if torn is not None:
        raise lora_error(path, f"its layer {torn[1]} has only one of its two factors, up and down")
    for layer, alpha in metadata_alphas(header, layers):
        layers[layer].alpha = alpha
    return layers


def _tensors(path: Path, names: Iterable[str]) -> Iterator[tuple[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            for name in names:
                yield name, file.get_tensor(name)
    except SafetensorError as error:
        raise lora_error(path, f"it cannot be read: {error}", "fetch the file again, or choose another LoRA") from None


def _check_shape(name: str, shape: tuple[int, ...], path: Path) -> None:
    if name.endswith(".alpha"):
        if prod(shape) != 1:
            raise lora_error(path, f"its {name} is {shape}, and one number is needed")
    elif len(shape) not in {2, 4} or not all(shape):
        raise lora_error(path, f"its {name} is {shape}, which is no factor of a matrix or a convolution")


def check_method(names: Iterable[str], path: Path) -> None:
    for name in names:
        last = name.removesuffix(".weight").rpartition(".")[2]
        method = next((called for start, called in OTHER_METHODS.items() if last.startswith(start)), None)
        if method is not None:
            raise lora_error(path, f"it holds {method}, which this program cannot apply ({name})")
        if last != "alpha" and not FACTOR.fullmatch(name):
            raise lora_error(path, f"it holds a tensor that is not part of a LoRA: {name}")


def lora_error(path: Path, reason: str, hint: str = "choose another LoRA") -> BadRequest:
    return BadRequest(reason, field="lora", value=str(path), hint=hint)


def split_name(name: str) -> tuple[str, str]:
    """(the layer's name as written, which of its tensors this is)."""
    if name.endswith(".alpha"):
        return name.removesuffix(".alpha"), "alpha"
    found = FACTOR.fullmatch(name)
    assert found is not None, "checked before"
    return found[1], found[2] or PEFT.get(found[3] or "") or found[4]


def layer_of(base: str) -> Layer:
    """The layer a name is for, however it is spelled."""
    for start, part in KOHYA.items():
        if base.startswith(start):
            return part, flat_name(part, base.removeprefix(start))
    part = NETWORK
    base = unwrapped(base)
    for start, named in DOTTED.items():
        if base.startswith(start):
            part, base = named, unwrapped(base.removeprefix(start))
            break
    if part != NETWORK:
        base = base.removeprefix("transformer.")
    if base.startswith("text_model."):
        part = TEXT if part == NETWORK else part
    if ".processor." in base or base.endswith(".to_out"):  # there the output is "to_out", and "to_out.0" elsewhere
        base = re.sub(r"\.to_out$", ".to_out.0", base.replace(".processor.", "."))
    return part, flat_name(part, base)


def unwrapped(base: str) -> str:
    """A name without what programs put around a network."""
    while wrapper := next((start for start in WRAPPERS if base.startswith(start)), None):
        base = base.removeprefix(wrapper)
    return base


def other_model(layers: Iterable[Layer]) -> str:
    """What a LoRA with these `layers` was made for if that is no Stable Diffusion with a U-Net; "" if unknown."""
    for _, name in layers:
        model = next((model for pattern, model in OTHER_MODELS if pattern.match(name)), "")
        if model:
            return model
    return ""


def flat_name(part: str, name: str) -> str:
    name = name.replace(".", "_")
    if part == NETWORK:
        return name
    name = name.removeprefix("text_model_")
    for old, new in OLD_TEXT.items():
        name = name.removesuffix(old) + new if name.endswith(f"self_attn_{old}") else name
    return name


def metadata_alphas(header: Header, layers: Mapping[Layer, LowRank]) -> Iterator[tuple[Layer, float]]:
    """The alphas that diffusers writes beside the tensors, of layers that have none among them."""
    try:
        settings: dict[str, Any] = json.loads(header.metadata.get("lora_adapter_metadata", "{}"))
        patterns = {
            part: {
                flat_name(part, name): alpha for name, alpha in (settings.get(f"{part}.alpha_pattern") or {}).items()
            }
            for part in (NETWORK, TEXT, TEXT_2)
        }
        for layer, found in layers.items():
            alpha = ending_in(layer[1], patterns[layer[0]], settings.get(f"{layer[0]}.lora_alpha"))
            if found.alpha is None and alpha is not None:
                yield layer, float(alpha)
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return


def ending_in(name: str, endings: Mapping[str, Any], usual: Any) -> Any:
    """The value of the longest of `endings` of whole words that `name` has; `usual` if it has none."""
    words = name.split("_")
    known = (endings.get("_".join(words[at:])) for at in range(len(words)))
    return next((value for value in known if value is not None), usual)


def trained_text_width(layers: Mapping[Layer, LowRank]) -> int | None:
    """The width of the texts that its model's U-Net reads; None if it does not change the layers that read them."""
    readers = (found for (part, name), found in layers.items() if part == NETWORK and name.endswith("attn2_to_k"))
    return next((found.factors["down"].size(1) for found in readers), None)
