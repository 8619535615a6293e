"""What the training of text encoder and network goes on with, and one step of it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import CLIPTokenizer

from training.group_norm import quicken
from training.muon import Muon
from training.networks import Sizes, begin, new_networks, split_parameters
from training.noise import noised, v_loss
from training.partners import Partners
from training.pictures import OFTEN
from training.pool import Pool
from training.tokenizer import POSITIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiserSettings:
    sizes: Sizes = field(default_factory=Sizes)
    batch: int = 96
    lr: float = 1.5e-3
    weight_decay: float = 0.02
    ema: float = 0.998
    capacity: int = 32768
    first: int = 1024
    made_a_step: int = 6
    often: float = OFTEN
    threads: int = 1
    told_every: int = 20


class Trainer:
    """Everything that a checkpoint holds, and one training step."""

    def __init__(self, work: Path, settings: DenoiserSettings, pool: Pool, partners: Partners | None = None) -> None:
        torch.manual_seed(1)
        self.settings, self.pool, self.partners = settings, pool, partners or Partners()
        self.tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer", model_max_length=POSITIONS)
        self.unet, self.text = new_networks(settings.sizes, self.tokenizer)
        quicken(self.unet)
        self.networks = nn.ModuleDict({"unet": self.unet, "text": self.text}).to(pool.codec.device)
        matrices, others = split_parameters(self.networks)
        self.optimizer = Muon(
            matrices, others, lr=settings.lr, weight_decay=settings.weight_decay, partners=self.partners
        )
        self.parameters = list(self.networks.parameters())
        self.rng = np.random.default_rng(7)
        self.step, self.seen, self.spent, self.loss = 0, 0, 0.0, float("nan")
        self.ema = [p.detach().clone() for p in self.parameters]

    def begin(self, folder: Path) -> list[str]:
        new = begin(self.unet, self.text, folder)
        torch._foreach_copy_(self.ema, [p.data for p in self.parameters])
        return new

    def words(self, texts: list[str]) -> Tensor:
        tokens = self.tokenizer(texts, padding="max_length", truncation=True, max_length=POSITIONS, return_tensors="pt")
        return self.text(tokens.input_ids.to(self.pool.codec.device))[0]

    def train_step(self, lr: float) -> float:
        """One step on a random batch at stratified noise levels; returns the unweighted v loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        if self.settings.made_a_step:
            self.pool.make(self.settings.made_a_step)
        clean, texts = self.pool.batch(self.settings.batch // self.partners.count, self.rng)
        noisy, noise, t = noised(clean, self.rng)
        with torch.autocast(clean.device.type, torch.bfloat16):
            out = self.unet(noisy.contiguous(memory_format=torch.channels_last), t, self.words(texts)).sample
        loss, plain = v_loss(out, clean, noise, t)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.partners.average(p.grad for p in self.parameters)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.step += 1
        self.seen += len(clean) * self.partners.count
        decay = min(self.settings.ema, (1 + self.step) / (20 + self.step))
        torch._foreach_lerp_(self.ema, [p.data for p in self.parameters], 1 - decay)
        now = float(plain)
        self.loss = now if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * now
        return now

    def unreached(self) -> list[str]:
        """Weights that the last step left without a gradient: behind a new layer that is still zero, or by a fault."""
        return [name for name, p in self.networks.named_parameters() if p.grad is None or not p.grad.any()]

    def keep(self, work: Path, name: str) -> None:
        """Write the checkpoint `name` and its averaged weights into the work folder."""
        self.save(work / f"{name}.pt")
        self.save_averaged(work / f"{name}-averaged")

    def save(self, path: Path) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "networks": self.networks.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema,
            "pool": self.pool.state(),
            "rng": json.dumps(self.rng.bit_generator.state),
            "sizes": asdict(self.settings.sizes),
            "counts": {"step": self.step, "seen": self.seen, "spent": self.spent, "loss": self.loss},
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path, *, pool: bool = True) -> None:
        state = torch.load(path, weights_only=True, map_location="cpu")
        self.networks.load_state_dict(state["networks"])
        self.optimizer.load_state_dict(state["optimizer"])
        torch._foreach_copy_(self.ema, state["ema"])
        if pool:
            self.pool.restore(state["pool"])
        self.rng.bit_generator.state = json.loads(state["rng"])
        counts: dict[str, Any] = state["counts"]
        self.step, self.seen = counts["step"], counts["seen"]
        self.spent, self.loss = counts["spent"], counts["loss"]
        if not self.partners.first:  # other pictures than the first process has, and others than last time
            self.rng = np.random.default_rng((self.partners.rank, self.step))
            self.pool.rng = np.random.default_rng((self.partners.rank, self.step, 1))

    def save_averaged(self, folder: Path) -> None:
        """Write the averaged weights as `unet` and `text_encoder` below `folder`, in float32."""
        current = [p.detach().clone() for p in self.parameters]
        torch._foreach_copy_([p.data for p in self.parameters], self.ema)
        self.unet.save_pretrained(folder / "unet")
        self.text.save_pretrained(folder / "text_encoder")
        torch._foreach_copy_([p.data for p in self.parameters], current)


def sizes_of(checkpoint: Path) -> Sizes:
    """How large the networks of a checkpoint are, so that it is taken up as it is whatever the defaults have become."""
    said = torch.load(checkpoint, weights_only=True, mmap=True)["sizes"]
    return Sizes(**(said | {"channels": tuple(said["channels"])}))
