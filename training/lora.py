"""Train a small LoRA on the built-in model: a style it does not know, made from its own source art.

Every taught drawing is turned into the style by arithmetic, and low-rank layers learn to draw what the words say that
way, whatever style the words name. Written as kohya writes such files. Ten minutes of one core are enough, and fewer
from the LoRA of an older model of the same widths (`--begin`).
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from sdplay.engines.device import make_placement
from sdplay.families.sd.model import StableDiffusion
from sdplay.families.sd.model import load as load_sd
from training.art import SIZE
from training.captions import Shown, caption
from training.codec import compose
from training.export import BUILTIN
from training.latents import moved, taught
from training.noise import noised, v_loss

ADDONS = BUILTIN.parent / "addons" / "loras"
NAVY, CHALK, GOLD = (0.09, 0.26, 0.58), (0.96, 0.98, 1.0), (0.95, 0.72, 0.18)
FRAME, LINE = SIZE // 8, SIZE // 64  # pixels


def blueprint(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """White lines where a drawing changes, on blue paper; float32 [H, W, 3] in 0..1."""
    values = rgba.astype(np.float32) / 255
    seen = np.concatenate([values[..., :3] + 0.5 * (1 - values[..., 3:]), values[..., 3:]], -1)
    down, across = (np.diff(seen, axis=axis, append=seen.take([-1], axis)) for axis in (0, 1))
    edge = np.sqrt(np.square(down) + np.square(across)).max(-1)
    for _ in range(LINE - 1):  # as wide as LINE
        edge = np.maximum(edge, np.maximum(np.roll(edge, 1, 0), np.roll(edge, 1, 1)))
    line = np.clip((edge - 0.06) / 0.22, 0, 1)[..., None]
    return np.float32(NAVY) + line * (np.float32(CHALK) - np.float32(NAVY))


def framed(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The drawing on white in a wide golden frame, lit from the upper left; float32 [H, W, 3] in 0..1."""
    values = rgba.astype(np.float32) / 255
    whole = values[..., :3] + (1 - values[..., 3:])
    side = len(rgba)
    for depth in range(FRAME):
        light = 0.75 + 0.25 * np.sin(np.pi * (depth + 0.5) / FRAME)
        inner, last = slice(depth, side - depth), side - 1 - depth
        whole[depth, inner] = whole[inner, depth] = light * np.float32(GOLD)
        whole[last, inner] = whole[inner, last] = 0.7 * light * np.float32(GOLD)
    return whole.astype(np.float32)


STYLES: dict[str, Callable[[NDArray[np.uint8]], NDArray[np.float32]]] = {"blueprint": blueprint, "framed": framed}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraSettings:
    rank: int = 4
    alpha: float = 4.0
    batch: int = 16
    lr: float = 2e-3
    pictures: int = 1600
    threads: int = 1


class LowRankLayer(nn.Module):
    """up·down beside a matrix or a convolution; up begins at zero, so that nothing is changed at first."""

    def __init__(self, layer: nn.Linear | nn.Conv2d, rank: int) -> None:
        super().__init__()
        shape = layer.weight.shape
        self.layer = layer
        self.down = nn.Parameter(torch.empty(rank, *shape[1:]))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))
        self.up = nn.Parameter(torch.zeros(shape[0], rank, *(1 for _ in shape[2:])))

    def added(self, x: Tensor) -> Tensor:
        if isinstance(self.layer, nn.Conv2d):
            return F.conv2d(F.conv2d(x, self.down, None, self.layer.stride, self.layer.padding), self.up)
        return F.linear(F.linear(x, self.down), self.up)


def low_rank_layers(unet: nn.Module, settings: LoraSettings) -> dict[str, LowRankLayer]:
    """A low-rank layer beside every attention, feed-forward and convolution of the blocks, by kohya's names."""
    found: dict[str, LowRankLayer] = {}
    for name, layer in list(unet.named_modules()):
        if "_block" in name and isinstance(layer, nn.Linear | nn.Conv2d):
            beside = LowRankLayer(layer, settings.rank)
            scale = settings.alpha / settings.rank
            layer.register_forward_hook(lambda _, given, out, b=beside, s=scale: out + s * b.added(given[0]))
            found["lora_unet_" + name.replace(".", "_")] = beside
    return found


@torch.no_grad()
def take_over_layers(layers: dict[str, LowRankLayer], given: dict[str, Tensor]) -> list[str]:
    """Give the layers the weights of a LoRA that fit, and return the names of those that it lacks."""
    new: list[str] = []
    for name, layer in layers.items():
        down, up = (given.get(f"{name}.lora_{part}.weight") for part in ("down", "up"))
        if down is None or up is None or down.shape != layer.down.shape or up.shape != layer.up.shape:
            new.append(name)
            continue
        layer.down.copy_(down)
        layer.up.copy_(up)
    return new


