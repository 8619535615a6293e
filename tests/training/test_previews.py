"""The decoder of previews takes channels and size from the codec, stays small, and learns what it is shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from sdplay.library.card import shipped_cards
from sdplay.library.preview_decoders import OWN
from training.previews import FILE, PreviewSettings, estimates, new_decoder

MOST_BYTES = 300_000


def codec(stages: int, channels: int) -> Any:
    return SimpleNamespace(config={"block_out_channels": (16,) * stages, "latent_channels": channels})


@pytest.mark.parametrize(("stages", "channels"), [(3, 4), (4, 4), (5, 8), (5, 16)])
def test_it_draws_at_half_the_size_and_is_small(stages: int, channels: int) -> None:
    decoder = new_decoder(codec(stages, channels), PreviewSettings().width)
    assert decoder.factor == 2 ** (stages - 1) / 2
    assert sum(weights.numel() for weights in decoder.parameters()) * 2 < MOST_BYTES
    with torch.inference_mode():
        assert decoder(torch.zeros(1, channels, 4, 6)).shape == (1, 3, 4 * decoder.factor, 6 * decoder.factor)


def test_some_latents_are_as_they_are_and_some_are_not() -> None:
    latents = torch.randn(64, 4, 6, 6, generator=torch.Generator().manual_seed(1))
    changed = estimates(latents, torch.Generator().manual_seed(2))
    same = [bool(torch.equal(one, other)) for one, other in zip(latents, changed, strict=True)]
    assert 8 <= sum(same) <= 28


def test_one_is_shipped_where_it_is_looked_for() -> None:
    folder = shipped_cards()["builtin"].folder
    assert folder is not None
    assert FILE == OWN
    assert (folder / FILE).stat().st_size < MOST_BYTES
