"""Train the depth head: a small network that says how near everything in a picture is, from composed scenes alone.

In pictures that are composed here the depth of every part is known. Parts of them are shown at about 128·128 pixels,
enlarged, mirrored and worn as drawn pictures are; the held-out pictures are made of drawings that were never shown.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from sdplay.networks.depth_head import DepthHead, depth_head
from training.art import SIZE, load_art, split
from training.muon import Muon
from training.pictures import Chooser, Painter
from training.things import Thing, things, without
from training.views import worn

SIDE = 128
SHAPES = ((128, 128), (96, 160), (160, 96))  # height and width, about as many pixels each
MIX = {"scene": 0.54, "empty scene": 0.1, "single": 0.26, "pair": 0.07, "count": 0.03}
# What scenes have far behind, and what is just as often the thing itself, near: seldom shown, a mountain has holes.
BEHIND = {
    *("mountain", "mount fuji", "volcano", "tree", "pine tree", "wave", "window", "island"),
    *("house", "hut", "castle", "skyscraper", "city", "building construction"),
    *("moon", "new moon", "sun", "star", "planet", "cloud", "rain cloud", "sun behind cloud"),
}
OFTENER = 8.0
HELD, HELD_SEED = 96, 99
CLOSE = 0.1  # nearer to each other than this, two pixels are not compared
WEIGHTS = "model.safetensors"

View = tuple[NDArray[np.uint8], NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthSettings:
    batch: int = 16
    lr: float = 3e-3
    kept: int = 640  # views to learn from; two of a step are new
    renewed: int = 2


def with_norms(head: DepthHead) -> DepthHead:
    """`head` with a batch norm behind every convolution but the last; `folded` takes them out again."""
    for part in list(head.modules()):
        if isinstance(part, nn.Sequential) and isinstance(part[0], nn.Conv2d):
            conv = part[0]
            plain = nn.Conv2d(conv.in_channels, conv.out_channels, 3, conv.stride, 1, bias=False)
            part[0] = nn.Sequential(plain, nn.BatchNorm2d(conv.out_channels))
    return head


def folded(head: DepthHead) -> DepthHead:
    """A head without batch norms that says what `head` says."""
    tensors = head.eval().state_dict()
    for name, part in head.named_modules():
        if isinstance(part, nn.Sequential) and len(part) == 2 and isinstance(part[1], nn.BatchNorm2d):
            tensors = {key: value for key, value in tensors.items() if not key.startswith(f"{name}.")}
            fused = fuse_conv_bn_eval(part[0], part[1])
            tensors |= {f"{name}.{key}": value for key, value in fused.state_dict().items()}
    return depth_head(tensors)


def view(
    drawn: NDArray[np.uint8], depth: NDArray[np.float32], shape: tuple[int, int], rng: np.random.Generator
) -> View:
    """A part of a picture, up to half its side, as a camera sees it that has flown in; mirrored or not."""
    height, width = shape
    side = SIZE * (1.0 if rng.random() < 0.4 else float(rng.uniform(0.5, 1.0)))
    wide, tall = side * min(1, width / height), side * min(1, height / width)
    left, top = float(rng.uniform(0, SIZE - wide)), float(rng.uniform(0, SIZE - tall))
    box = (left, top, left + wide, top + tall)
    pixels = np.asarray(Image.fromarray(drawn).resize((width, height), Image.Resampling.BILINEAR, box))
    near = np.asarray(Image.fromarray(depth).resize((width, height), Image.Resampling.BILINEAR, box))
    return (pixels[:, ::-1], near[:, ::-1]) if rng.random() < 0.5 else (pixels, near)


def tensors_of(views: list[View]) -> tuple[Tensor, Tensor]:
    """Pixels [B, 3, H, W] in -1..1 and nearness [B, 1, H, W] of views of one shape."""
    pixels = torch.from_numpy(np.stack([pixels for pixels, _ in views])).permute(0, 3, 1, 2).float() / 127.5 - 1
    return pixels.contiguous(memory_format=torch.channels_last), torch.from_numpy(np.stack([d for _, d in views]))[
        :, None
    ]


def whole(chooser: Chooser, painter: Painter, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Whole pictures [count, 3, SIDE, SIDE] with their nearness."""
    views: list[View] = []
    for _ in range(count):
        drawn, depth, _ = painter.paint(chooser.picture(rng), rng)
        small = [Image.fromarray(each).resize((SIDE, SIDE), Image.Resampling.BOX) for each in (drawn, depth)]
        views.append((np.asarray(small[0]), np.asarray(small[1])))
    return tensors_of(views)


class Views:
    """Views to learn from, by shape, of which a few are painted anew for each batch."""

    def __init__(self, chooser: Chooser, painter: Painter, settings: DepthSettings) -> None:
        self.chooser, self.painter, self.settings = chooser, painter, settings
        self.rings: dict[tuple[int, int], list[View]] = {shape: [] for shape in SHAPES}
        self.made = 0

    def batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        shape = SHAPES[int(rng.choice(len(SHAPES), p=[0.6, 0.2, 0.2]))]
        ring, settings = self.rings[shape], self.settings
        for _ in range(max(settings.batch - len(ring), settings.renewed)):
            drawn, depth, _ = self.painter.paint(self.chooser.picture(rng), rng)
            if len(ring) >= settings.kept:
                ring.pop(0)
            ring.append(view(drawn, depth, shape, rng))
        return tensors_of([ring[int(row)] for row in rng.choice(len(ring), settings.batch, replace=False)])


