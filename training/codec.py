"""Train the codec: a small AutoencoderKL (f = 8) on all the art, over random backgrounds, colours and mirrors."""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from training.art import load_art
from training.muon import Muon

HELD_OUT = 64
KL_WEIGHT = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecSettings:
    channels: tuple[int, ...] = (16, 32, 64, 128)
    latent_channels: int = 4
    batch: int = 8
    lr: float = 2e-3
    threads: int = 2
    optimizer: str = "muon"


def new_codec(settings: CodecSettings) -> AutoencoderKL:
    levels = len(settings.channels)
    return AutoencoderKL(
        block_out_channels=settings.channels,
        layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        latent_channels=settings.latent_channels,
        norm_num_groups=8,
        sample_size=128,
        mid_block_add_attention=False,
    ).to(memory_format=torch.channels_last)


def compose(art: NDArray[np.uint8], backgrounds: Tensor) -> Tensor:
    """Premultiplied art [B, H, W, 4] over plain colours [B, 3, 1, 1] in 0..1; returns pixels [B, 3, H, W] in -1..1."""
    rgba = torch.from_numpy(art.astype(np.float32) / 255).permute(0, 3, 1, 2)
    pixels = (rgba[:, :3] + (1 - rgba[:, 3:]) * backgrounds) * 2 - 1
    return pixels.contiguous(memory_format=torch.channels_last)


def split(count: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices to train on and `HELD_OUT` to measure on, the same for every run."""
    held = np.random.default_rng(seed).choice(count, HELD_OUT, replace=False)
    return np.setdiff1d(np.arange(count), held), held


def loss_of(pixels: Tensor, decoded: Tensor) -> Tensor:
    """L1 + 4·MSE + half the L1 of the horizontal and vertical gradients: the second pulls PSNR, the third edges."""
    error = decoded - pixels
    gradient = error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()
    return error.abs().mean() + 4 * error.square().mean() + 0.5 * gradient


@torch.no_grad()
def measure(codec: AutoencoderKL, pixels: Tensor) -> tuple[float, Tensor]:
    """Mean PSNR in dB over pictures, and the reconstructions."""
    with torch.autocast("cpu", torch.bfloat16):
        decoded = codec.decode(codec.encode(pixels).latent_dist.mode()).sample
    decoded = decoded.float().clamp(-1, 1)
    mse = ((decoded - pixels) / 2).square().mean((1, 2, 3))
    return float((-10 * torch.log10(mse)).mean()), decoded


def save_sheet(path: Path, rows: list[Tensor]) -> None:
    sheet = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    array = sheet.add(1).mul(127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    Image.fromarray(array).save(path)


def train(work: Path, name: str, settings: CodecSettings, seconds: float) -> None:
    """Train for `seconds` of wall time (cosine over them); goes on from the checkpoint when there is one."""
    torch.set_num_threads(settings.threads)
    art, _ = load_art(work)
    train_on, held = split(len(art))
    held_pixels = compose(np.asarray(art[held]), torch.ones(HELD_OUT, 3, 1, 1))
    torch.manual_seed(0)
    codec = new_codec(settings)
    matrices = [p for n, p in codec.named_parameters() if p.ndim > 1 and p.size(0) > 3 and p[0].numel() > 64]
    chosen = {id(p) for p in matrices}
    others = [p for p in codec.parameters() if id(p) not in chosen]
    if settings.optimizer == "adamw":
        matrices, others = [], list(codec.parameters())
    optimizer = Muon(matrices, others, lr=settings.lr)
    step, spent, checkpoint = 0, 0.0, work / f"{name}.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        codec.load_state_dict(state["codec"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    rng = np.random.default_rng(1000 + step)
    started, saved = time.monotonic() - spent, time.monotonic()
    while (elapsed := time.monotonic() - started) < seconds:
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, elapsed / seconds)))
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * min(1.0, (step + 1) / 100) * (0.98 * cosine + 0.02)
        rows = np.sort(rng.choice(train_on, settings.batch))
        plain = torch.from_numpy(rng.random((settings.batch, 3, 1, 1), dtype=np.float32))
        plain[torch.from_numpy(rng.random(settings.batch) < 0.4)] = 1.0
        pixels = compose(np.asarray(art[rows]), plain)
        pixels = pixels.flip(3) if rng.random() < 0.5 else pixels
        if rng.random() < 0.3:
            pixels = pixels[:, torch.from_numpy(rng.permutation(3))].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            posterior = codec.encode(pixels).latent_dist
            decoded = codec.decode(posterior.sample()).sample
        loss = loss_of(pixels, decoded.float()) + KL_WEIGHT * posterior.kl().float().mean() / 1024
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 200 == 0:
            psnr, decoded = measure(codec, held_pixels)
            print(f"{name} {step} {elapsed:.0f}s loss {loss.item():.4f} held-out {psnr:.2f} dB", flush=True)
            save_sheet(work / f"{name}.png", [held_pixels[:12], decoded[:12]])
        if time.monotonic() - saved > 300:
            saved = time.monotonic()
            state = {"codec": codec.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": elapsed}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    psnr, decoded = measure(codec, held_pixels)
    print(f"{name} end {step} held-out {psnr:.2f} dB", flush=True)
    save_sheet(work / f"{name}.png", [held_pixels[:12], decoded[:12]])
    codec.save_pretrained(work / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--name", default="codec")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--latent-channels", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    asked = parser.parse_args()
    settings = CodecSettings(
        latent_channels=asked.latent_channels,
        threads=asked.threads,
        batch=asked.batch,
        lr=asked.lr,
        optimizer=asked.optimizer,
    )
    train(asked.work, asked.name, settings, asked.minutes * 60)


if __name__ == "__main__":
    main()
