"""Train the depth head: a small network that says how near everything in a picture is, from composed scenes alone.

In pictures that are composed here the depth of every part is known. The network looks at 128×128 pixels and answers
with as many depths, 0 far to 1 near: 0.3 M weights, a few milliseconds a picture.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from training.muon import Muon
from training.pictures import Chooser, Painter, load
from training.views import worn

SIDE = 128
MIX = {"scene": 0.75, "empty scene": 0.1, "single": 0.1, "pair": 0.05}


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSettings:
    widths: tuple[int, ...] = (16, 32, 64, 96)
    batch: int = 16
    lr: float = 3e-3


def block(inner: int, outer: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inner, outer, 3, stride, 1, bias=False), nn.BatchNorm2d(outer), nn.SiLU())


class DepthHead(nn.Module):
    """A small U-Net from pixels [B, 3, H, W] in -1..1 to depth [B, 1, H, W] in 0..1; H and W divide by 8."""

    def __init__(self, widths: tuple[int, ...] = DepthSettings().widths) -> None:
        super().__init__()
        self.first = block(3, widths[0])
        self.down = nn.ModuleList(nn.Sequential(block(a, b, 2), block(b, b)) for a, b in pairwise(widths))
        self.up = nn.ModuleList(block(a + b, b) for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.last = nn.Conv2d(widths[0], 1, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        x, kept = self.first(pixels), []
        for down in self.down:
            kept.append(x)
            x = down(x)
        for up in self.up:
            x = up(torch.cat([F.interpolate(x, scale_factor=2, mode="bilinear"), kept.pop()], 1))
        return torch.sigmoid(self.last(x))


def examples(chooser: Chooser, painter: Painter, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Pixels [count, 3, SIDE, SIDE] in -1..1 and their depths [count, 1, SIDE, SIDE]."""
    pixels: list[NDArray[np.uint8]] = []
    depths: list[NDArray[np.float32]] = []
    for _ in range(count):
        drawn, depth, _ = painter.paint(chooser.picture(rng), rng)
        pixels.append(np.asarray(Image.fromarray(drawn).resize((SIDE, SIDE), Image.Resampling.BOX)))
        depths.append(np.asarray(Image.fromarray(depth).resize((SIDE, SIDE), Image.Resampling.BOX)))
    rgb = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return rgb.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack(depths))[:, None]


def loss_of(said: Tensor, depth: Tensor) -> Tensor:
    """L1 of depth and of its gradients: where things end must be sharp."""
    error = said - depth
    return error.abs().mean() + 2 * (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean())


def train(head: DepthHead, chooser: Chooser, painter: Painter, settings: DepthSettings, steps: int) -> float:
    """Train for so many steps; returns the mean absolute error on pictures never seen."""
    matrices = [p for p in head.parameters() if p.ndim == 4 and p.size(0) > 3 and p[0].numel() > 64]
    chosen = {id(p) for p in matrices}
    optimizer = Muon(matrices, [p for p in head.parameters() if id(p) not in chosen], lr=settings.lr)
    rng, started = np.random.default_rng(3), time.monotonic()
    head.train()
    for number in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * min(1.0, (number + 1) / 20) * (0.51 + 0.49 * math.cos(math.pi * number / steps))
        pixels, depth = examples(chooser, painter, settings.batch, rng)
        with torch.autocast("cpu", torch.bfloat16):
            said = head(worn(pixels, rng))
        loss = loss_of(said.float(), depth)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if number % 20 == 19:
            spent = time.monotonic() - started
            print(f"depth {number + 1} {spent:.0f}s loss {float(loss.detach()):.4f}", flush=True)
    return error_of(head, *examples(chooser, painter, 32, np.random.default_rng(99)))


@torch.no_grad()
def error_of(head: DepthHead, pixels: Tensor, depth: Tensor) -> float:
    return float((head.eval()(pixels) - depth).abs().mean())


def save(head: DepthHead, folder: Path, error: float) -> None:
    """Write weights in float16 and a description that says how to build the network and what goes in and out."""
    folder.mkdir(parents=True, exist_ok=True)
    half = {name: w.half().contiguous() if w.is_floating_point() else w for name, w in head.state_dict().items()}
    save_file(half, folder / "model.safetensors")
    described = asdict(DepthSettings()) | {
        "side": SIDE,
        "input": "rgb -1..1",
        "output": "0 far .. 1 near",
        "error": error,
    }
    (folder / "config.json").write_text(json.dumps(described, indent=2) + "\n")


def load_head(folder: Path) -> DepthHead:
    head = DepthHead(tuple(json.loads((folder / "config.json").read_text())["widths"]))
    head.load_state_dict(load_file(folder / "model.safetensors"))
    return head.float().eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--steps", type=int, default=1500)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    chooser, painter, _ = load(asked.work, MIX)
    head = DepthHead().to(memory_format=torch.channels_last)
    error = train(head, chooser, painter, DepthSettings(), asked.steps)
    save(head, asked.work / "depth", error)
    millions = sum(p.numel() for p in head.parameters()) / 1e6
    print(f"{millions:.2f} M weights, mean error {error:.3f} -> {asked.work / 'depth'}")


if __name__ == "__main__":
    main()
