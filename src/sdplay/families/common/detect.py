"""What kind of Stable Diffusion the files hold, found in the tensors and never in the name. Imports no torch."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol, TypeVar

from sdplay.core.errors import shorten
from sdplay.families.common.checkpoint_names import UNET, VAE, original_names
from sdplay.files.model_files import Header, TensorEntry, broken, read_header, read_json, read_tensors, weight_files

Shapes = Mapping[str, tuple[int, ...]]
T = TypeVar("T")
Prediction = Literal["epsilon", "v_prediction"]

FIRST_OF_VAE = "decoder.conv_in.weight"  # [out, latent channels, h, w], by the same name in all layouts
OTHER_KINDS = {  # the beginning of a tensor's name, and what a file with such a tensor is
    "lora_unet_": "a LoRA, which changes a model but is not one",
    "lora_te": "a LoRA, which changes a model but is not one",
    "control_model.": "a ControlNet, which steers a model but is not one",
    "emb_params": "a textual inversion, a word for a model, not a model",
    "clip_g": "a textual inversion, a word for a model, not a model",
    "encoder.conv_in.weight": "a VAE alone",
    FIRST_OF_VAE: "a VAE alone",
    "model.diffusion_model.double_blocks.": "a Flux model, which this program cannot draw with",
    "double_blocks.": "a Flux model, which this program cannot draw with",
    "model.diffusion_model.joint_blocks.": "a Stable Diffusion 3 model, which this program cannot draw with",
    "down_blocks.": "the U-Net of a diffusers folder alone: give the folder that its folder is in",
    "input_blocks.": "a U-Net alone, without a text encoder and a VAE",
}
OTHER_NOISE = {  # the beginning of a tensor's name, and what it says of the noise that the network was trained with
    "edm_mean": "Playground v2.5's, in EDM's form",
    "edm_std": "Playground v2.5's, in EDM's form",
    "edm_vpred": "CosXL's, in EDM's form",
}
MOST_LORA_TENSORS = 50_000  # those of all layers of SDXL are 6,000
ZERO_SNR = "ztsnr"  # a tensor of this name: at the last step of training nothing was left of the picture
CAN_DRAW = "this program draws with Stable Diffusion 1.x, 2.x and SDXL base, and their inpainting models"
LINEAR_V = 0.09  # above it the last norm's bias of an SD 2.x network betrays v-prediction (found by ComfyUI's authors)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEncoderFiles:
    """A text encoder: its folder's name (`component`), and its place in a single file, under the names of OpenAI's CLIP
    or of OpenCLIP.

    `pad` is the token that fills up a text. `projected`: its pooled text is used; without it, its last layer is not.
    """

    component: str
    root: str
    layout: Literal["clip", "open_clip"]
    pad: str = "<|endoftext|>"
    projected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What sets the files of one kind of model apart. `name` is its card's, `family` the room here that loads it.

    Its U-Net is recognised by `size_embedding` (it reads the pooled text and the picture's size), else by
    `linear_projection` (around attention; without it 1×1 convolutions). `scaling_factor` is that of its latents, which
    single files do not hold. `v_size` is the side in pixels of those that predict v, None if their weights do not
    betray it. `without_text` is what a file without its last text encoder is.
    """

    name: str
    family: str
    size_embedding: bool = False
    linear_projection: bool
    text_encoders: tuple[TextEncoderFiles, ...]
    scaling_factor: float
    v_size: int | None = None
    without_text: str = ""

    @property
    def prefixes(self) -> dict[str, str]:
        """Where each network is in a single file, by its component's name."""
        return {"unet": UNET, "vae": VAE, **{each.component: each.root for each in self.text_encoders}}

    def recognises(self, *, linear: bool, sized: bool) -> bool:
        return self.size_embedding == sized and (sized or self.linear_projection == linear)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelKind:
    """An architecture, and whether it is an `inpainting` model, whose U-Net also reads a mask and a picture.

    `prediction` is what the U-Net of a single file was trained to predict, and `zero_snr` that its noise left nothing
    of a picture at last; a folder says so in its scheduler file. `has_vae`: a VAE is among its files.
    """

    architecture: Architecture
    inpainting: bool = False
    prediction: Prediction = "epsilon"
    zero_snr: bool = False
    has_vae: bool = True


