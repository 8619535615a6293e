"""Requests and recipes for tests that need no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from sdplay.core.identity import ModelIdentity
from sdplay.core.machine import Machine
from sdplay.images.picture import Picture
from sdplay.library.card import ModelCard
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img, picture_size

MACHINE = Machine(device="cpu", dtype="float32", threads=1)
CARD = ModelCard(
    name="pretend",
    title="no model at all",
    family="sd",
    licence="none",
    size=64,
    steps=4,
    guidance_scale=3.0,
    sampler="euler",
    schedule="trailing",
)
MODEL = ResolvedModel(
    card=CARD,
    path=Path("nowhere"),
    identity=ModelIdentity(name="pretend", digest="ab" * 32, family="sd"),
    rule="made up by a test",
    origin=Path("nowhere"),
)


def recipe(prompt: str = "a red apple", *, new_seed: int = 7, **fields: Any) -> Recipe:
    """The recipe of a request on a model that does not exist."""
    return resolve_request(make_request(Txt2Img, prompt=prompt, **fields), MODEL, MACHINE, new_seed)


def picture(of: Recipe, index: int = 0) -> Picture:
    """A picture of random pixels, the same for the same recipe and index."""
    random = np.random.default_rng([of.seed, index])
    width, height = picture_size(of)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(pixels=pixels, recipe=of, index=index, seconds=0.25)
