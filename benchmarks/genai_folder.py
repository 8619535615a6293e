"""The folder of a model as OpenVINO GenAI reads it: `python -m benchmarks.genai_folder MODEL FOLDER`.

Its networks are those of stock diffusers, converted by OpenVINO; the tokenizer is converted by `openvino_tokenizers`.
What `optimum-cli export openvino` makes has the same names.
"""

# pyright: reportPrivateImportUsage=false, reportUnknownMemberType=false, reportMissingImports=false

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import openvino
import torch
from torch import Tensor, nn

FILE = "openvino_model.xml"


class Unet(nn.Module):
    """The network with what it is given by position, and one tensor for an answer."""

    def __init__(self, unet: Any) -> None:
        super().__init__()
        self.unet = unet

    def forward(self, sample: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> Tensor:
        return self.unet(sample, timestep, encoder_hidden_states, return_dict=False)[0]


class Decoder(nn.Module):
    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, latent_sample: Tensor) -> Tensor:
        return self.vae.decode(latent_sample, return_dict=False)[0]


class Text(nn.Module):
    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.encoder(input_ids)[0]


def convert(module: nn.Module, inputs: dict[str, Tensor], dynamic: dict[str, list[int]], file: Path) -> None:
    """Write the network in OpenVINO's format, with inputs of these names and shapes (−1: any)."""
    with torch.no_grad():
        model = openvino.convert_model(module.eval(), example_input=inputs)
    for port, (name, shape) in zip(model.inputs, dynamic.items(), strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_partial_shape(openvino.PartialShape(shape))
    model.validate_nodes_and_infer_types()
    openvino.save_model(model, file, compress_to_fp16=False)


def write_folder(source: Path, folder: Path) -> None:
    """Convert the diffusers folder `source`."""
    from diffusers import StableDiffusionPipeline
    from openvino_tokenizers import convert_tokenizer

    pipe: Any = StableDiffusionPipeline.from_pretrained(source, safety_checker=None, local_files_only=True)
    for part in ("scheduler", "tokenizer", "unet", "text_encoder"):
        shutil.copytree(
            source / part, folder / part, ignore=shutil.ignore_patterns("*.safetensors"), dirs_exist_ok=True
        )
    (folder / "vae_decoder").mkdir(exist_ok=True)
    shutil.copyfile(source / "vae" / "config.json", folder / "vae_decoder" / "config.json")
    shutil.copyfile(source / "model_index.json", folder / "model_index.json")
    channels, side = pipe.unet.config.in_channels, pipe.unet.config.sample_size
    width, tokens = pipe.unet.config.cross_attention_dim, pipe.tokenizer.model_max_length
    latents = torch.zeros(2, channels, side, side)
    ids = torch.zeros(1, tokens, dtype=torch.int64)
    convert(Text(pipe.text_encoder), {"input_ids": ids}, {"input_ids": [-1, tokens]}, folder / "text_encoder" / FILE)
    convert(
        Unet(pipe.unet),
        {"sample": latents, "timestep": torch.tensor([1]), "encoder_hidden_states": torch.zeros(2, tokens, width)},
        {"sample": [-1, channels, -1, -1], "timestep": [1], "encoder_hidden_states": [-1, -1, width]},
        folder / "unet" / FILE,
    )
    convert(
        Decoder(pipe.vae),
        {"latent_sample": latents[:1]},
        {"latent_sample": [-1, channels, -1, -1]},
        folder / "vae_decoder" / FILE,
    )
    tokenizer = convert_tokenizer(pipe.tokenizer, with_detokenizer=False)
    openvino.save_model(tokenizer, folder / "tokenizer" / "openvino_tokenizer.xml")


if __name__ == "__main__":
    write_folder(Path(sys.argv[1]), Path(sys.argv[2]))
