"""Draw prompts with a model folder and score the pictures: concepts, guidance, negative prompts, seeds, samplers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from training.judge import Judge
from training.prompts import Prompt

SAMPLERS = ("euler", "euler_a", "dpmpp_2m", "ddim")
GUIDANCES = (1.0, 3.0, 5.0)
RED_THINGS = ("apple", "strawberry", "heart", "rose", "tomato", "mushroom")
SEEDS_EACH, SEEDED = 4, 8


class Worded(Protocol):
    """Words and a seed, whatever else a prompt knows."""

    @property
    def text(self) -> str: ...

    @property
    def seed(self) -> int: ...


Pixels = NDArray[np.uint8]
Beliefs = dict[str, NDArray[np.float32]]


@dataclass(slots=True)
class Artist:
    """Draws prompts, each with its own seed, in memory."""

    model: Path
    steps: int = 20
    guidance: float = 3.0
    sampler: str = "euler"
    schedule: str = "trailing"
    studio: Studio = field(default_factory=Studio)

    def draw(self, prompts: Sequence[Worded], **fields: Any) -> Pixels:
        """Pictures uint8 [B, H, W, 3]; `fields` go over the artist's own settings."""
        settings = {
            "model": str(self.model),
            "steps": self.steps,
            "guidance_scale": self.guidance,
            "sampler": self.sampler,
            "schedule": self.schedule,
        } | fields
        drawn = [
            self.studio.draw(make_request(Txt2Img, prompt=p.text, **({"seed": p.seed} | settings)))[0] for p in prompts
        ]
        return np.stack([picture.pixels for picture in drawn])


def answers(judge: Judge, prompts: Sequence[Prompt], head: str) -> NDArray[np.int64]:
    """The number of the right name in the judge's list for each prompt, -1 where the words leave it open."""
    names = {name: number for number, name in enumerate(judge.labels[head])}
    return np.array([names.get(getattr(p, head) or "", -1) for p in prompts])


def accuracy(beliefs: Beliefs, judge: Judge, prompts: Sequence[Prompt], head: str, best: int = 1) -> float:
    """Share of pictures whose right name is among the judge's `best` for that head; NaN where none is asked."""
    right = answers(judge, prompts, head)
    asked = right >= 0
    if not asked.any():
        return float("nan")
    ranked = np.argsort(-beliefs[head][asked], axis=1)[:, :best]
    return float((ranked == right[asked, None]).any(1).mean())


def belief_in_concept(beliefs: Beliefs, judge: Judge, prompts: Sequence[Prompt]) -> float:
    right = answers(judge, prompts, "concept")
    return float(beliefs["concept"][np.arange(len(right)), right].mean())


def shuffled(prompts: Sequence[Prompt], seed: int = 1) -> list[Prompt]:
    """The same prompts in an order where hardly any stands where it stood."""
    return [prompts[int(k)] for k in np.random.default_rng(seed).permutation(len(prompts))]


def scores(judge: Judge, pictures: Pixels, prompts: Sequence[Prompt]) -> dict[str, float]:
    """Accuracy of each head that the words ask for, and of the concept among the first five."""
    beliefs = judge.probabilities(pictures)
    found = {head: accuracy(beliefs, judge, prompts, head) for head in ("concept", "style", "background", "colour")}
    found["concept_top5"] = accuracy(beliefs, judge, prompts, "concept", 5)
    return {head: share for head, share in found.items() if not math.isnan(share)}


def confusion(judge: Judge, pictures: Pixels, prompts: Sequence[Prompt], head: str) -> dict[str, dict[str, int]]:
    """How often each name that was asked for was seen as which."""
    names, right = judge.labels[head], answers(judge, prompts, head)
    seen = judge.probabilities(pictures)[head].argmax(1)
    asked = {names[k]: Counter(names[int(s)] for s in seen[right == k]) for k in sorted(set(right[right >= 0]))}
    return {name: dict(counts.most_common()) for name, counts in asked.items()}


def guidance_trial(artist: Artist, judge: Judge, prompts: Sequence[Prompt]) -> dict[str, dict[str, float]]:
    """Accuracy and mean belief in the asked concept for each guidance."""
    found = {}
    for guidance in GUIDANCES:
        beliefs = judge.probabilities(artist.draw(prompts, guidance_scale=guidance))
        found[f"{guidance:g}"] = {
            "concept": accuracy(beliefs, judge, prompts, "concept"),
            "belief": belief_in_concept(beliefs, judge, prompts),
        }
    return found


def sampler_trial(artist: Artist, judge: Judge, prompts: Sequence[Prompt]) -> dict[str, float]:
    found = {}
    for sampler in SAMPLERS:
        beliefs = judge.probabilities(artist.draw(prompts, sampler=sampler))
        found[sampler] = accuracy(beliefs, judge, prompts, "concept")
    return found


def redness(pictures: Pixels) -> float:
    """How much red stands above green and blue, 0..1, mean over all pixels."""
    rgb = pictures.astype(np.float32) / 255
    return float(np.clip(rgb[..., 0] - rgb[..., 1:].max(-1), 0, 1).mean())


def negative_trial(artist: Artist) -> dict[str, float]:
    """Redness of red things without and with "red" as the negative prompt."""
    prompts = [Prompt(f"{name}, 3d render", 40 + k, name, "3d", "white") for k, name in enumerate(RED_THINGS)]
    plain, away = artist.draw(prompts), artist.draw(prompts, negative_prompt="red")
    return {"without": redness(plain), "with": redness(away)}


def seed_trial(artist: Artist, prompts: Sequence[Prompt]) -> dict[str, float]:
    """Mean difference of pixel values (0..255) between pictures of one prompt: the mean, and the least alike pair."""
    gaps = []
    for prompt in prompts[:SEEDED]:
        drawn = [artist.draw([prompt], seed=100 + seed).astype(np.float32) for seed in range(SEEDS_EACH)]
        gaps += [float(np.abs(a - b).mean()) for k, a in enumerate(drawn) for b in drawn[:k]]
    return {"mean": float(np.mean(gaps)), "smallest": min(gaps), "largest": max(gaps)}
