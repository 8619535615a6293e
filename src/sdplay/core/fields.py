"""Bounds and types of fields that several rooms name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

MOST_FRAMES = 1_000_000


Fill = Literal["original", "noise", "nothing"]
Upscaling = Literal[
    "latent",
    "latent-antialiased",
    "latent-bicubic",
    "latent-bicubic-antialiased",
    "latent-nearest",
    "latent-nearest-exact",
    "lanczos",
]


LONGEST_PROMPT = 32_000
LARGEST_SEED = 2**63 - 1
SMALLEST_SIDE, LARGEST_SIDE = 64, 4096
SMALLEST_TILE = 64
MOST_PICTURES = 100_000
NoiseSource = Literal["philox", "torch"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Syntax = Literal["a1111", "plain"]


def without_nul(text: str) -> str:
    """Refuse a NUL, which no PNG text can hold (half a surrogate pair never gets here: pydantic refuses it)."""
    if "\0" in text:
        raise ValueError("contains a NUL character")
    return text


FilePath = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(without_nul)]
