"""Train the ControlNet for edges that comes with the built-in model, whose own weights stay as they are.

Source: Zhang, Rao & Agrawala, "Adding conditional control to text-to-image diffusion models", arXiv:2302.05543: the
network's encoder once more, fed with a picture's edges, and added to the network through convolutions that begin at
zero. It has no attention, so that it is small: what the words say is the network's business.

One of an older model of the same widths is a good beginning (`--begin`): what has the same shape is taken
over, the first layer is the network's own, and where the new codec has a level more, edges are halved once more before
the old layers read them.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from training.codec import rate
from training.edges import EdgePool
from training.export import BUILTIN, halved
from training.latents import frozen
from training.muon import Muon
from training.networks import read_weights, split_parameters, take_over
from training.noise import v_loss, with_noise
from training.pictures import load

FOLDER = BUILTIN.parent / "addons" / "controlnet" / "builtin-canny"
TOWARDS_NOISE = 0.7  # below 1: levels where shapes are decided come more often than those where they are there
READER = (16, 32, 64, 96)  # widths that read edges where a latent is 8 pixels
READER_BLOCKS = "controlnet_cond_embedding.blocks."


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    batch: int = 24
    lr: float = 2e-3
    weight_decay: float = 0.02
    ema: float = 0.99
    rows: int = 3072
    renewed_a_step: int = 4


def reader_widths(levels: int) -> tuple[int, ...]:
    """The widths that read edges for a codec of so many levels: each but the first halves them."""
    return READER[:1] * (levels - len(READER)) + READER[-levels:]


def new_controlnet(unet: UNet2DConditionModel, levels: int) -> ControlNetModel:
    """The resnets of the network's encoder, with its weights, behind a fresh reader of edges."""
    config = unet.config
    control = ControlNetModel(
        in_channels=config["in_channels"],
        block_out_channels=tuple(config["block_out_channels"]),
        layers_per_block=config["layers_per_block"],
        down_block_types=("DownBlock2D",) * len(config["block_out_channels"]),
        mid_block_type="UNetMidBlock2D",
        cross_attention_dim=config["cross_attention_dim"],
        attention_head_dim=config["attention_head_dim"],
        norm_num_groups=config["norm_num_groups"],
        conditioning_embedding_out_channels=reader_widths(levels),
    )
    take_over(control, unet.state_dict(), ())
    return control.to(memory_format=torch.channels_last)


@torch.no_grad()
def begin_with(control: ControlNetModel, folder: Path) -> list[str]:
    """Take over what fits of an older ControlNet; returns the names of the weights that are new."""
    given = read_weights(folder)
    before = json.loads((folder / "config.json").read_text())["conditioning_embedding_out_channels"]
    widths = control.config["conditioning_embedding_out_channels"]
    later = 2 * (len(widths) - len(before))  # a level has two layers

    def moved(name: str) -> str:
        return re.sub(rf"(?<=^{re.escape(READER_BLOCKS)})\d+", lambda number: str(int(number[0]) + later), name)

    new = take_over(control, {moved(name): weight for name, weight in given.items()}, ())
    softly = torch.tensor([1.0, 2.0, 1.0])
    halving = softly[:, None] * softly / 8  # a line one pixel wide is as strong afterwards
    whole = torch.zeros(3, 3)
    whole[1, 1] = 1
    weights = control.state_dict()
    for number in range(later):
        weight, bias = (weights[f"{READER_BLOCKS}{number}.{part}"] for part in ("weight", "bias"))
        weight.copy_(torch.eye(*weight.shape[:2])[:, :, None, None] * (halving if number % 2 else whole))
        bias.zero_()
    return new


