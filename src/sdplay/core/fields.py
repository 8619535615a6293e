"""Bounds and types of fields that several rooms name."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

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


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError('is empty; say what to draw, for example "a red apple"')
    return text


def _multiple_of_8(side: int) -> int:
    if side % 8:
        raise ValueError(f"is not a multiple of 8; the nearest are {side // 8 * 8} and {side // 8 * 8 + 8}")
    return side


def as_tuple(given: object) -> object:
    """Lists as they come out of JSON are the tuples they were."""
    return tuple(cast(list[object], given)) if isinstance(given, list) else given


def as_texts(given: object) -> object:
    """One text where several may stand is one of them."""
    return (given,) if isinstance(given, str) else as_tuple(given)


# The schema of a request says what may be given: one text, or a list of them.
ONE_OR_MORE = BeforeValidator(as_texts, json_schema_input_type=str | list[str])
Text = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(without_nul)]
Prompt = Annotated[Text, AfterValidator(_not_blank)]
Side = Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE), AfterValidator(_multiple_of_8)]
FreeSide = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
