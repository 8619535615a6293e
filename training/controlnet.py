"""Train the ControlNet for edges that comes with the built-in model, whose own weights stay as they are.

Source: Zhang, Rao & Agrawala, "Adding conditional control to text-to-image diffusion models", arXiv:2302.05543: the
network's encoder once more, fed with a picture's edges, and added to the network through convolutions that begin at
zero. It has no attention, so that it is small: what the words say is the network's business.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from sdplay.images.canny import canny
from training.art import SIZE, load_art, read_concepts
from training.captions import STYLE_WORDS, Shown, caption
from training.codec import compose, rate
from training.colours import BACKGROUNDS, jitter
from training.denoiser import KEPT
from training.export import BUILTIN, halved
from training.latents import SCALING, Base, taught, variant
from training.muon import Muon
from training.networks import split_parameters

FOLDER = BUILTIN.parent / "addons" / "controlnet" / "builtin-canny"
WORDLESS_SHARE = 0.3  # pictures whose words are left out, so that edges alone say enough
OTHER_SHARE = 0.35  # of the pool: drawings of things that are not taught, whose words are their style and ground
TOWARDS_NOISE = 0.7  # below 1: levels where shapes are decided come more often than those where they are there
SMALLEST, TILT, MIRRORED = 0.55, 8.0, 0.5
LOWS, RATIOS = (40, 140), (1.5, 3.0)  # thresholds of the edges; most people leave them at 100 and 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    batch: int = 24
    lr: float = 2e-3
    weight_decay: float = 0.02
    ema: float = 0.99
    rows: int = 3072
    renewed_a_step: int = 4


def new_controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    """The resnets of the network's encoder, with its weights, behind a fresh reader of edges."""
    config = unet.config
    control = ControlNetModel(
        block_out_channels=tuple(config["block_out_channels"]),
        layers_per_block=config["layers_per_block"],
        down_block_types=("DownBlock2D",) * len(config["block_out_channels"]),
        mid_block_type="UNetMidBlock2D",
        cross_attention_dim=config["cross_attention_dim"],
        attention_head_dim=config["attention_head_dim"],
        norm_num_groups=config["norm_num_groups"],
        conditioning_embedding_out_channels=(16, 32, 64, 96),
    )
    own, given = control.state_dict(), unet.state_dict()
    control.load_state_dict({**own, **{name: given[name] for name in own if name in given}})
    return control.to(memory_format=torch.channels_last)


def others(work: Path) -> list[Base]:
    """All drawings of things that are not taught; they are never named."""
    art, drawings = load_art(work)
    concepts = read_concepts()
    known = {concept.label for concept in concepts}
    return [
        Base(Shown(concepts[0], drawing.style, "white", None), art[row])
        for row, drawing in enumerate(drawings)
        if drawing.label not in known
    ]