def detect_folder(folder: Path, known: Sequence[Architecture]) -> ModelKind:
    """The kind of a diffusers folder: from the tensors of its U-Net, or without them from its configuration."""
    shapes = shapes_of(read_tensors(weight_files(folder / "unet")))
    if shapes:
        channels = shapes.get("conv_in.weight", (0, 4))[1]
        linear, sized = _linear(shapes, "down_blocks."), "add_embedding.linear_1.weight" in shapes
    else:
        config = read_json(folder / "unet" / "config.json")
        channels, linear = config.get("in_channels", 4), config.get("use_linear_projection", False)
        sized = config.get("addition_embed_type") == "text_time"
    architecture = _recognised(known, linear=linear, sized=sized)
    if architecture.without_text and not (folder / architecture.text_encoders[0].component).is_dir():
        raise broken(f"this is {architecture.without_text}", folder, CAN_DRAW)
    return ModelKind(
        architecture=architecture,
        inpainting=_inpaints(channels, _latent_channels(folder, shapes), folder),
        has_vae=(folder / "vae" / "config.json").is_file() or bool(weight_files(folder / "vae")),
    )


def _latent_channels(folder: Path, unet: Shapes) -> int:
    """Those of the VAE in a diffusers folder, else those that its U-Net draws; 4 if neither says."""
    first = read_tensors(weight_files(folder / "vae")).get(FIRST_OF_VAE)
    if first is not None:
        return first.shape[1]
    config = folder / "vae" / "config.json"
    drawn = unet.get("conv_out.weight", (4,))[0]
    return int(read_json(config).get("latent_channels", 4)) if config.is_file() else drawn


def detect_file(path: Path, known: Sequence[Architecture]) -> ModelKind:
    """The kind of a single file in the layout of the original releases; raises `ModelBroken` for any other."""
    header = read_checkpoint(path)
    shapes = shapes_of(header.tensors)
    first = shapes.get(UNET + "input_blocks.0.0.weight")
    if first is None:
        other = other_kind(shapes)
        raise broken(f"this is {other}" if other else "no known kind of model has such tensors", path, CAN_DRAW)
    if len(first) != 4:
        raise broken(f"the first layer of its U-Net is {first}, and no convolution", path)
    linear, sized = _linear(shapes, UNET + "input_blocks."), UNET + "label_emb.0.0.weight" in shapes
    architecture = _recognised(known, linear=linear, sized=sized)
    inpainting = _inpaints(first[1], _single_file_latent_channels(shapes), path)
    text = architecture.text_encoders[-1].root
    if not any(name.startswith(text) for name in shapes):
        if architecture.without_text:
            raise broken(f"this is {architecture.without_text}", path, CAN_DRAW)
        raise broken(f"the model's text encoder is missing ({text}…)", path, "fetch the whole checkpoint")
    _check_noise(shapes, path)
    prediction = _prediction(header, looks=architecture.v_size is not None and not inpainting)
    if ZERO_SNR in shapes and prediction == "epsilon":
        reason = f"it holds {ZERO_SNR}, noise that leaves nothing of a picture, and predicts epsilon"
        raise broken(reason, path, f"choose another model: {CAN_DRAW}")
    return ModelKind(
        architecture=architecture,
        inpainting=inpainting,
        prediction=prediction,
        zero_snr=ZERO_SNR in shapes,
        has_vae=any(name.startswith(VAE) for name in shapes),
    )


def read_checkpoint(path: Path) -> Header:
    """The header of a single file, with its tensors under the names of the original releases."""
    header = read_header(path)
    return replace(header, tensors=original_names(header.tensors))


def _single_file_latent_channels(shapes: Shapes) -> int:
    """Those of the VAE in a single file, else those that its U-Net draws; 4 if neither says."""
    for name, side in ((VAE + FIRST_OF_VAE, 1), (UNET + "out.2.weight", 0)):
        if len(shapes.get(name, ())) == 4:
            return shapes[name][side]
    return 4


