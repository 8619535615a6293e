"""Train the text encoder and the denoising network together: v-prediction on the pool of latents."""

from __future__ import annotations

import argparse
import math
import shutil
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from sdplay.sampling.sigmas import make_noise_schedule
from training.captions import caption
from training.latents import Pool, taught
from training.muon import Muon
from training.tokenizer import POSITIONS

TABLE = make_noise_schedule(prediction="v_prediction", spacing="trailing", offset=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiserSettings:
    channels: tuple[int, ...] = (64, 128, 192)
    text_width: int = 192
    batch: int = 64
    lr: float = 2e-3
    weight_decay: float = 0.02
    ema: float = 0.998
    per_base: int = 4
    renewed_a_step: int = 4
    threads: int = 1


def new_networks(settings: DenoiserSettings, tokenizer: Any) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    """The network of SD 1.x, small: attention where the picture is 8×8 (once, going down) and 4×4."""
    unet = UNet2DConditionModel(
        sample_size=16,
        block_out_channels=settings.channels,
        layers_per_block=1,
        down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        up_block_types=["CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
        cross_attention_dim=settings.text_width,
        attention_head_dim=[1, 2, 3],  # in this family's config that is the number of heads
        norm_num_groups=16,
    ).to(memory_format=torch.channels_last)
    unet.set_attn_processor(AttnProcessor())  # 1.4 times the training speed of the fused one on a CPU
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=settings.text_width,
            intermediate_size=4 * settings.text_width,
            num_hidden_layers=2,
            num_attention_heads=3,
            max_position_embeddings=POSITIONS,
            hidden_act="quick_gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            projection_dim=settings.text_width,
        )
    )
    return unet, text


