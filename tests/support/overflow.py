"""Numbers that overflow in half precision, without a model that is loud enough for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sdplay.families.common.latent_model import LatentModel

Bad = Callable[[LatentModel, torch.dtype], bool]


def in_network(model: LatentModel, codec: torch.dtype) -> bool:
    return model.placement.dtype == torch.bfloat16


def in_codec(model: LatentModel, codec: torch.dtype) -> bool:
    return codec == torch.bfloat16


def overflow(patch: pytest.MonkeyPatch, bad: Bad) -> None:
    """Let every picture come out as no numbers where a model and the format its codec works in are `bad`."""
    decoded = LatentModel._decoded

    def spoiled(self: LatentModel, latents: Tensor, dtype: torch.dtype) -> Tensor:
        pixels = decoded(self, latents, dtype)
        return pixels * torch.nan if bad(self, dtype) else pixels

    patch.setattr(LatentModel, "_decoded", spoiled)
