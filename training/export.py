"""Write the built-in model: an ordinary SD 1.x diffusers folder in float16 that stock tools load."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

BUILTIN = Path(__file__).parent.parent / "src" / "sdplay" / "models" / "builtin"
LARGEST_MB = 60.0

SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
    "steps_offset": 1,
    "clip_sample": False,
    "set_alpha_to_one": False,
}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "requires_safety_checker": False,
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
    "safety_checker": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.half().contiguous() if t.is_floating_point() else t for name, t in tensors.items()}


def with_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The text encoder's keys as every SD tool expects them; transformers 5 writes them without the prefix."""
    named = {n if n.startswith("text_model.") else f"text_model.{n}": t for n, t in tensors.items()}
    positions = named["text_model.embeddings.position_embedding.weight"].size(0)
    return {**named, "text_model.embeddings.position_ids": torch.arange(positions)[None]}


def export_part(source: Path, target: Path, weights: str, *, text: bool = False) -> None:
    target.mkdir(parents=True, exist_ok=True)
    tensors = load_file(source / weights)
    save_file(halved(with_prefix(tensors) if text else tensors), target / weights, metadata={"format": "pt"})
    config = json.loads((source / "config.json").read_text())
    for machine_bound in ("_name_or_path",):
        config.pop(machine_bound, None)
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def export(work: Path, folder: Path, averaged: str = "denoiser-averaged") -> float:
    """Write all parts below `folder`; returns the size in MB and raises when it is over the limit."""
    export_part(work / averaged / "unet", folder / "unet", "diffusion_pytorch_model.safetensors")
    export_part(work / averaged / "text_encoder", folder / "text_encoder", "model.safetensors", text=True)
    export_part(work / "vae", folder / "vae", "diffusion_pytorch_model.safetensors")
    (folder / "tokenizer").mkdir(exist_ok=True)
    for path in sorted((work / "tokenizer").iterdir()):
        shutil.copyfile(path, folder / "tokenizer" / path.name)
    (folder / "scheduler").mkdir(exist_ok=True)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(SCHEDULER, indent=2) + "\n")
    (folder / "model_index.json").write_text(json.dumps(INDEX, indent=2) + "\n")
    megabytes = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6
    if megabytes > LARGEST_MB:
        raise SystemExit(f"{folder} holds {megabytes:.1f} MB, more than {LARGEST_MB} MB")
    return megabytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--folder", type=Path, default=BUILTIN)
    parser.add_argument("--averaged", default="denoiser-averaged", help="folder of weights in the work folder")
    asked = parser.parse_args()
    print(f"{asked.folder}: {export(asked.work, asked.folder, asked.averaged):.1f} MB")


if __name__ == "__main__":
    main()
