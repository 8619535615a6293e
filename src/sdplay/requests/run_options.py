"""Where and how the work is done: what a request says beside what reaches pixels."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from sdplay.core.fields import LARGEST_SIDE, SMALLEST_TILE, EngineChoice, Precision, Validated
from sdplay.core.values import read_amount


def _whole_tiles(side: int) -> int:
    if side % SMALLEST_TILE:
        raise ValueError(f"is not a multiple of {SMALLEST_TILE}")
    return side


def as_amount(given: object) -> object:
    """Bytes are an amount of memory too."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _amount(text: str) -> str:
    read_amount(text)
    return text.strip()


Memory = Annotated[str, Field(max_length=64), BeforeValidator(as_amount), AfterValidator(_amount)]


class RunOptions(Validated):
    """What belongs to the machine and its owner, and not to a picture: a server puts its own in place of those it is
    sent. The numbers that come of them are in a recipe's `numerics`.
    """

    allow_pickle: bool = Field(
        default=False,
        description="Open a pickle (.ckpt, .pt, .bin) too: its weights alone, in a process of their own.",
        json_schema_extra={"group": "model"},
    )
    device: str = Field(
        default="auto", description="auto, cpu, gpu (or cuda, cuda:1, mps).", json_schema_extra={"group": "memory"}
    )
    precision: Precision = Field(
        default="auto",
        description="Number format of the networks. int8 is for CPUs, by OpenVINO (an extra): the fastest, with a loss "
        "that is measured and said.",
        json_schema_extra={"group": "memory"},
    )
    engine: EngineChoice = Field(
        default="auto",
        description="What runs the network: torch, openvino (an extra: faster on a CPU, once it has converted the "
        "model) or cuda (CUDA graphs, on an NVIDIA GPU). auto: openvino for large models where it is installed.",
        json_schema_extra={"group": "memory", "if_absent": "auto"},
    )
    low_memory: bool = Field(
        default=False,
        description="One picture at a time, attention in slices, large pictures in tiles: slower, in less memory.",
        json_schema_extra={"group": "memory"},
    )
    decode_tile: Annotated[int, Field(ge=0, le=LARGEST_SIDE), AfterValidator(_whole_tiles)] | None = Field(
        default=None,
        description="Pictures larger than this are decoded in tiles of so many pixels a side: no seam, less memory, "
        "more time. 0: whole. 512 with `low_memory`, else 0, when left out.",
        json_schema_extra={"group": "memory"},
    )
    max_memory: Memory | None = Field(
        default=None,
        description="Memory that drawing may take: 4GiB, 4096MiB, 4.5GB. What would take more is not begun.",
        json_schema_extra={"group": "memory"},
    )
    allow_lossy: bool = Field(
        default=False,
        description="To keep within `max_memory` also calculate in bfloat16, which changes the picture a little.",
        json_schema_extra={"group": "memory"},
    )
    batch_size: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Pictures in one pass of the network; one size gives one set of bits. The model's when left out.",
        json_schema_extra={"group": "memory"},
    )
