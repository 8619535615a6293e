"""Which kind of Stable Diffusion the files hold, found in the tensors and never in the name."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from sdplay.library.header import Header, broken, read_header

Base = Literal["sd15", "sd2", "sdxl"]
Shapes = Mapping[str, tuple[int, ...]]

UNET = "model.diffusion_model."
OTHER_KINDS = {  # the beginning of a name of a tensor, and what a file with such a tensor is
    "lora_unet_": "a LoRA, which changes a model but is not one",
    "lora_te": "a LoRA, which changes a model but is not one",
    "control_model.": "a ControlNet, which steers a model but is not one",
    "emb_params": "a textual inversion, a word for a model, not a model",
    "clip_g": "a textual inversion, a word for a model, not a model",
    "encoder.conv_in.weight": "a codec (VAE) alone",
    "decoder.conv_in.weight": "a codec (VAE) alone",
    "model.diffusion_model.double_blocks.": "a Flux model, which this program cannot draw with",
    "double_blocks.": "a Flux model, which this program cannot draw with",
    "model.diffusion_model.joint_blocks.": "a Stable Diffusion 3 model, which this program cannot draw with",
    "down_blocks.": "the network of a diffusers folder alone: give the folder that its folder is in",
    "input_blocks.": "a denoising network alone, without a text encoder and a codec",
}
CAN_DRAW = "this program draws with Stable Diffusion 1.x, 2.x and SDXL base, and their inpainting models"
LINEAR_V = 0.09  # above it the last norm's bias of an SD 2.x network betrays v-prediction (found by ComfyUI's authors)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKind:
    """`base` names the card with its defaults; `inpainting` models read a mask and a picture in 5 more channels.

    `prediction` is what the network of a single file was trained to predict; a folder says so in its scheduler file.
    """

    base: Base
    inpainting: bool = False
    prediction: Literal["epsilon", "v_prediction"] = "epsilon"

    @property
    def family(self) -> str:
        return "sdxl" if self.base == "sdxl" else "sd"


def detect_folder(folder: Path) -> ModelKind:
    """The kind of a diffusers folder, from the tensors of its unet, or its configuration where no tensors are there."""
    files = weight_files(folder / "unet")
    if files:
        tensors = {name: entry.shape for file in files for name, entry in read_header(file).tensors.items()}
        kind = _kind(
            folder,
            channels=tensors.get("conv_in.weight", (0, 4))[1],
            linear=_linear(tensors, "down_blocks."),
            added=tensors.get("add_embedding.linear_1.weight"),
        )
    else:
        config = read_json(folder / "unet" / "config.json")
        kind = _kind(
            folder,
            channels=config.get("in_channels", 4),
            linear=config.get("use_linear_projection", False),
            added=(0,) if config.get("addition_embed_type") == "text_time" else None,
        )
    if kind.base == "sdxl" and not (folder / "text_encoder").is_dir():
        raise broken("this is an SDXL refiner, which finishes pictures that another model began", folder, CAN_DRAW)
    return kind


def detect_file(path: Path) -> ModelKind:
    """The kind of a single file in the layout of the original releases; raises `ModelBroken` for any other."""
    header = read_header(path)
    shapes = {name: entry.shape for name, entry in header.tensors.items()}
    start = shapes.get(UNET + "input_blocks.0.0.weight")
    if start is None:
        found = next((kind for name, kind in OTHER_KINDS.items() if any(key.startswith(name) for key in shapes)), None)
        raise broken(f"this is {found}" if found else "no model that is known here has such tensors", path, CAN_DRAW)
    kind = _kind(
        path,
        channels=start[1],
        linear=_linear(shapes, UNET + "input_blocks."),
        added=shapes.get(UNET + "label_emb.0.0.weight"),
    )
    parts = {"codec": "first_stage_model.", "text encoder": TEXT_ENCODERS[kind.base]}
    if kind.base == "sdxl" and not any(name.startswith(parts["text encoder"]) for name in shapes):
        raise broken("this is an SDXL refiner, or an SDXL model without its text encoders", path, CAN_DRAW)
    for part, prefix in parts.items():
        if not any(name.startswith(prefix) for name in shapes):
            raise broken(f"the file lacks the model's {part} ({prefix}…)", path, "fetch the whole checkpoint")
    return ModelKind(base=kind.base, inpainting=kind.inpainting, prediction=_prediction(header, kind))


TEXT_ENCODERS = {"sd15": "cond_stage_model.", "sd2": "cond_stage_model.model.", "sdxl": "conditioner.embedders.1."}


def _kind(path: Path, *, channels: int, linear: bool, added: tuple[int, ...] | None) -> ModelKind:
    """SDXL adds size and pooled text to the time; SD 2.x projects with matrices where SD 1.x convolves by 1×1."""
    if channels not in {4, 9}:
        known = {5: "depth to image", 7: "the upscaler", 8: "instructions (InstructPix2Pix)"}
        reason = f"its network reads {channels} channels: a model for {known.get(channels, 'something else')}"
        raise broken(reason, path, CAN_DRAW)
    return ModelKind(base="sdxl" if added is not None else "sd2" if linear else "sd15", inpainting=channels == 9)


def _linear(shapes: Shapes, where: str) -> bool:
    projections = [s for name, s in shapes.items() if name.startswith(where) and name.endswith(".proj_in.weight")]
    return bool(projections) and len(projections[0]) == 2


def _prediction(header: Header, kind: ModelKind) -> Literal["epsilon", "v_prediction"]:
    """What the network of a single file predicts: what its maker says, else what its weights betray."""
    said = header.metadata.get("modelspec.prediction_type", "").casefold()
    if said in {"v", "v_prediction"} or "v_pred" in header.tensors:
        return "v_prediction"
    if said or kind.base != "sd2" or kind.inpainting:
        return "epsilon"
    blocks = [name for name in header.tensors if name.startswith(UNET + "output_blocks.")]
    last = max((int(name.removeprefix(UNET).split(".")[1]) for name in blocks), default=0)
    telling = f"{UNET}output_blocks.{last}.1.transformer_blocks.0.norm1.bias"
    if telling in header.tensors and statistics.pstdev(header.floats(telling)) > LINEAR_V:
        return "v_prediction"
    return "epsilon"


def weight_files(part: Path) -> list[Path]:
    """The `.safetensors` files a part is loaded from: the plain ones, else those of half precision (`.fp16.`)."""
    found = sorted(part.glob("*.safetensors")) if part.is_dir() else []
    plain = [path for path in found if len(path.suffixes) == 1]
    return plain or [path for path in found if is_half(path)]


def is_half(path: Path) -> bool:
    """Whether a file is the half-precision variant of a part, whole or one of its pieces."""
    return any(suffix.startswith(".fp16") for suffix in path.suffixes)


def read_json(path: Path) -> dict[str, Any]:
    """A configuration file; raises `ModelBroken` where it cannot be read or is no mapping."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise broken(
            f"its {path.parent.name}/{path.name} cannot be read: {type(error).__name__}: {error}", path
        ) from None
    if not isinstance(found, dict):
        raise broken(f"its {path.parent.name}/{path.name} holds no settings", path)
    return cast(dict[str, Any], found)