def loss_of(said: Tensor, depth: Tensor) -> Tensor:
    """L1 of depth and of its gradients: where things end must be sharp."""
    error = said - depth
    return error.abs().mean() + 2 * (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean())


def recoloured(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """A batch in which half the pictures have other colours: other pictures than ours are not as colourful."""
    grey = pixels.mean(1, keepdim=True)
    share = torch.from_numpy(
        np.where(rng.random((len(pixels), 1, 1, 1)) < 0.5, 1, rng.uniform(0, 1.3, (len(pixels), 1, 1, 1)))
    )
    return (grey + (pixels - grey) * share.float()).clamp(-1, 1)


def train(head: DepthHead, views: Views, settings: DepthSettings, steps: int, state: Path | None = None) -> None:
    """Train for so many steps; `state` is written now and then."""
    matrices = [p for p in head.parameters() if p.ndim == 4 and p.size(0) > 3 and p[0].numel() > 64]
    chosen = {id(p) for p in matrices}
    optimizer = Muon(matrices, [p for p in head.parameters() if id(p) not in chosen], lr=settings.lr)
    rng, begun = np.random.default_rng(3), time.process_time()
    head.train()
    for number in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * min(1.0, (number + 1) / 20) * (0.51 + 0.49 * math.cos(math.pi * number / steps))
        pixels, depth = views.batch(rng)
        with torch.autocast("cpu", torch.bfloat16):
            said = head(worn(recoloured(pixels, rng), rng))
        loss = loss_of(said.float(), depth)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if number % 50 == 49:
            print(f"depth {number + 1} {time.process_time() - begun:.0f}s loss {float(loss.detach()):.4f}", flush=True)
            if state is not None:
                torch.save(head.state_dict(), state)


def figures(said: Tensor, depth: Tensor) -> dict[str, float]:
    """How good nearness `said` [B, 1, H, W] is: mean error; mean correlation within a picture; the share of pairs of
    pixels, one clearly nearer than the other, that it puts in the right order.
    """
    a, b = said.flatten(1), depth.flatten(1)
    x, y = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
    related = (x * y).sum(1) / (x.norm(dim=1) * y.norm(dim=1)).clamp_min(1e-6)
    uneven = b.std(1) > 0.02
    one, other = torch.randint(b.size(1), (2, 4096), generator=torch.Generator().manual_seed(0))
    said_apart, apart = a[:, one] - a[:, other], b[:, one] - b[:, other]
    clear = apart.abs() > CLOSE
    right = (said_apart.sign() == apart.sign()).float()
    return {
        "error": float((a - b).abs().mean()),
        "correlation": float(related[uneven].mean()),
        "order": float(right[clear].mean()),
    }


@torch.no_grad()
def compared(head: DepthHead, pixels: Tensor, depth: Tensor) -> dict[str, dict[str, float]]:
    """The figures of the head, of the guess that lower is nearer, and of one plane."""
    rows = torch.linspace(0, 1, depth.size(2))[:, None].expand_as(depth)
    plane = torch.full_like(depth, float(depth.median()))
    said = torch.cat([head.eval()(part) for part in pixels.split(16)])
    return {"head": figures(said, depth), "guess": figures(rows, depth), "plane": figures(plane, depth)}


def save(head: DepthHead, folder: Path, measured: dict[str, dict[str, float]]) -> None:
    """Write the weights of a folded head in float16, and beside them what kind of model it is and its figures."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: w.half().contiguous() for name, w in head.state_dict().items()}, folder / WEIGHTS)
    shown = {name: {key: round(value, 3) for key, value in one.items()} for name, one in measured.items()}
    described = {"model_type": "sdplay_depth", "held_out": shown}
    (folder / "config.json").write_text(json.dumps(described, indent=2) + "\n")


class DepthChooser(Chooser):
    def weight(self, thing: Thing) -> float:
        return super().weight(thing) * (OFTENER if thing.name in BEHIND else 1.0)


def choosers(work: Path) -> tuple[Painter, Chooser, Chooser]:
    """What paints, what chooses pictures to learn from, and what chooses those of held-out drawings."""
    art, drawings = load_art(work)
    learned, held = split(drawings)
    every = things(drawings)
    return Painter(art), DepthChooser(without(every, held), MIX), Chooser(without(every, learned), MIX)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--lr", type=float, default=DepthSettings().lr)
    parser.add_argument("--begin", type=Path, help="a depth.pt to go on from")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    painter, learned, held = choosers(asked.work)
    settings = DepthSettings(lr=asked.lr)
    head = with_norms(DepthHead()).to(memory_format=torch.channels_last)
    if asked.begin is not None:
        head.load_state_dict(torch.load(asked.begin, weights_only=True))
    train(head, Views(learned, painter, settings), settings, asked.steps, asked.work / "depth.pt")
    plain = folded(head)
    measured = compared(plain, *whole(held, painter, HELD, np.random.default_rng(HELD_SEED)))
    save(plain, asked.work / "depth", measured)
    millions = sum(p.numel() for p in plain.parameters()) / 1e6
    print(f"{millions:.2f} M weights, held-out pictures: {json.dumps(measured)} -> {asked.work / 'depth'}")


if __name__ == "__main__":
    main()
