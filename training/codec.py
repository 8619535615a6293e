"""Train the codec: a small AutoencoderKL (f = 16) on all the art, over random backgrounds, colours and mirrors.

Once `training.pool` has made `vae` of it, its encoder is what all latents and the network depend on. With
`--decoder-only --begin .../vae` the decoder alone is trained further, at any time: latents stay valid. With `--keep`
the first channels are held to the latents of an older codec (see `training.grown`).
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from training.art import SCALING, SIZE, Drawing, load_art, split
from training.group_norm import quicken
from training.muon import Muon
from training.networks import take_over
from training.paint import CODEC_MIX, FOR_CODEC, Painted
from training.pictures import Chooser, Painter
from training.things import things, without

KL_WEIGHT = 1e-5
KEEP_WEIGHT = 0.5
COMPOSED_SHARE, SWAPPED_SHARE = 0.6, 0.2
COMPOSED_MEASURED, MEASURED_EVERY = 32, 200
SAVED_EVERY = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecSettings:
    channels: tuple[int, ...] = (16, 16, 32, 64, 128)
    latent_channels: int = 8
    batch: int = 8
    lr: float = 2e-3
    ema: float = 0.995
    noise: float = 0.0
    decoder_only: bool = False
    device: str = "cpu"
    threads: int = 1


def new_codec(settings: CodecSettings) -> AutoencoderKL:
    levels = len(settings.channels)
    return AutoencoderKL(
        block_out_channels=settings.channels,
        layers_per_block=1,
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        latent_channels=settings.latent_channels,
        norm_num_groups=8,
        sample_size=SIZE,
        mid_block_add_attention=False,
    ).to(memory_format=torch.channels_last)


def compose(art: NDArray[np.uint8], backgrounds: Tensor) -> Tensor:
    """Premultiplied art [B, H, W, 4] over plain colours [B, 3, 1, 1] in 0..1; returns pixels [B, 3, H, W] in -1..1."""
    rgba = torch.from_numpy(art.astype(np.float32) / 255).permute(0, 3, 1, 2)
    pixels = (rgba[:, :3] + (1 - rgba[:, 3:]) * backgrounds) * 2 - 1
    return pixels.contiguous(memory_format=torch.channels_last)


def loss_of(pixels: Tensor, decoded: Tensor) -> Tensor:
    """L1 + 4·MSE + half the L1 of the horizontal and vertical gradients: the second pulls PSNR, the third edges."""
    error = decoded - pixels
    gradient = error.diff(dim=3).abs().mean() + error.diff(dim=2).abs().mean()
    return error.abs().mean() + 4 * error.square().mean() + 0.5 * gradient


@torch.no_grad()
def measure(codec: AutoencoderKL, pixels: Tensor) -> tuple[float, Tensor]:
    """Mean PSNR in dB over pictures, and the reconstructions."""
    with torch.autocast(pixels.device.type, torch.bfloat16):
        decoded = codec.decode(codec.encode(pixels).latent_dist.mode()).sample
    decoded = decoded.float().clamp(-1, 1)
    mse = ((decoded - pixels) / 2).square().mean((1, 2, 3))
    return float((-10 * torch.log10(mse)).mean()), decoded


def unlike(latents: Tensor, older: AutoencoderKL, pixels: Tensor) -> Tensor:
    """Mean square of how the first channels differ from the older codec's latents of the picture at its size, as the
    network sees them."""
    small = F.interpolate(pixels, size=older.config["sample_size"], mode="area")
    with torch.no_grad():
        told = older.encode(small).latent_dist.mode().float()
    return (latents[:, : told.shape[1]].float() - told).mul(SCALING).square().mean()


def save_sheet(path: Path, rows: list[Tensor]) -> None:
    sheet = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
    array = sheet.add(1).mul(127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    Image.fromarray(array).save(path)


@dataclass(frozen=True, slots=True)
class Makers:
    """What makes pictures to train on; neither it nor `rows` has the drawings that are held out."""

    chooser: Chooser
    painter: Painter
    rows: NDArray[np.int64]
    painted: Painted | None = None


def makers_of(art: NDArray[np.uint8], drawings: Sequence[Drawing]) -> Makers:
    train_on, held = split(drawings)
    shown = without(things(list(drawings)), held)
    return Makers(Chooser(shown, CODEC_MIX), Painter(art), train_on)


def measured_on(art: NDArray[np.uint8], drawings: Sequence[Drawing], makers: Makers) -> tuple[Tensor, Tensor]:
    """(held-out drawings on white, composed pictures of drawings that are not) in -1..1, the same for every run."""
    rows = split(drawings)[1]
    held = compose(np.asarray(art[rows]), torch.ones(len(rows), 3, 1, 1))
    rng = np.random.default_rng(41)
    painted = [makers.painter.paint(makers.chooser.picture(rng), rng)[0] for _ in range(COMPOSED_MEASURED)]
    pixels = torch.from_numpy(np.stack(painted)).permute(0, 3, 1, 2).float() / 127.5 - 1
    return held, pixels.contiguous(memory_format=torch.channels_last)


class CodecTrainer:
    """The codec, its averaged weights, its optimizer and its random numbers: what a checkpoint holds."""

    def __init__(self, settings: CodecSettings, older: AutoencoderKL | None = None) -> None:
        torch.manual_seed(0)
        self.settings, self.older = settings, older
        self.codec = new_codec(settings).to(settings.device)
        self.averaged = copy.deepcopy(self.codec).requires_grad_(False)
        if settings.device == "cpu":
            quicken(self.codec)
        if settings.decoder_only:
            self.codec.encoder.requires_grad_(False)
            self.codec.quant_conv.requires_grad_(False)
        self.parameters = [p for p in self.codec.parameters() if p.requires_grad]
        self.averages = [
            mean for mean, p in zip(self.averaged.parameters(), self.codec.parameters(), strict=True) if p.requires_grad
        ]
        matrices = [p for p in self.parameters if p.ndim > 1 and p.size(0) > 3 and p[0].numel() > 64]
        chosen = {id(p) for p in matrices}
        self.optimizer = Muon(matrices, [p for p in self.parameters if id(p) not in chosen], lr=settings.lr)
        self.rng = np.random.default_rng(1000)
        self.step, self.spent = 0, 0.0

    def batch(self, makers: Makers) -> Tensor:
        """Composed pictures, or drawings over any colour, mirrored and with hues swapped."""
        size, rng = self.settings.batch, self.rng
        if rng.random() < COMPOSED_SHARE:
            if makers.painted is not None:
                painted = makers.painted.some(rng.integers(0, len(makers.painted.words), size))
            else:
                painted = np.stack([makers.painter.paint(makers.chooser.picture(rng), rng)[0] for _ in range(size)])
            pixels = torch.from_numpy(painted).permute(0, 3, 1, 2).float() / 127.5 - 1
        else:
            plain = torch.from_numpy(rng.random((size, 3, 1, 1), dtype=np.float32))
            plain[torch.from_numpy(rng.random(size) < 0.3)] = 1.0
            pixels = compose(np.asarray(makers.painter.art[np.sort(rng.choice(makers.rows, size))]), plain)
            pixels = pixels.flip(3) if rng.random() < 0.5 else pixels
        if rng.random() < SWAPPED_SHARE:
            pixels = pixels[:, torch.from_numpy(rng.permutation(3))]
        return pixels.to(self.settings.device).contiguous(memory_format=torch.channels_last)

    def disturbed(self, latents: Tensor) -> Tensor:
        """With noise of up to `noise` deviations: a network's latents are never quite right."""
        if not self.settings.noise:
            return latents
        level = torch.rand(len(latents), 1, 1, 1, device=latents.device) * self.settings.noise / SCALING
        return latents + level * torch.randn_like(latents)

    def train_step(self, pixels: Tensor, lr: float) -> float:
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        with torch.autocast(pixels.device.type, torch.bfloat16):
            with torch.set_grad_enabled(not self.settings.decoder_only):
                posterior = self.codec.encode(pixels).latent_dist
            latents = posterior.mode() if self.settings.decoder_only else posterior.sample()
            decoded = self.codec.decode(self.disturbed(latents)).sample
        loss = loss_of(pixels, decoded.float()) + KL_WEIGHT * posterior.kl().float().mean() / 1024
        if self.older is not None and not self.settings.decoder_only:
            loss = loss + KEEP_WEIGHT * unlike(posterior.mode(), self.older, pixels)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.ema, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(self.averages, [p.data for p in self.parameters], 1 - decay)
        return loss.item()

    def save(self, path: Path) -> None:
        state = {
            "codec": self.codec.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": json.dumps(self.rng.bit_generator.state),
            "torch_rng": torch.get_rng_state(),
            "step": self.step,
            "spent": self.spent,
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True, map_location="cpu")
        self.codec.load_state_dict(state["codec"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rng.bit_generator.state = json.loads(state["rng"])
        torch.set_rng_state(state["torch_rng"])
        self.step, self.spent = state["step"], state["spent"]

    def start_from(self, folder: Path) -> None:
        """Take the weights of a saved codec as the beginning of another round; what has other shapes begins anew."""
        weights = load_file(folder / "diffusion_pytorch_model.safetensors")
        take_over(self.codec, weights, ())
        self.averaged.load_state_dict(self.codec.state_dict())


def rate(lr: float, step: int, progress: float) -> float:
    """Warm-up over 100 steps, then a cosine over the time given, down to 2 %."""
    return lr * min(1.0, (step + 1) / 100) * (0.49 * (1 + math.cos(math.pi * min(1.0, progress))) + 0.02)


@torch.no_grad()
def kept_so_far(trainer: CodecTrainer, pixels: Tensor) -> str:
    if trainer.older is None:
        return ""
    return f", unlike the older {unlike(trainer.averaged.encode(pixels).latent_dist.mode(), trainer.older, pixels):.4f}"


def train(
    work: Path,
    name: str,
    settings: CodecSettings,
    seconds: float,
    begin: Path | None = None,
    painted: Painted | None = None,
    older: AutoencoderKL | None = None,
) -> None:
    """Train for `seconds` of wall time (cosine over them); goes on from the checkpoint when there is one."""
    torch.set_num_threads(settings.threads)
    art, drawings = load_art(work)
    makers = replace(makers_of(art, drawings), painted=painted)
    held, composed = (pixels.to(settings.device) for pixels in measured_on(art, drawings, makers))
    trainer, checkpoint = CodecTrainer(settings, older), work / f"{name}.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    elif begin is not None:
        trainer.start_from(begin)
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    started, saved = time.monotonic() - trainer.spent, time.monotonic()
    while trainer.spent < seconds and not signals:
        lr = rate(settings.lr, trainer.step, trainer.spent / seconds)
        loss = trainer.train_step(trainer.batch(makers), lr)
        trainer.spent = time.monotonic() - started
        if trainer.step % MEASURED_EVERY == 0:
            (psnr, seen), (mixed, mixed_seen) = measure(trainer.averaged, held), measure(trainer.averaged, composed)
            print(
                f"{name} {trainer.step} {trainer.spent:.0f}s loss {loss:.4f} held-out {psnr:.2f} dB, "
                f"composed {mixed:.2f} dB{kept_so_far(trainer, composed)}",
                flush=True,
            )
            save_sheet(work / f"{name}.png", [held[:8], seen[:8], composed[:8], mixed_seen[:8]])
        if time.monotonic() - saved > SAVED_EVERY:
            saved = time.monotonic()
            trainer.save(checkpoint)
            trainer.averaged.save_pretrained(work / name)
    trainer.save(checkpoint)
    trainer.averaged.save_pretrained(work / name)
    print(f"{name} end {trainer.step} held-out {measure(trainer.averaged, held)[0]:.2f} dB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--name", default="codec")
    parser.add_argument("--minutes", type=float, default=150)
    parser.add_argument("--latent-channels", type=int, default=16)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--painted", action="store_true", help="take the pictures that training.paint left")
    parser.add_argument("--begin", type=Path, help="a saved codec to train further")
    parser.add_argument(
        "--decoder-only", action="store_true", help="leave the encoder, and so all latents, as they are"
    )
    parser.add_argument("--keep", type=Path, help="an older codec, whose latents the first channels are to be")
    parser.add_argument("--noise", type=float, default=0.0, help="on what is decoded, in deviations of the latents")
    asked = parser.parse_args()
    settings = CodecSettings(
        latent_channels=asked.latent_channels,
        threads=asked.threads,
        batch=asked.batch,
        lr=asked.lr,
        noise=asked.noise,
        decoder_only=asked.decoder_only,
        device=asked.device,
    )
    before = Painted(asked.work, FOR_CODEC) if asked.painted else None
    older = AutoencoderKL.from_pretrained(asked.keep).to(asked.device).requires_grad_(False) if asked.keep else None
    train(asked.work, asked.name, settings, asked.minutes * 60, asked.begin, before, older)


if __name__ == "__main__":
    main()
