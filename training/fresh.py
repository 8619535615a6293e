"""Measure a network on pictures that no training saw: its v-loss at several levels of noise, the same for all networks.

The loss that a training prints is that of its own pool, which changes and is learned by heart. This one tells whether
anything is learned: it fell by nothing for 170,000 pictures while gradients were lost.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from training.latents import frozen
from training.noise import v_loss, with_noise
from training.pictures import load
from training.pool import Pool
from training.tokenizer import POSITIONS

LEVELS = (100, 250, 400, 550, 700, 850, 980)
COUNT, SEED, AT_ONCE = 512, 4242, 64


def fresh(work: Path, often: float) -> tuple[Tensor, list[str]]:
    """(latents [COUNT, C, h, w], words) of pictures from a seed that no training takes; kept in the work folder."""
    path = work / f"fresh-{often:g}.pt"
    if not path.exists():
        chooser, painter, _ = load(work, often=often)
        pool = Pool(chooser, painter, frozen(work / "vae"), COUNT, seed=SEED)
        while len(pool) < COUNT:
            pool.make(16)
        torch.save(pool.state(), path)
    state = torch.load(path, weights_only=True)
    return state["latents"].float(), [wordings[0] for wordings in json.loads(state["words"])]


@torch.no_grad()
def losses(folder: Path, clean: Tensor, words: list[str], tokenizer: CLIPTokenizer) -> list[float]:
    """The mean v-loss at each of `LEVELS` of the networks in `folder`, always with the same noise."""
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", low_cpu_mem_usage=False).float().eval()
    text = CLIPTextModel.from_pretrained(folder / "text_encoder").float().eval()
    tokens = tokenizer(words, padding="max_length", truncation=True, max_length=POSITIONS, return_tensors="pt")
    noises, found = torch.Generator().manual_seed(3), list[float]()
    with torch.autocast("cpu", torch.bfloat16):
        said = torch.cat([text(some)[0] for some in tokens.input_ids.split(AT_ONCE)])
        for level in LEVELS:
            noise, t = torch.randn(clean.shape, generator=noises), torch.full((len(clean),), level)
            noisy = with_noise(clean, noise, t).contiguous(memory_format=torch.channels_last)
            parts = zip(noisy.split(AT_ONCE), said.split(AT_ONCE), strict=True)
            out = torch.cat([unet(z, level, to).sample for z, to in parts])
            found.append(float(v_loss(out, clean, noise, t)[1]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="with unet and text_encoder: `denoiser-averaged`, say")
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--often", type=float, default=4.0, help="as in training.denoiser")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = CLIPTokenizer.from_pretrained(asked.work / "tokenizer", model_max_length=POSITIONS)
    clean, words = fresh(asked.work, asked.often)
    print("levels", *LEVELS)
    for folder in asked.folders:
        found = losses(folder, clean, words, tokenizer)
        print(folder.name, " ".join(f"{loss:.4f}" for loss in found), f"mean {np.mean(found):.4f}", flush=True)


if __name__ == "__main__":
    main()