def _check_noise(shapes: Shapes, path: Path) -> None:
    """Raise `ModelBroken` for a network that was trained with noise of another kind than the original releases."""
    for start, noise in OTHER_NOISE.items():
        said = next((name for name in shapes if name.startswith(start)), None)
        if said is not None:
            reason = f"its noise is {noise} (it holds {said}), and this program cannot draw with that"
            raise broken(reason, path, f"choose another model: {CAN_DRAW}")


def other_kind(shapes: Shapes) -> str:
    """What a file with tensors of these `shapes` is that is not a whole model; "" if unknown."""
    return next((what for start, what in OTHER_KINDS.items() if any(name.startswith(start) for name in shapes)), "")


def _recognised(known: Sequence[Architecture], *, linear: bool, sized: bool) -> Architecture:
    return next(each for each in known if each.recognises(linear=linear, sized=sized))


def _linear(shapes: Shapes, blocks: str) -> bool:
    """Whether attention is projected with matrices."""
    projections = [s for name, s in shapes.items() if name.startswith(blocks) and name.endswith(".proj_in.weight")]
    return bool(projections) and len(projections[0]) == 2


def _inpaints(channels: int, latent_channels: int, path: Path) -> bool:
    """Whether a U-Net that reads `channels` is one for inpainting; raises `ModelBroken` for one of other kinds."""
    if reads_mask(channels, latent_channels) or channels == latent_channels:
        return channels != latent_channels
    more = {1: "depth to image", 3: "the upscaler", latent_channels: "instructions (InstructPix2Pix)"}
    known = more.get(channels - latent_channels, "something else")
    reason = f"its U-Net reads {channels} channels, its latents have {latent_channels}: a model for {known}"
    raise broken(reason, path, CAN_DRAW)


def reads_mask(channels: int, latent_channels: int) -> bool:
    """Whether a U-Net reads a mask and the latents of the rest of the picture beside the noisy latents."""
    return channels == 2 * latent_channels + 1


def _prediction(header: Header, *, looks: bool) -> Prediction:
    """What the U-Net of a single file predicts: what its maker says, else if it `looks` there, what weights betray."""
    stated = header.metadata.get("modelspec.prediction_type", "").strip().casefold().replace("-", "_")
    if stated in {"v", "v_pred", "v_prediction"} or "v_pred" in header.tensors:
        return "v_prediction"
    if stated not in {"", "eps", "epsilon"}:
        reason = f"it was trained to predict {shorten(stated)}, and this program draws with epsilon and v"
        raise broken(reason, header.path, f"choose another model: {CAN_DRAW}")
    if stated or not looks:
        return "epsilon"
    blocks = [name for name in header.tensors if name.startswith(UNET + "output_blocks.")]
    last = max((int(name.removeprefix(UNET).split(".")[1]) for name in blocks), default=0)
    bias = f"{UNET}output_blocks.{last}.1.transformer_blocks.0.norm1.bias"
    if bias in header.tensors and statistics.pstdev(header.floats(bias)) > LINEAR_V:
        return "v_prediction"
    return "epsilon"


def component_tensors(path: Path, architecture: Architecture) -> dict[str, dict[str, TensorEntry]]:
    """The tensors of each network of a folder or single file: by component ("unet", "vae", "text_encoder", …), and
    then by their names below it.
    """
    if path.is_dir():
        return {part: read_tensors(weight_files(path / part)) for part in architecture.prefixes}
    tensors = read_checkpoint(path).tensors
    return {part: below(tensors, prefix) for part, prefix in architecture.prefixes.items()}


def below(tensors: Mapping[str, T], prefix: str) -> dict[str, T]:
    """Those whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)}


class Shaped(Protocol):
    """A tensor, or what the header of a file says of one."""

    @property
    def shape(self) -> tuple[int, ...]: ...


def shapes_of(tensors: Mapping[str, Shaped]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
