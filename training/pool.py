"""The pictures that the network learns from, as latents with their words: a ring in which new ones replace the oldest.

It grows while training goes on, so that training can begin after some minutes, and what is learned is the thing and not
sixteen pictures of it. A checkpoint holds the whole ring, so that a training that was stopped goes on as if it had not.
"""

from __future__ import annotations

import json

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from training.captions import EMPTY_SHARE
from training.latents import encode
from training.paint import WORDINGS, Painted, some
from training.pictures import Chooser, Painter


class Pool:
    """At most `capacity` encoded pictures, each with `WORDINGS` captions."""

    def __init__(
        self,
        chooser: Chooser,
        painter: Painter,
        codec: AutoencoderKL,
        capacity: int,
        seed: int,
        painted: Painted | None = None,
    ) -> None:
        self.chooser, self.painter, self.codec, self.painted = chooser, painter, codec, painted
        self.rng = np.random.default_rng(seed)
        self.capacity, self.made = capacity, 0
        self.words: list[list[str]] = []
        self.latents = torch.zeros(0, dtype=torch.float16)

    def __len__(self) -> int:
        return min(self.made, self.capacity)

    def make(self, count: int) -> None:
        """Compose, word and encode `count` new pictures, or take them from those that were painted before."""
        if self.painted is not None:
            pixels, words = self.painted.take(self.made, count)
        else:
            pixels, words = some(self.chooser, self.painter, count, self.rng)
        latents = encode(self.codec, pixels).half()
        if not len(self.latents):
            self.latents = torch.zeros(self.capacity, *latents.shape[1:], dtype=torch.float16, device=latents.device)
        for latent, wordings in zip(latents, words, strict=True):
            place = self.made % self.capacity
            self.latents[place] = latent
            self.words[place : place + 1] = [wordings]
            self.made += 1

    def batch(self, size: int, rng: np.random.Generator) -> tuple[Tensor, list[str]]:
        """Latents float32 [size, C, h, w] and a caption for each, `EMPTY_SHARE` of them empty."""
        rows, which = rng.integers(0, len(self), size), rng.integers(0, WORDINGS, size)
        empty = rng.random(size) < EMPTY_SHARE
        texts = ["" if no else self.words[row][k] for row, k, no in zip(rows, which, empty, strict=True)]
        return self.latents[torch.from_numpy(rows).to(self.latents.device)].float(), texts

    def state(self) -> dict[str, object]:
        return {
            "latents": self.latents[: len(self)].cpu().clone(),  # a slice would be saved with all that it is cut from
            "words": json.dumps(self.words),
            "made": self.made,
            "rng": json.dumps(self.rng.bit_generator.state),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take up a `state`; a ring of another capacity keeps what fits."""
        kept: Tensor = state["latents"]  # type: ignore[assignment]
        kept, words = kept[: self.capacity], json.loads(str(state["words"]))[: self.capacity]
        device = self.codec.device
        self.latents = torch.zeros(self.capacity, *kept.shape[1:], dtype=torch.float16, device=device)
        self.latents[: len(kept)] = kept.to(device)
        self.words = words
        made = int(state["made"])  # type: ignore[call-overload]
        self.made = made if made >= self.capacity else len(kept)
        self.rng.bit_generator.state = json.loads(str(state["rng"]))
