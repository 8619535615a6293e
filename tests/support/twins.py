"""A network of diffusers or transformers and ours with the same weights, in the number format and layout of drawing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

FORMATS = [torch.float32, torch.bfloat16]


def twin(ours: nn.Module, theirs: nn.Module, dtype: torch.dtype, below: str = "") -> None:
    """Give `ours` the weights of `theirs` by their own names, `below` a level that ours has more."""
    weights = {name: weight for name, weight in theirs.state_dict().items() if not name.endswith("position_ids")}
    ours.load_state_dict({name if name.startswith(below) else below + name: w for name, w in weights.items()})
    for network in (ours, theirs):
        for parameter in network.parameters():
            parameter.data = placed(parameter.data, dtype)
        network.eval()


def placed(values: Tensor, dtype: torch.dtype) -> Tensor:
    return values.to(dtype, memory_format=torch.channels_last if values.dim() == 4 else torch.preserve_format)


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def latents(dtype: torch.dtype, channels: int, size: tuple[int, int], rows: int = 2) -> Tensor:
    return placed(noise(1, rows, channels, *size), dtype)


def sizes(rows: int, width: int, dtype: torch.dtype) -> dict[str, Any]:
    """What SDXL reads besides the text."""
    numbers = torch.tensor([[64.0, 80, 0, 0, 64, 80]]).expand(rows, -1)
    return {"added_cond_kwargs": {"text_embeds": noise(2, rows, width).to(dtype), "time_ids": numbers}}