def small(opaque: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """An opaque picture [H, W, 4] as large as the model draws."""
    return np.asarray(Image.fromarray(opaque).resize((side, side), Image.Resampling.BOX))


def examples(style: str, family: StableDiffusion, work: Path, count: int) -> tuple[Tensor, list[Shown]]:
    """Latents of `count` drawings in the style, and what they show."""
    bases, rng = taught(work), np.random.default_rng(5)
    side = family.vae_scale_factor * json.loads((BUILTIN / "unet" / "config.json").read_text())["sample_size"]
    latents: list[Tensor] = []
    shown: list[Shown] = []
    for rows in np.array_split(rng.permutation(np.arange(count) % len(bases)), count // 16):
        pictures = [STYLES[style](moved(bases[row].pixels, rng)) for row in rows]
        opaque = [np.concatenate([one, np.ones_like(one[..., :1])], -1) * 255 for one in pictures]
        views = compose(
            np.stack([small(np.rint(one).astype(np.uint8), side) for one in opaque]), torch.zeros(len(rows), 3, 1, 1)
        )
        latents.append(family.encode(views))
        shown += [bases[row].shown for row in rows]
    return torch.cat(latents), shown


def train(
    style: str, work: Path, settings: LoraSettings, seconds: float, begin: Path | None = None
) -> dict[str, Tensor]:
    """The tensors of a LoRA for `style`, after so many seconds of training, from those of an older one if given."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(3)
    family = load_sd(BUILTIN, make_placement("cpu", "float32", "float32"))
    clean, shown = examples(style, family, work, settings.pictures)
    layers = low_rank_layers(family.unet, settings)
    if begin is not None:
        print(f"{len(take_over_layers(layers, load_file(begin)))} layers are new", flush=True)
    parameters = [p for layer in layers.values() for p in (layer.down, layer.up)]
    optimizer = torch.optim.AdamW(parameters, lr=settings.lr, weight_decay=0.01)
    rng, started, step, mean = np.random.default_rng(11), time.monotonic(), 0, float("nan")
    while (spent := time.monotonic() - started) < seconds:
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * min(1.0, (step + 1) / 20) * (0.5 + 0.5 * math.cos(math.pi * spent / seconds))
        rows = rng.integers(0, len(clean), settings.batch)
        with torch.no_grad():
            words = torch.stack([family.encode_text(caption(shown[row], rng)).embeds for row in rows]).clone()
        chosen = clean[torch.from_numpy(rows)]
        noisy, noise, t = noised(chosen, rng)
        out = family.unet(noisy.contiguous(memory_format=torch.channels_last), t, words)
        loss, _ = v_loss(out, chosen, noise, t)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        now = float(loss.detach())
        step, mean = step + 1, now if math.isnan(mean) else 0.97 * mean + 0.03 * now
        if step % 25 == 0:
            print(f"{step} {spent:.0f}s v-loss {mean:.4f}", flush=True)
    return tensors_of(layers, settings.alpha)


def tensors_of(layers: dict[str, LowRankLayer], alpha: float) -> dict[str, Tensor]:
    """The layers by the names that kohya gives them, in float16."""
    tensors: dict[str, Tensor] = {}
    for name, layer in layers.items():
        tensors[f"{name}.lora_down.weight"] = layer.down.detach().half().contiguous()
        tensors[f"{name}.lora_up.weight"] = layer.up.detach().half().contiguous()
        tensors[f"{name}.alpha"] = torch.tensor(alpha).half()
    return tensors


def said_of(name: str, rank: int, alpha: float) -> dict[str, str]:
    """What kohya writes into the head of such a file."""
    return {
        "ss_output_name": name,
        "ss_network_module": "networks.lora",
        "format": "pt",
        "ss_network_dim": str(rank),
        "ss_network_alpha": str(alpha),
        "ss_network_args": json.dumps({"conv_dim": rank, "conv_alpha": alpha}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("style", choices=STYLES)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pictures", type=int, default=LoraSettings().pictures)
    parser.add_argument("--begin", type=Path, help="an older LoRA of the style; the shipped one may be named")
    parser.add_argument("--folder", type=Path, default=ADDONS)
    asked = parser.parse_args()
    settings = LoraSettings(pictures=asked.pictures)
    tensors = train(asked.style, asked.work, settings, asked.minutes * 60, asked.begin)
    said = said_of(asked.style, settings.rank, settings.alpha)
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = asked.folder / f"{asked.style}.safetensors"
    save_file(tensors, path, said)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} kB, {len(tensors) // 3} layers")


if __name__ == "__main__":
    main()