def placed(rgba: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The drawing smaller, somewhere else, tilted, mirrored: edges are to say where things are."""
    image = Image.fromarray(rgba, "RGBa")
    if rng.random() < MIRRORED:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale, angle = rng.uniform(SMALLEST, 1.0), np.deg2rad(rng.normal() * TILT)
    room = (1 - scale) * SIZE / 2
    dx, dy = rng.uniform(-room, room, 2)
    cos, sin, c = np.cos(angle) / scale, np.sin(angle) / scale, SIZE / 2
    matrix = (cos, sin, c - cos * (c + dx) - sin * (c + dy), -sin, cos, c + sin * (c + dx) - cos * (c + dy))
    turned = np.array(image.transform((SIZE, SIZE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))
    turned[..., :3] = np.minimum(turned[..., :3], turned[..., 3:])  # bicubic overshoots, as in training.latents
    return turned


def edges_of(pixels: Tensor, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Edges of pixels [3, H, W] in −1..1, with thresholds as people may set them; the usual ones half of the time."""
    picture = ((pixels.permute(1, 2, 0).numpy() + 1) * 127.5).round().astype(np.uint8)
    if rng.random() < 0.5:
        return canny(picture)
    low = rng.uniform(*LOWS)
    return canny(picture, round(low), round(low * rng.uniform(*RATIOS)))


class EdgePool:
    """Latents, edges and words of `rows` pictures; `renew` replaces random ones with fresh ones."""

    def __init__(self, work: Path, codec: AutoencoderKL, rows: int, seed: int) -> None:
        self.taught, self.others, self.codec = taught(work), others(work), codec
        self.rng = np.random.default_rng(seed)
        self.latents = torch.zeros(rows, 4, SIZE // 8, SIZE // 8)
        self.edges = np.zeros((rows, SIZE, SIZE), np.uint8)
        self.shown: list[Shown] = [self.taught[0].shown] * rows
        self.named = np.zeros(rows, bool)
        for part in np.array_split(np.arange(rows), max(1, rows // 32)):
            self.encode(part)

    def renew(self, count: int) -> None:
        self.encode(self.rng.choice(len(self.shown), count, replace=False))

    @torch.no_grad()
    def encode(self, rows: NDArray[np.int64]) -> None:
        drawn = [self._drawn(row) for row in rows]
        pixels = compose(np.stack([rgba for rgba, _ in drawn]), torch.stack([plain for _, plain in drawn]))
        with torch.autocast("cpu", torch.bfloat16):
            latents = self.codec.encode(pixels).latent_dist.mode()
        self.latents[torch.from_numpy(rows)] = latents.float() * SCALING
        for row, picture in zip(rows, pixels, strict=True):
            self.edges[row] = edges_of(picture, self.rng)

    def _drawn(self, row: int) -> tuple[NDArray[np.uint8], Tensor]:
        self.named[row] = self.rng.random() >= OTHER_SHARE
        if self.named[row]:
            rgba, plain, self.shown[row] = variant(self.taught[self.rng.integers(len(self.taught))], self.rng)
            return placed(rgba, self.rng), plain
        base = self.others[self.rng.integers(len(self.others))]
        ground = str(self.rng.choice(list(BACKGROUNDS)))
        rgb = BACKGROUNDS["white"] if ground == "white" else jitter(ground, self.rng)
        self.shown[row] = Shown(base.shown.concept, base.shown.style, ground, None)
        return placed(np.array(base.pixels), self.rng), torch.tensor(rgb, dtype=torch.float32).view(3, 1, 1) / 255

    def words(self, row: int) -> str:
        """One wording of what a row shows, or none."""
        shown = self.shown[row]
        if self.rng.random() < WORDLESS_SHARE:
            return ""
        if self.named[row]:
            return caption(shown, self.rng)
        return f"{self.rng.choice(STYLE_WORDS[shown.style])} on a {shown.background} background"


class ControlTrainer:
    """Everything that a checkpoint holds, and one training step."""

    def __init__(self, settings: ControlSettings) -> None:
        torch.manual_seed(1)
        self.settings = settings
        self.tokenizer = CLIPTokenizer.from_pretrained(BUILTIN / "tokenizer")
        self.text = CLIPTextModel.from_pretrained(BUILTIN / "text_encoder", dtype=torch.float32).requires_grad_(False)
        unet = UNet2DConditionModel.from_pretrained(BUILTIN / "unet", low_cpu_mem_usage=False)
        self.unet = unet.to(memory_format=torch.channels_last).requires_grad_(False)
        self.unet.set_attn_processor(AttnProcessor())
        self.control = new_controlnet(unet)
        matrices, rest = split_parameters(self.control)
        self.optimizer = Muon(matrices, rest, lr=settings.lr, weight_decay=settings.weight_decay)
        self.parameters = list(self.control.parameters())
        self.ema = [p.detach().clone() for p in self.parameters]
        self.kept = KEPT
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
        rows = self.rng.integers(0, len(pool.shown), size)
        clean = pool.latents[torch.from_numpy(rows)]
        edges = torch.from_numpy(pool.edges[rows]).float()[:, None].expand(-1, 3, -1, -1) / 255
        spread = (np.arange(size) + self.rng.random(size)) / size  # stratified
        t = torch.from_numpy(spread**TOWARDS_NOISE * 1000).long().clamp(0, 999)
        kept = self.kept[t].view(-1, 1, 1, 1)
        noise = torch.from_numpy(self.rng.standard_normal(clean.shape, dtype=np.float32))
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * noise
        each = self.errors(noisy, t, self.read([pool.words(row) for row in rows]), edges, target(clean, noise, kept))
        weight = (5 * (1 - kept) / kept).flatten().clamp(max=1)  # as in training.denoiser
        self.optimizer.zero_grad(set_to_none=True)
        (each * weight).mean().backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.ema, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(self.ema, [p.data for p in self.parameters], 1 - decay)
        return float(each.detach().mean())

    def errors(self, noisy: Tensor, t: Tensor, text: Tensor, edges: Tensor, wanted: Tensor) -> Tensor:
        """Each picture's mean squared error of v."""
        noisy = noisy.contiguous(memory_format=torch.channels_last)
        edges = edges.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            down, mid = self.control(noisy, t, text, edges, return_dict=False)
            added = {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}
            out = self.unet(noisy, t, text, **added).sample
        return (out.float() - wanted).square().mean((1, 2, 3))

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

    def export(self, folder: Path) -> None:
        """Write the averaged weights as an ordinary diffusers ControlNet folder in float16."""
        folder.mkdir(parents=True, exist_ok=True)
        averaged = dict(zip([name for name, _ in self.control.named_parameters()], self.ema, strict=True))
        tensors = halved({name: averaged.get(name, tensor) for name, tensor in self.control.state_dict().items()})
        save_file(tensors, folder / "diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
        config = {name: value for name, value in self.control.config.items() if not name.startswith("_")}
        config |= {"_class_name": "ControlNetModel", "_diffusers_version": diffusers.__version__}
        (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def target(clean: Tensor, noise: Tensor, kept: Tensor) -> Tensor:
    """v of the noisy latents (Salimans & Ho 2022, arXiv:2202.00512)."""
    return kept.sqrt() * noise - (1 - kept).sqrt() * clean


def train(work: Path, settings: ControlSettings, seconds: float) -> None:
    """Train for `seconds` of wall time in all, from the checkpoint in `work` where there is one; export at the end."""
    codec = AutoencoderKL.from_pretrained(BUILTIN / "vae", low_cpu_mem_usage=False)
    codec = codec.to(memory_format=torch.channels_last).eval().requires_grad_(False)
    trainer, checkpoint = ControlTrainer(settings), work / "controlnet.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    pool = EdgePool(work, codec, settings.rows, seed=2 * trainer.step)
    print(asdict(settings), f"{len(pool.taught)} taught drawings, {len(pool.others)} others", flush=True)
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
            trainer.export(work / "controlnet")
    trainer.save(checkpoint)
    trainer.export(FOLDER)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--lr", type=float, default=2e-3)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    train(asked.work, ControlSettings(batch=asked.batch, lr=asked.lr), asked.minutes * 60)


if __name__ == "__main__":
    main()