class ControlTrainer:
    """Everything that a checkpoint holds, and one training step."""

    def __init__(self, settings: ControlSettings, levels: int) -> None:
        torch.manual_seed(1)
        self.settings = settings
        self.tokenizer = CLIPTokenizer.from_pretrained(BUILTIN / "tokenizer")
        self.text = CLIPTextModel.from_pretrained(BUILTIN / "text_encoder", dtype=torch.float32).requires_grad_(False)
        unet = UNet2DConditionModel.from_pretrained(BUILTIN / "unet", low_cpu_mem_usage=False)
        self.unet = unet.to(memory_format=torch.channels_last).requires_grad_(False)
        self.unet.set_attn_processor(AttnProcessor())
        self.control = new_controlnet(unet, levels)
        matrices, rest = split_parameters(self.control)
        self.optimizer = Muon(matrices, rest, lr=settings.lr, weight_decay=settings.weight_decay)
        self.parameters = list(self.control.parameters())
        self.ema = [p.detach().clone() for p in self.parameters]
        self.step, self.spent = 0, 0.0
        self.rng = np.random.default_rng(7)

    @torch.no_grad()
    def read(self, texts: list[str]) -> Tensor:
        length = self.text.config.max_position_embeddings
        tokens = self.tokenizer(texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt")
        return self.text(tokens.input_ids)[0]

    def train_step(self, pool: EdgePool, lr: float) -> float:
        """One step on a random batch at stratified noise levels; returns the unweighted v loss."""
        size = self.settings.batch
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        clean, edges, words = pool.batch(size, self.rng)
        spread = (np.arange(size) + self.rng.random(size)) / size  # stratified
        t = torch.from_numpy(spread**TOWARDS_NOISE * 1000).long().clamp(0, 999)
        noise = torch.from_numpy(self.rng.standard_normal(clean.shape, dtype=np.float32))
        out = self.predict(with_noise(clean, noise, t), t, self.read(words), edges)
        loss, plain = v_loss(out, clean, noise, t)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.ema, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(self.ema, [p.data for p in self.parameters], 1 - decay)
        return float(plain)

    def predict(self, noisy: Tensor, t: Tensor, text: Tensor, edges: Tensor) -> Tensor:
        """The v that the network finds where the edges are followed."""
        noisy = noisy.contiguous(memory_format=torch.channels_last)
        edges = edges.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            down, mid = self.control(noisy, t, text, edges, return_dict=False)
            added = {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}
            return self.unet(noisy, t, text, **added).sample

    def save(self, path: Path) -> None:
        state = {
            "control": self.control.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema,
            "step": self.step,
            "spent": self.spent,
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path) -> None:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.control.load_state_dict(state["control"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch._foreach_copy_(self.ema, state["ema"])
        self.step, self.spent = state["step"], state["spent"]
        self.rng = np.random.default_rng(7 + self.step)

    def start_from(self, folder: Path) -> list[str]:
        """Begin with an older ControlNet; returns the names of the weights that are new."""
        new = begin_with(self.control, folder)
        torch._foreach_copy_(self.ema, [p.data for p in self.parameters])
        return new

    def export(self, folder: Path) -> None:
        """Write the averaged weights as an ordinary diffusers ControlNet folder in float16."""
        folder.mkdir(parents=True, exist_ok=True)
        averaged = dict(zip([name for name, _ in self.control.named_parameters()], self.ema, strict=True))
        tensors = halved({name: averaged.get(name, tensor) for name, tensor in self.control.state_dict().items()})
        save_file(tensors, folder / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
        config = {name: value for name, value in self.control.config.items() if not name.startswith("_")}
        config |= {"_class_name": "ControlNetModel", "_diffusers_version": diffusers.__version__}
        (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def train(
    work: Path, name: str, settings: ControlSettings, seconds: float, begin: Path | None, folder: Path = FOLDER
) -> None:
    """Train for `seconds` of wall time in all, from the checkpoint in `work` where there is one; export at the end."""
    codec = frozen(BUILTIN / "vae")
    trainer, checkpoint = ControlTrainer(settings, len(codec.config["block_out_channels"])), work / f"{name}.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    elif begin is not None:
        print(f"{len(trainer.start_from(begin))} tensors are new", flush=True)
    chooser, painter, _ = load(work)
    pool = EdgePool(chooser, painter, codec, settings.rows, seed=2 * trainer.step)
    print(asdict(settings), f"{len(chooser.things)} things", flush=True)
    started, saved, loss = time.monotonic() - trainer.spent, time.monotonic(), float("nan")
    while trainer.spent < seconds:
        now = trainer.train_step(pool, rate(settings.lr, trainer.step, trainer.spent / seconds))
        pool.renew(settings.renewed_a_step)
        loss = now if math.isnan(loss) else 0.95 * loss + 0.05 * now
        trainer.spent = time.monotonic() - started
        if trainer.step % 20 == 0:
            print(f"{trainer.step} {trainer.spent:.0f}s v-loss {loss:.4f}", flush=True)
        if time.monotonic() - saved > 120:
            saved = time.monotonic()
            trainer.save(checkpoint)
            trainer.export(work / name)
    trainer.save(checkpoint)
    trainer.export(folder)


def main() -> None:
    usual = ControlSettings()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--name", default="controlnet", help="of the checkpoint in the work folder")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--batch", type=int, default=usual.batch)
    parser.add_argument("--rows", type=int, default=usual.rows, help="pictures that are kept to learn from")
    parser.add_argument("--lr", type=float, default=usual.lr)
    parser.add_argument("--begin", type=Path, help="an older ControlNet's folder; the shipped one may be named")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the trained one goes")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    settings = ControlSettings(batch=asked.batch, rows=asked.rows, lr=asked.lr)
    train(asked.work, asked.name, settings, asked.minutes * 60, asked.begin, asked.folder)


if __name__ == "__main__":
    main()
