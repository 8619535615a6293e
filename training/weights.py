"""Pack the weights of a training into float16 files that can be committed, and unpack them to go on from."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from training.export import BUILTIN, export_part

FOLDER = Path(__file__).with_name("weights")
PARTS = {
    "vae": ("vae", "diffusion_pytorch_model.safetensors", False),
    "unet": ("unet", "diffusion_pytorch_model.safetensors", False),
    "text_encoder": ("text_encoder", "model.safetensors", True),
}


def pack(work: Path, averaged: str, folder: Path) -> float:
    """Write codec, network and text encoder in float16; returns their size in MB."""
    sources = {
        "vae": work / "vae",
        "unet": work / averaged / "unet",
        "text_encoder": work / averaged / "text_encoder",
    }
    for part, (name, weights, text) in PARTS.items():
        if (sources[part] / weights).exists():
            export_part(sources[part], folder / name, weights, text=text)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def unpack(folder: Path, work: Path, tokenizer: Path) -> None:
    """Lay the codec, the network as `begun`, and a model's tokenizer into a work folder."""
    shutil.copytree(folder / "vae", work / "vae", dirs_exist_ok=True)
    shutil.copytree(tokenizer, work / "tokenizer", dirs_exist_ok=True)
    for part in ("unet", "text_encoder"):
        if (folder / part).is_dir():
            shutil.copytree(folder / part, work / "begun" / part, dirs_exist_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--pack", metavar="AVERAGED", help="folder of averaged weights in the work folder")
    asked = parser.parse_args()
    if asked.pack is None:
        unpack(FOLDER, asked.work, BUILTIN / "tokenizer")
        return
    print(f"{pack(asked.work, asked.pack, FOLDER):.1f} MB -> {FOLDER}")


if __name__ == "__main__":
    main()
