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


def pack(work: Path, averaged: str | None, folder: Path) -> float:
    """Write the codec in float16, and where `averaged` is named network and text encoder too; returns their MB."""
    sources = {"vae": work / "vae"}
    if averaged is not None:
        sources |= {part: work / averaged / part for part in ("unet", "text_encoder")}
    for part, source in sources.items():
        name, weights, text = PARTS[part]
        export_part(source, folder / name, weights, text=text)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def unpack(folder: Path, work: Path, tokenizer: Path) -> None:
    """Lay the codec, a model's tokenizer, and the network (as `begun`, where there is one) into a work folder."""
    shutil.copytree(folder / "vae", work / "vae", dirs_exist_ok=True)
    shutil.copytree(tokenizer, work / "tokenizer", dirs_exist_ok=True)
    for part in ("unet", "text_encoder"):
        if (folder / part).is_dir():
            shutil.copytree(folder / part, work / "begun" / part, dirs_exist_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--pack", action="store_true", help="write the codec of the work folder into the repository")
    parser.add_argument("--averaged", help="with --pack: this folder's network and text encoder too")
    asked = parser.parse_args()
    if not asked.pack:
        unpack(FOLDER, asked.work, BUILTIN / "tokenizer")
        return
    print(f"{pack(asked.work, asked.averaged, FOLDER):.1f} MB -> {FOLDER}")


if __name__ == "__main__":
    main()
