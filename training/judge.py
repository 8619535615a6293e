"""Train the judge: a small classifier that names thing, style, background, colour and scene, from source art alone.

It never sees a generated picture. Every fifth pair of a thing and a background, a colour or a scene is kept from its
training; the accuracies it states are over those pairs only, with views from seeds never drawn.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from training.art import SIZE
from training.codec import measure
from training.muon import Muon
from training.views import SIDE, UNKNOWN, Gallery, Labels, worn

WIDTHS = (24, 48, 96, 192)
FIRST_WIDTHS = (24, 48, 96, 160)  # of judges that do not say theirs
OTHER_WEIGHT = 0.4  # of every head but the concept's
HELD_SEED = 90_000


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outer), nn.BatchNorm2d(outer)])
        self.short = nn.Conv2d(inner, outer, 1, bias=False) if inner != outer else nn.Identity()
        self.pool = nn.AvgPool2d(2) if stride == 2 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.norms[0](self.first(x)))
        return F.relu(self.norms[1](self.second(y)) + self.short(self.pool(x)))


class Judge(nn.Module):
    """Names what a picture shows, looked at `side` pixels wide; `labels` are the names of each head's outputs."""

    def __init__(self, labels: Labels, side: int = SIDE, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.labels, self.side, self.widths = labels, side, tuple(widths)
        first = widths[0]
        blocks: list[nn.Module] = [nn.Conv2d(12, first, 3, 1, 1, bias=False), nn.BatchNorm2d(first), nn.ReLU()]
        blocks += [Block(a, b, 1 if a == b else 2) for a, b in zip((first, *widths[:-1]), widths, strict=True)]
        self.trunk = nn.Sequential(*blocks)
        self.heads = nn.ModuleDict({head: nn.Linear(widths[-1], len(labels[head])) for head in labels})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Logits by head for pixels [B, 3, H, W] in -1..1 of any size."""
        small = F.adaptive_avg_pool2d(pixels, self.side)
        seen = self.trunk(F.pixel_unshuffle(small, 2).contiguous(memory_format=torch.channels_last)).mean((2, 3))
        return {head: layer(seen).float() for head, layer in self.heads.items()}

    @torch.inference_mode()
    def probabilities(self, pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """What each head believes of pictures uint8 [B, H, W, 3], as probabilities [B, names]."""
        pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
        logits = [self.eval()(part) for part in pixels.split(64)]
        return {head: torch.cat([part[head] for part in logits]).softmax(1).numpy() for head in self.labels}


def loss_of(logits: dict[str, Tensor], labels: dict[str, Tensor]) -> Tensor:
    total = torch.zeros(())
    for head in logits:
        weight = 1.0 if head == "concept" else OTHER_WEIGHT
        if bool((labels[head] != UNKNOWN).any()):
            smoothing = 0.05 if head == "concept" else 0.0
            one = F.cross_entropy(logits[head], labels[head], ignore_index=UNKNOWN, label_smoothing=smoothing)
            total = total + weight * one
    return total


def new_optimizer(judge: Judge, lr: float) -> Muon:
    matrices = [p for p in judge.trunk.parameters() if p.ndim == 4]
    chosen = {id(p) for p in matrices}
    return Muon(matrices, [p for p in judge.parameters() if id(p) not in chosen], lr=lr, weight_decay=0.02)


def learn(judge: Judge, optimizer: Muon, pixels: Tensor, labels: dict[str, Tensor]) -> float:
    judge.train()
    with torch.autocast("cpu", torch.bfloat16):
        logits = judge(pixels)
    loss = loss_of(logits, labels)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@torch.inference_mode()
def accuracies(judge: Judge, batches: list[tuple[Tensor, dict[str, Tensor]]]) -> dict[str, float]:
    """Share of right answers by head, where the answer is known."""
    judge.eval()
    right, known = dict.fromkeys(judge.labels, 0), dict.fromkeys(judge.labels, 0)
    for pixels, labels in (batch for batch in batches if len(batch[0])):
        for head, logits in judge(pixels).items():
            mask = labels[head] != UNKNOWN
            right[head] += int((logits.argmax(1) == labels[head])[mask].sum())
            known[head] += int(mask.sum())
    return {head: right[head] / known[head] for head in judge.labels if known[head]}


def chosen(pixels: Tensor, labels: dict[str, Tensor], mask: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    return pixels[mask], {head: values[mask] for head, values in labels.items()}


def held_accuracies(judge: Judge, work: Path, batches: int = 16) -> dict[str, dict[str, float]]:
    """Accuracies on held-out pairs: clean, worn, and through the codec where one is trained."""
    rng = np.random.default_rng(HELD_SEED)
    gallery = Gallery.load(work)
    clean = [gallery.batch(64, rng, held=True) for _ in range(batches)]
    found = {"clean": accuracies(judge, clean), "worn": accuracies(judge, [(worn(x, rng), y) for x, y in clean])}
    for kind, recoloured in (("clean, own colours", False), ("clean, recoloured", True)):
        found[kind] = accuracies(judge, [chosen(x, y, (y["colour"] != UNKNOWN) == recoloured) for x, y in clean])
    if (work / "codec" / "config.json").exists():
        from diffusers import AutoencoderKL

        codec = AutoencoderKL.from_pretrained(work / "codec").eval()
        large = Gallery.load(work, SIZE)
        sharp = [large.batch(16, rng, held=True) for _ in range(batches)]
        found["through the codec"] = accuracies(judge, [(measure(codec, x)[1], y) for x, y in sharp])
    return found


def save(judge: Judge, work: Path, stated: dict[str, dict[str, float]]) -> None:
    half = {k: v.half() if v.is_floating_point() else v for k, v in judge.state_dict().items()}
    save_file({k: v.contiguous() for k, v in half.items()}, work / "judge.safetensors")
    (work / "judge.json").write_text(
        json.dumps({"labels": judge.labels, "side": judge.side, "widths": judge.widths, "held_out": stated}, indent=1)
        + "\n"
    )


def load_judge(folder: Path) -> Judge:
    described = json.loads((folder / "judge.json").read_text())
    judge = Judge(described["labels"], described.get("side", 64), described.get("widths", FIRST_WIDTHS))
    judge.load_state_dict(load_file(folder / "judge.safetensors"))
    return judge.to(memory_format=torch.channels_last).eval()


@torch.no_grad()
def take_over(judge: Judge, folder: Path) -> None:
    """Begin with what another judge of the same names learned, also where this one has more channels."""
    given = load_file(folder / "judge.safetensors")
    for name, weight in judge.state_dict().items():
        if weight.ndim:
            shared = tuple(slice(min(own, other)) for own, other in zip(weight.shape, given[name].shape, strict=True))
            weight[shared] = given[name][shared].to(weight.dtype)


def train(work: Path, minutes: float, lr: float = 4e-3, batch: int = 64, begin: Path | None = None) -> Judge:
    """Train for `minutes` of processor time on one thread; goes on from the checkpoint when there is one."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    gallery = Gallery.load(work)
    judge = Judge(gallery.labels()).to(memory_format=torch.channels_last)
    if begin is not None:
        take_over(judge, begin)
    optimizer, checkpoint = new_optimizer(judge, lr), work / "judge.pt"
    step, spent, seconds = 0, 0.0, minutes * 60
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        judge.load_state_dict(state["judge"])
        optimizer.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["spent"]
    started, saved, rng = time.process_time() - spent, time.monotonic(), np.random.default_rng(step)
    while (elapsed := time.process_time() - started) < seconds:
        cosine = 0.5 * (1 + math.cos(math.pi * elapsed / seconds))
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, (step + 1) / 50) * (0.99 * cosine + 0.01)
        pixels, labels = gallery.batch(batch, rng)
        loss = learn(judge, optimizer, worn(pixels, rng), labels)
        step += 1
        if step % 200 == 0:
            found = accuracies(judge, [gallery.batch(256, np.random.default_rng(HELD_SEED + 1), held=True)])
            figures = " ".join(f"{head} {share:.3f}" for head, share in found.items())
            print(f"judge {step} {elapsed:.0f}s loss {loss:.3f} held-out {figures}", flush=True)
        if time.monotonic() - saved > 120:
            saved = time.monotonic()
            state = {"judge": judge.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "spent": elapsed}
            torch.save(state, checkpoint.with_suffix(".tmp"))
            checkpoint.with_suffix(".tmp").replace(checkpoint)
    return judge


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--lr", type=float, default=4e-3, help="at the beginning; 2e-3 with --begin")
    parser.add_argument("--begin", type=Path, help="folder of a judge of the same names to begin with")
    asked = parser.parse_args()
    judge = train(asked.work, asked.minutes, asked.lr, begin=asked.begin)
    stated = held_accuracies(judge, asked.work)
    save(judge, asked.work, stated)
    for kind, found in stated.items():
        print(f"held-out, {kind}: " + ", ".join(f"{head} {share:.1%}" for head, share in found.items()))


if __name__ == "__main__":
    main()