def split_parameters(networks: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """(matrices for Muon, everything else): embeddings, norms, biases and the thin first and last layers are else."""
    matrices: list[Tensor] = []
    others: list[Tensor] = []
    for name, p in networks.named_parameters():
        thin = p.ndim < 2 or min(p.size(0), p[0].numel()) < 16
        (others if thin or "embedding.weight" in name or "conv_in" in name else matrices).append(p)
    return matrices, others


class Trainer:
    """Everything that a checkpoint holds, and one training step."""

    def __init__(self, work: Path, settings: DenoiserSettings) -> None:
        torch.manual_seed(1)
        self.settings, self.work = settings, work
        self.tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer", model_max_length=POSITIONS)
        unet, text = new_networks(settings, self.tokenizer)
        self.networks = nn.ModuleDict({"unet": unet, "text": text})
        self.unet, self.text = unet, text
        matrices, others = split_parameters(self.networks)
        self.optimizer = Muon(matrices, others, lr=settings.lr, weight_decay=settings.weight_decay)
        self.parameters = list(self.networks.parameters())
        self.ema = [p.detach().clone() for p in self.parameters]
        self.kept = torch.from_numpy(1 / (1 + TABLE.sigmas**2)).float()
        self.step, self.spent, self.loss = 0, 0.0, float("nan")
        self.rng = np.random.default_rng([7, rank()])

    def words(self, texts: list[str]) -> Tensor:
        tokens = self.tokenizer(texts, padding="max_length", truncation=True, max_length=POSITIONS, return_tensors="pt")
        return self.text(tokens.input_ids)[0]

    def train_step(self, pool: Pool, lr: float) -> float:
        """One step on a random batch at stratified noise levels; returns the unweighted v loss."""
        size = self.settings.batch
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        rows = self.rng.integers(0, len(pool.shown), size)
        clean = pool.latents[torch.from_numpy(rows)]
        texts = [caption(pool.shown[row], self.rng) for row in rows]
        t = torch.from_numpy((np.arange(size) + self.rng.random(size)) / size * 1000).long().clamp(0, 999)
        kept = self.kept[t].view(-1, 1, 1, 1)
        noise = torch.from_numpy(self.rng.standard_normal(clean.shape, dtype=np.float32))
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * noise
        target = kept.sqrt() * noise - (1 - kept).sqrt() * clean
        with torch.autocast("cpu", torch.bfloat16):
            out = self.unet(noisy.contiguous(memory_format=torch.channels_last), t, self.words(texts)).sample
        each = (out.float() - target).square().mean((1, 2, 3))
        weight = (5 * (1 - kept) / kept).flatten().clamp(max=1)  # min(1, 5/SNR): Hang et al., arXiv:2303.09556
        self.optimizer.zero_grad(set_to_none=True)
        (each * weight).mean().backward()
        self.average_gradients()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        decay = min(self.settings.ema, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(self.ema, [p.data for p in self.parameters], 1 - decay)
        return float(each.detach().mean())

    def average_gradients(self) -> None:
        """The mean over all processes, so that each takes the same step; nothing where there is one process."""
        if not dist.is_initialized():
            return
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        flat = torch._utils._flatten_dense_tensors(gradients)
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        torch._foreach_copy_(gradients, torch._utils._unflatten_dense_tensors(flat, gradients))

    def save(self, path: Path) -> None:
        state = {
            "networks": self.networks.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema,
            "step": self.step,
            "spent": self.spent,
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True)
        self.networks.load_state_dict(state["networks"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch._foreach_copy_(self.ema, state["ema"])
        self.step, self.spent = state["step"], state["spent"]
        self.rng = np.random.default_rng([7 + self.step, rank()])

    def start_from(self, folder: Path) -> None:
        """Take the weights of an exported model as the beginning of another round."""
        for network, part in ((self.unet, "unet"), (self.text, "text_encoder")):
            weights = load_file(next((folder / part).glob("*.safetensors")))
            named = {name.removeprefix("text_model."): w.float() for name, w in weights.items()}
            named.pop("embeddings.position_ids", None)
            network.load_state_dict(named)
        torch._foreach_copy_(self.ema, [p.data for p in self.parameters])

    def save_averaged(self, folder: Path) -> None:
        """Write the averaged weights as `unet` and `text_encoder` below `folder`, in float32."""
        current = [p.detach().clone() for p in self.parameters]
        torch._foreach_copy_([p.data for p in self.parameters], self.ema)
        self.unet.save_pretrained(folder / "unet")
        self.text.save_pretrained(folder / "text_encoder")
        torch._foreach_copy_([p.data for p in self.parameters], current)


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def agreed(spent: float, stop: bool) -> tuple[float, bool]:
    """The largest of what the processes say, so that all use one learning rate and stop at one step."""
    said = torch.tensor([spent, float(stop)], dtype=torch.float64)
    if dist.is_initialized():
        dist.all_reduce(said, dist.ReduceOp.MAX)
    return float(said[0]), bool(said[1])


def rate(lr: float, step: int, progress: float) -> float:
    """Warm-up over 100 steps, then a cosine over the wall time given, down to 2 %."""
    return lr * min(1.0, (step + 1) / 100) * (0.49 * (1 + math.cos(math.pi * min(1.0, progress))) + 0.02)


def train(work: Path, settings: DenoiserSettings, seconds: float, begin: Path | None) -> None:
    """Train for `seconds` of wall time in all; SIGTERM saves and stops.

    Goes on from the checkpoint in `work` where there is one, else from the exported model `begin`, else from nothing.
    """
    torch.set_num_threads(settings.threads)
    codec = AutoencoderKL.from_pretrained(work / "vae", low_cpu_mem_usage=False)
    codec = codec.to(memory_format=torch.channels_last).eval().requires_grad_(False)
    trainer, checkpoint = Trainer(work, settings), work / "denoiser.pt"
    if checkpoint.exists():
        trainer.load(checkpoint)
    elif begin is not None:
        trainer.start_from(begin)
    pool = Pool(taught(work), codec, settings.per_base, seed=2 * trainer.step + rank())
    pool.fill()
    first = rank() == 0
    if first:
        deviations = [round(d, 3) for d in pool.latents.std((0, 2, 3)).tolist()]
        print(asdict(settings), f"{len(pool.bases)} drawings, latent deviations {deviations}", flush=True)
    started, saved = time.monotonic() - trainer.spent, time.monotonic()
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    stop = False
    while trainer.spent < seconds and not stop:
        loss = trainer.train_step(pool, rate(settings.lr, trainer.step, trainer.spent / seconds))
        pool.renew(settings.renewed_a_step)
        trainer.loss = loss if math.isnan(trainer.loss) else 0.98 * trainer.loss + 0.02 * loss
        trainer.spent, stop = agreed(time.monotonic() - started, bool(signals))
        if first and trainer.step % 50 == 0:
            print(f"{trainer.step} {trainer.spent:.0f}s v-loss {trainer.loss:.4f}", flush=True)
        if first and (time.monotonic() - saved > 480 or stop):
            saved = time.monotonic()
            trainer.save(checkpoint)
            trainer.save_averaged(work / "averaged")
    if first:
        trainer.save(checkpoint)
        trainer.save_averaged(work / "averaged")


def together(
    number: int, count: int, work: Path, settings: DenoiserSettings, seconds: float, begin: Path | None
) -> None:
    """One of `count` processes that train together, each on its own part of every batch."""
    meeting = f"file://{(work / 'meeting').resolve()}"
    dist.init_process_group("gloo", init_method=meeting, rank=number, world_size=count)
    train(work, settings, seconds, begin)
    dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of each process; two processes beat two threads")
    parser.add_argument("--batch", type=int, default=64, help="of each process")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--begin", type=Path, help="an exported model to train further, with its codec and tokenizer")
    asked = parser.parse_args()
    if asked.begin is not None:
        for part in ("vae", "tokenizer"):
            shutil.copytree(asked.begin / part, asked.work / part, dirs_exist_ok=True)
    settings = DenoiserSettings(threads=asked.threads, batch=asked.batch, lr=asked.lr)
    if asked.processes == 1:
        train(asked.work, settings, asked.minutes * 60, asked.begin)
        return
    (asked.work / "meeting").unlink(missing_ok=True)
    torch.multiprocessing.spawn(
        together, (asked.processes, asked.work, settings, asked.minutes * 60, asked.begin), nprocs=asked.processes
    )


if __name__ == "__main__":
    main()
