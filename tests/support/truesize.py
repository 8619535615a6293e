"""Folders of random weights in the published shapes of SD 1.5, SD 2.1 and SDXL base, and smaller of the same build.

The networks are laid out without memory and their weights drawn tensor by tensor, so that a folder costs the memory of
its largest part. Every matrix keeps the variance of what goes through it: diffusers' own start would let the network
fall silent after a few layers, and then any two programs agree.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sdplay.families.common.tokenizer import SIZE, TOKENS
from tests.support.tokenizers import stock_tokenizer

Config = dict[str, Any]
ATTENDING, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The configurations of a model: network, text encoders, and what its codec departs from."""

    base: str
    unet: Config
    texts: tuple[Config, ...]
    vae: Config = field(default_factory=dict)
    prediction: str = "epsilon"
    dtype: torch.dtype = torch.float32


def text(width: int, layers: int, act: str, projection: int | None = None) -> Config:
    """A text encoder with heads of 64, as in every real one."""
    return {
        "vocab_size": SIZE,
        "hidden_size": width,
        "intermediate_size": 4 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 64,
        "max_position_embeddings": TOKENS,
        "projection_dim": projection or width,
        "hidden_act": act,
        "bos_token_id": SIZE - 2,
        "eos_token_id": SIZE - 1,
        "pad_token_id": SIZE - 1,
    }


SD15_UNET: Config = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
SD15 = Build(base="sd15", unet=SD15_UNET, texts=(text(768, 12, "quick_gelu"),))
# Every width halved and one layer a stage; the codec is cut further, for it is no part of the question.
HALVED = Build(
    base="sd15",
    unet=SD15_UNET
    | {
        "sample_size": 32,
        "block_out_channels": (160, 320, 640, 640),
        "layers_per_block": 1,
        "cross_attention_dim": 384,
    },
    texts=(text(384, 3, "quick_gelu"),),
    vae={"block_out_channels": (32, 64, 128, 128), "layers_per_block": 1, "sample_size": 256},
)
SD21 = Build(
    base="sd2",
    unet={
        "sample_size": 96,
        "cross_attention_dim": 1024,
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    texts=(text(1024, 23, "gelu"),),
    prediction="v_prediction",
)
SDXL = Build(
    base="sdxl",
    unet={
        "sample_size": 128,
        "cross_attention_dim": 2048,
        "attention_head_dim": (5, 10, 20),
        "block_out_channels": (320, 640, 1280),
        "down_block_types": (PLAIN, ATTENDING, ATTENDING),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 10),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
    texts=(text(768, 12, "quick_gelu"), text(1280, 32, "gelu", projection=1280)),
    vae={"scaling_factor": 0.13025, "sample_size": 1024},
    dtype=torch.bfloat16,
)
VAE: Config = {
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "latent_channels": 4,
    "sample_size": 512,
    "scaling_factor": 0.18215,
}


def build_true_size(folder: Path, build: Build, seed: int = 5) -> Path:
    """Write the diffusers folder of `build` with weights from `seed`, and return it."""
    from diffusers import EulerDiscreteScheduler

    random = torch.Generator().manual_seed(seed)
    for part, module in empty_parts(build).items():
        diffuser = hasattr(module, "save_config")
        name = "diffusion_pytorch_model" if diffuser else "model"
        (folder / part).mkdir(parents=True)
        module.save_config(folder / part) if diffuser else module.config.save_pretrained(folder / part)
        weights = {key: drawn(key, tuple(w.shape), random).to(build.dtype) for key, w in module.state_dict().items()}
        save_file(weights, folder / part / f"{name}.safetensors", {"format": "pt"})
    EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=build.prediction,
        timestep_spacing="leading",
        steps_offset=1,
    ).save_pretrained(folder / "scheduler")
    for name, pad in zip(("tokenizer", "tokenizer_2"), pads(build.base), strict=False):
        stock_tokenizer(pad).save_pretrained(folder / name)
    (folder / "model_index.json").write_text(json.dumps(index(build)))
    return folder


def empty_parts(build: Build) -> dict[str, nn.Module]:
    """The networks of `build`, without memory for their weights."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    first, *second = build.texts
    with torch.device("meta"):
        parts: dict[str, nn.Module] = {
            "text_encoder": CLIPTextModel(CLIPTextConfig(**first)),
            "unet": UNet2DConditionModel(**build.unet),
            "vae": AutoencoderKL(**VAE | build.vae),
        }
        for config in second:
            parts["text_encoder_2"] = CLIPTextModelWithProjection(CLIPTextConfig(**config))
    return parts


def drawn(name: str, shape: tuple[int, ...], random: torch.Generator) -> Tensor:
    """Weights of one tensor: norms near 1, biases small, embeddings of unit size, matrices that keep variance."""
    values = torch.empty(shape).uniform_(-1, 1, generator=random)
    if len(shape) == 1:
        return 1 + 0.1 * values if name.endswith("weight") else 0.1 * values
    if "embedding" in name and not name.startswith(("time_", "add_")):
        return values
    return values.mul_((3 / values[0].numel()) ** 0.5)


def pads(base: str) -> tuple[str, ...]:
    """What each tokenizer fills up with: OpenCLIP's with "!"."""
    return {"sd15": ("<|endoftext|>",), "sd2": ("!",), "sdxl": ("<|endoftext|>", "!")}[base]


def index(build: Build) -> Config:
    """`model_index.json` as the stock pipeline writes it."""
    found: Config = {
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    if build.base == "sdxl":
        return found | {
            "_class_name": "StableDiffusionXLPipeline",
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
            "force_zeros_for_empty_prompt": True,
        }
    nothing = {part: [None, None] for part in ("feature_extractor", "image_encoder", "safety_checker")}
    return found | nothing | {"_class_name": "StableDiffusionPipeline", "requires_safety_checker": False}


class Widen(nn.Module):
    """bfloat16 as float32, of which it is the upper half: nothing is lost."""

    def forward(self, weight: Tensor) -> Tensor:
        return weight.float()


def widened(network: nn.Module) -> None:
    """Let a network stored in bfloat16 calculate in float32: a layer widens its weights whenever it reads them.

    So what is held is bfloat16, and only the layer at work takes the memory of float32.
    """
    for layer in list(network.modules()):
        for name, _ in list(layer.named_parameters(recurse=False)):
            parametrize.register_parametrization(layer, name, Widen(), unsafe=True)
