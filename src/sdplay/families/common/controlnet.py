"""ControlNets: networks that read a picture and add residuals to the U-Net's; their files in three layouts.

A ControlNet is a diffusers folder, or one file in the layout of diffusers or of the original release.

Source: Zhang, Rao & Agrawala, "Adding conditional control to text-to-image diffusion models", arXiv:2302.05543.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdplay.core.errors import BadRequest, ModelBroken
from sdplay.core.identity import ResolvedAddOn
from sdplay.engines.device import Placement
from sdplay.engines.low_memory import SlicedAttention
from sdplay.engines.weight_buffer import check_loaded
from sdplay.families.base import ControlCond, Extras
from sdplay.families.common.component_config import check_config, read_config
from sdplay.families.common.detect import Shapes
from sdplay.families.common.layout import Config, attention_config, count, size_embedding_config
from sdplay.files.model_files import is_half, weight_files

Weights = dict[str, Tensor]
ORIGINAL = "control_model."
ADDED = {  # what the converter of diffusers leaves out: the pooled text and sizes of SDXL
    "label_emb.0.0.": "add_embedding.linear_1.",
    "label_emb.0.2.": "add_embedding.linear_2.",
}
OTHERS = {  # the beginning of a name of a tensor, and what a file with such a tensor is
    "lora_controlnet": "a Control-LoRA, which holds the difference to a model and not a ControlNet",
    "lllite_": "a ControlNet-LLLite",
    "adapter.body.": "a T2I-Adapter",
    "body.": "a T2I-Adapter",
    "task_embedding": "a ControlNet for several kinds of pictures (union)",
    "difference": "the difference of a ControlNet to its model",
    "lora_": "a LoRA: name it in the prompt, <lora:name:0.8>",
    "double_blocks.": "a ControlNet for Flux",
}
READS = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x", 2048: "SDXL"}  # by the width of its texts
WHAT_WORKS = "a ControlNet is a diffusers folder, or a .safetensors file, made for the model it is used with"


class ControlNet:
    """A ControlNet, placed and ready. `factor` is the side in pixels of what becomes one latent."""

    def __init__(self, module: Any, placement: Placement) -> None:
        module.to(placement.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        if placement.attention_slicing:
            module.set_attn_processor(SlicedAttention())
        config = module.config
        self.placement, self.config = placement, config
        self.factor = 2 ** (len(config.conditioning_embedding_out_channels) - 1)
        self._reversed = config.controlnet_conditioning_channel_order == "bgr"
        # a picture is read once and not at every step: what the network is given is what was read
        self._reader, module.controlnet_cond_embedding = module.controlnet_cond_embedding, torch.nn.Identity()
        module.register_to_config(controlnet_conditioning_channel_order="rgb")
        self.module = module

    @torch.inference_mode()
    def read(self, picture: Tensor) -> Tensor:
        """The hint for a picture [1, 3, H, W] in 0..1, whose sides are multiples of `factor`."""
        picture = picture.flip(1) if self._reversed else picture
        place = self.placement
        return self._reader(picture.to(place.device, place.dtype, memory_format=torch.channels_last))

    def __call__(
        self, x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], hint: Tensor, extras: Extras
    ) -> list[Tensor]:
        """The residuals for latents [B, C, h, w] of the down blocks, and last of the middle block.

        Rows with texts of different lengths are separate calls, since it has no mask for text.
        """
        parts: list[Tensor] = []
        lengths = [len(text) for text in texts]
        for length in dict.fromkeys(lengths):
            rows = torch.tensor([row for row, other in enumerate(lengths) if other == length], device=x.device)
            some = {kind: {name: each[rows] for name, each in values.items()} for kind, values in extras.items()}
            text = torch.stack([text for text in texts if len(text) == length])
            asked: tuple[Any, ...] = (x[rows], timesteps[rows], text, hint.expand(len(rows), -1, -1, -1))
            down, middle = self.module(*asked, return_dict=False, **some)
            found = [*down, middle]
            if len(rows) == len(x):
                return found
            parts = parts or [each.new_empty(len(x), *each.shape[1:]) for each in found]
            for part, each in zip(parts, found, strict=True):
                part[rows] = each
        return parts


def control_residuals(
    controls: Sequence[ControlCond], x: Tensor, timesteps: Tensor, texts: Sequence[Tensor], extras: Extras
) -> dict[str, Any]:
    """The residuals of `controls` for latents `x`, added up, as `UNet2DConditionModel` takes them."""
    total: list[Tensor] = []
    for control in controls:
        found = [each * control.scale for each in control.model(x, timesteps, texts, control.hint, extras)]
        total = [one + other for one, other in zip(total, found, strict=True)] if total else found
    if not total:
        return {}
    return {"down_block_additional_residuals": total[:-1], "mid_block_additional_residual": total[-1]}


def load_controlnet(path: Path, placement: Placement) -> ControlNet:
    """Load the ControlNet at `path`; raises `ModelBroken` for files that cannot be used."""
    path = path.parent if path.is_file() and (path.parent / "config.json").is_file() and _is_plain(path) else path
    try:
        module = _from_folder(path, placement) if path.is_dir() else _from_file(path, placement)
        return ControlNet(module, placement)
    except ModelBroken:
        raise
    except Exception as error:  # diffusers, safetensors and torch raise a dozen kinds for a bad file
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise controlnet_error(f"this ControlNet cannot be used: {why}", path) from error


def _is_plain(path: Path) -> bool:
    """Whether a file has the name that weights have within a diffusers folder."""
    return path.name.startswith("diffusion_pytorch_model.")


def controlnet_error(reason: str, path: Path) -> ModelBroken:
    return ModelBroken(reason, field="controlnet", value=str(path), hint=WHAT_WORKS)


def check_controlnet_fits(control: Any, unet: Any, factor: int, path: Path) -> None:
    """Raise `BadRequest` unless a ControlNet's configuration fits a network's, whose VAE has this `factor`."""
    for part in (
        "cross_attention_dim",
        "block_out_channels",
        "layers_per_block",
        "projection_class_embeddings_input_dim",
    ):
        mine, its = getattr(control, part, None), getattr(unet, part, None)
        mine, its = (tuple(each) if isinstance(each, list | tuple) else each for each in (mine, its))
        if mine != its:
            reason = f"it was made for {_called(control)}, and the model is {_called(unet)}"
            if _called(control) == _called(unet):
                reason = f"it was made for another network: its {part} is {mine}, the model's {its}"
            raise BadRequest(reason, field="controlnet", value=str(path), hint="take a ControlNet made for the model")
    reads = 2 ** (len(control.conditioning_embedding_out_channels) - 1)
    if reads != factor:
        reason = f"it sees {reads} pixels as one latent, and the model's VAE makes one of {factor}"
        raise BadRequest(reason, field="controlnet", value=str(path), hint="take a ControlNet made for the model")


def _called(network: Any) -> str:
    width = network.cross_attention_dim
    return READS.get(width, f"a model whose texts are {width} wide")


def _from_folder(folder: Path, placement: Placement) -> Any:
    from diffusers import ControlNetModel  # pyright: ignore[reportPrivateImportUsage]

    read_config(folder)
    half = {"variant": "fp16"} if any(map(is_half, weight_files(folder))) else {}
    loading = {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    loading |= {"low_cpu_mem_usage": False, "torch_dtype": placement.dtype}
    return check_loaded(ControlNetModel.from_pretrained(folder, **loading, **half))


def _from_file(path: Path, placement: Placement) -> Any:
    from diffusers import ControlNetModel  # pyright: ignore[reportPrivateImportUsage]
    from safetensors.torch import load_file

    weights = as_diffusers(load_file(path), path)
    config = controlnet_config({name: tuple(w.shape) for name, w in weights.items()})
    check_config(config, len(weights))
    with torch.device("meta"):  # numbers that are about to be replaced need not be drawn
        network = ControlNetModel(**config)
    cast = {name: weight.to(placement.dtype) for name, weight in weights.items()}
    missing, _ = network.load_state_dict(cast, strict=False, assign=True)
    if missing:
        raise controlnet_error(f"{len(missing)} of its weights are not in the file, {missing[0]} for one", path)
    return network


def as_diffusers(weights: Weights, path: Path) -> Weights:
    """The tensors of a file under the names of diffusers; raises `ModelBroken` if it is not a ControlNet."""
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    for start, what in OTHERS.items():
        if any(name.startswith(start) for name in weights):
            raise controlnet_error(f"this is {what}", path)
    if "controlnet_cond_embedding.conv_in.weight" in weights:
        return weights
    plain = {name.removeprefix(ORIGINAL): weight for name, weight in weights.items()}
    if "input_hint_block.0.weight" not in plain:
        raise controlnet_error("this is not a ControlNet: none of its tensors reads a picture", path)
    halving = next(
        n for n in range(1, count(plain, r"input_blocks\.(\d+)\.")) if f"input_blocks.{n}.0.op.weight" in plain
    )
    found: Weights = convert_controlnet_checkpoint(plain, {"layers_per_block": halving - 1})
    for old, new in ADDED.items():
        found |= {name.replace(old, new): weight for name, weight in plain.items() if name.startswith(old)}
    return found


def controlnet_config(shapes: Shapes) -> Config:
    """What `ControlNetModel` takes, from the shapes of its tensors as diffusers names them."""
    blocks = range(count(shapes, r"down_blocks\.(\d+)\."))
    depths = [count(shapes, rf"down_blocks\.{i}\.attentions\.0\.transformer_blocks\.(\d+)\.") for i in blocks]
    middle = count(shapes, r"mid_block\.attentions\.0\.transformer_blocks\.(\d+)\.")
    widths = tuple(shapes[f"down_blocks.{i}.resnets.0.conv1.weight"][0] for i in blocks)
    config: Config = {
        "in_channels": shapes["conv_in.weight"][1],
        "block_out_channels": widths,
        "layers_per_block": count(shapes, r"down_blocks\.0\.resnets\.(\d+)\."),
        "down_block_types": tuple("CrossAttnDownBlock2D" if depth else "DownBlock2D" for depth in depths),
        "mid_block_type": "UNetMidBlock2DCrossAttn" if middle else "UNetMidBlock2D",
        "transformer_layers_per_block": tuple(depth or 1 for depth in (*depths[:-1], depths[-1] or middle)),
        "conditioning_embedding_out_channels": _reader_widths(shapes),
        **_attention(shapes, widths),
    }
    sized = shapes.get("add_embedding.linear_1.weight")
    return config | (size_embedding_config(sized) if sized is not None else {})


def _reader_widths(shapes: Shapes) -> tuple[int, ...]:
    """The widths of the layers that read the picture, each half as large as the one before."""
    reader = "controlnet_cond_embedding."
    halvings = count(shapes, rf"{reader}blocks\.(\d+)\.") // 2
    later = (shapes[f"{reader}blocks.{2 * i + 1}.weight"][0] for i in range(halvings))
    return (shapes[f"{reader}conv_in.weight"][0], *later)


def _attention(shapes: Shapes, widths: tuple[int, ...]) -> Config:
    """Heads and texts."""
    text = next((shape[1] for name, shape in shapes.items() if name.endswith("attn2.to_k.weight")), None)
    projection = next((shape for name, shape in shapes.items() if name.endswith(".proj_in.weight")), ())
    return attention_config(widths, linear=len(projection) == 2) | ({"cross_attention_dim": text} if text else {})


class LoadedControlNets:
    """ControlNets for the network of the configuration `unet`, by name: each is read when it is first asked for.

    `factor` is the side in pixels of what the model's VAE makes one latent of.
    """

    def __init__(self, unet: Any, factor: int, placement: Placement) -> None:
        self.unet, self.factor, self.placement = unet, factor, placement
        self._held: tuple[ResolvedAddOn, ...] = ()
        self._loaded: dict[str, ControlNet] = {}

    def load(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        """Remember the ControlNets among `add_ons`, and forget all others."""
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
