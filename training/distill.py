"""Distil four steps without guidance from twenty with it: a LoRA that jumps along the model's own trajectories.

The model draws many prompts by 20 deterministic steps with guidance. Of each course five states are kept: the beginning
and every fifth step. From each state the student learns the one step that leads straight to the next: the v for which a
DDIM step lands there (progressive distillation, Salimans & Ho, arXiv:2202.00512, with the four stages at once). The
courses are the ones that Euler and DDIM with trailing spacing take, so any of them draws in four steps with the LoRA.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from training.lora import LoraSettings, LowRankLayer, low_rank_layers, said_of, tensors_of
from training.noise import KEPT
from training.pictures import Chooser, load
from training.sentences import sentence
from training.tokenizer import POSITIONS

TEACHER_STEPS, STUDENT_STEPS = 20, 4
GUIDANCE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DistillSettings:
    rank: int = 32
    batch: int = 32
    lr: float = 1e-3
    courses: int = 2000


def levels(steps: int) -> list[int]:
    """The trailing levels of so many steps, of 1,000."""
    return [round(1000 - k * 1000 / steps) - 1 for k in range(steps)]


def kept_at(t: int | None) -> Tensor:
    """How much of the picture is left (in variance) at a level; all of it at the end, which is None."""
    return KEPT[t] if t is not None else torch.tensor(1.0)


def step(z: Tensor, v: Tensor, t: int, s: int | None) -> Tensor:
    """The DDIM step from level t to level s by a predicted v."""
    a, b = kept_at(t).sqrt(), kept_at(s).sqrt()
    c, d = (1 - a * a).sqrt(), (1 - b * b).sqrt()
    return b * (a * z - c * v) + d * (c * z + a * v)


def step_taken(z: Tensor, end: Tensor, t: int, s: int | None) -> Tensor:
    """The v whose step from level t to s leads from z to `end`: the inverse of `step`."""
    a, b = kept_at(t).sqrt(), kept_at(s).sqrt()
    c, d = (1 - a * a).sqrt(), (1 - b * b).sqrt()
    return (end - (a * b + c * d) * z) / (d * a - b * c)


@torch.no_grad()
def course(unet: UNet2DConditionModel, noise: Tensor, words: Tensor, empty: Tensor, guidance: float) -> Tensor:
    """States [STUDENT_STEPS + 1, B, C, h, w] of drawing with guidance by TEACHER_STEPS steps."""
    z, kept, ts = noise, [noise], levels(TEACHER_STEPS)
    both = torch.cat([empty.expand_as(words), words])
    for number, (t, s) in enumerate(zip(ts, [*ts[1:], None], strict=True), start=1):
        with torch.autocast("cpu", torch.bfloat16):
            out = unet(torch.cat([z, z]).contiguous(memory_format=torch.channels_last), t, both).sample
        without, with_words = out.float().chunk(2)
        z = step(z, without + guidance * (with_words - without), t, s)
        if number % (TEACHER_STEPS // STUDENT_STEPS) == 0:
            kept.append(z)
    return torch.stack(kept)


class Words:
    """Captions of composed pictures as the text encoder's output."""

    def __init__(self, chooser: Chooser, tokenizer: CLIPTokenizer, text: CLIPTextModel) -> None:
        self.chooser, self.tokenizer, self.text = chooser, tokenizer, text

    @torch.no_grad()
    def encode(self, texts: list[str]) -> Tensor:
        tokens = self.tokenizer(texts, padding="max_length", truncation=True, max_length=POSITIONS, return_tensors="pt")
        return self.text(tokens.input_ids)[0]

    def some(self, count: int, rng: np.random.Generator) -> Tensor:
        return self.encode([sentence(self.chooser.picture(rng), rng, empty=0) for _ in range(count)])


def courses(unet: UNet2DConditionModel, words: Words, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """(states [5, count, C, h, w], words [count, positions, width]) of `count` prompts."""
    empty, states, said = words.encode([""]), [], []
    channels, side = unet.config["in_channels"], unet.config["sample_size"]
    for size in [32] * (count // 32) + ([count % 32] if count % 32 else []):
        noise = torch.from_numpy(rng.standard_normal((size, channels, side, side), np.float32))
        said.append(words.some(size, rng))
        states.append(course(unet, noise, said[-1], empty, GUIDANCE))
    return torch.cat(states, 1), torch.cat(said)


def learn(
    unet: UNet2DConditionModel, states: Tensor, words: Tensor, settings: DistillSettings, steps: int
) -> tuple[dict[str, LowRankLayer], float]:
    """Train low-rank layers beside the network for so many steps; returns them and the mean loss at the end."""
    layers = low_rank_layers(unet, LoraSettings(rank=settings.rank, alpha=float(settings.rank)))
    parameters = [p for layer in layers.values() for p in (layer.down, layer.up)]
    optimizer = torch.optim.AdamW(parameters, lr=settings.lr, weight_decay=0.01)
    ts, rng, started, mean = levels(STUDENT_STEPS), np.random.default_rng(13), time.monotonic(), float("nan")
    for number in range(steps):
        for group in optimizer.param_groups:
            falling = 0.5 + 0.5 * math.cos(math.pi * number / steps)
            group["lr"] = settings.lr * min(1.0, (number + 1) / 20) * falling
        stage = number % STUDENT_STEPS
        rows = torch.from_numpy(rng.integers(0, states.shape[1], settings.batch))
        s = ts[stage + 1] if stage + 1 < STUDENT_STEPS else None
        z, target = states[stage, rows], step_taken(states[stage, rows], states[stage + 1, rows], ts[stage], s)
        with torch.autocast("cpu", torch.bfloat16):
            out = unet(z.contiguous(memory_format=torch.channels_last), ts[stage], words[rows]).sample
        loss = (out.float() - target).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        now = float(loss.detach())
        mean = now if math.isnan(mean) else 0.97 * mean + 0.03 * now
        if number % 50 == 49:
            print(f"{number + 1} {time.monotonic() - started:.0f}s loss {mean:.4f}", flush=True)
    return layers, mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--model", type=Path, required=True, help="the exported model to distil")
    parser.add_argument("--steps", type=int, default=3000, help="of training, after the courses are drawn")
    parser.add_argument("--courses", type=int, default=DistillSettings().courses)
    parser.add_argument("--rank", type=int, default=DistillSettings().rank)
    parser.add_argument("--file", default="four-steps.safetensors", help="in the work folder")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(5)
    settings = DistillSettings(rank=asked.rank, courses=asked.courses)
    unet = UNet2DConditionModel.from_pretrained(asked.model / "unet", low_cpu_mem_usage=False).float()
    unet = unet.to(memory_format=torch.channels_last).requires_grad_(False)
    text = CLIPTextModel.from_pretrained(asked.model / "text_encoder").float()
    tokenizer = CLIPTokenizer.from_pretrained(asked.model / "tokenizer")
    words = Words(load(asked.work)[0], tokenizer, text)
    states, said = courses(unet, words, settings.courses, np.random.default_rng(12))
    layers, loss = learn(unet, states, said, settings, asked.steps)
    path: Path = asked.work / asked.file
    rank = settings.rank
    save_file(tensors_of(layers, float(rank)), path, said_of(path.stem, rank, float(rank)))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, loss {loss:.4f}")


if __name__ == "__main__":
    main()
