"""sdplay.engines.placement."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model's parts run and in which number formats; `decode_tile` and `sliced` spare memory (see `lean`), and
    so does `in_turn`: one part in memory at a time (see `turns`).
    """

    device: torch.device
    dtype: torch.dtype
    decode_dtype: torch.dtype
    decode_tile: int = 0
    attention_slicing: bool = False
    sequential_offload: bool = False
