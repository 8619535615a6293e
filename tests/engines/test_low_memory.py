"""Less memory, the same picture: one head at a time to the bit, tiles to the rounding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from sdplay.engines.device import make_placement
from sdplay.engines.low_memory import Tile, TiledDecoder
from sdplay.families.base import load_family
from sdplay.library.resolve import resolve
from sdplay.pipeline.model_cache import ModelCache
from sdplay.prompts.attention import weighted
from sdplay.requests.recipe import Numerics
from tests.support.live_bytes import LiveBytes

TILE = 64
TOLERANCE = 1e-4  # relative L2 in float32; seen: 2e-5


def family(folder: Path, *, tile: int = 0, sliced: bool = False) -> Any:
    return load_family("sd", folder, make_placement("cpu", "float32", "float32", tile, sliced))


@pytest.fixture(scope="module", params=["tiny", "builtin"])
def model(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue(request.param)


def latents(of: Any, height: int, width: int, rows: int = 1) -> torch.Tensor:
    """Noise with a slope over it for the family `of`, so that the tiles of a picture are unlike each other."""
    random = torch.randn(rows, of.latent_channels, height, width, generator=torch.Generator().manual_seed(3))
    return random * 0.7 + torch.linspace(-1.5, 1.5, width)


@pytest.mark.parametrize("size", [(8, 8), (6, 10)])
def test_one_head_at_a_time_gives_the_same_bits(model: Path, size: tuple[int, int]) -> None:
    whole, lean = family(model), family(model, sliced=True)
    texts = [whole.encode_text(text) for text in ("", "a red apple")]
    x = torch.randn(2, whole.latent_channels, *size, generator=torch.Generator().manual_seed(1))
    for sigma in (0.1, 9.0):
        assert torch.equal(lean.denoiser(texts)(x, sigma), whole.denoiser(texts)(x, sigma))


def test_one_head_at_a_time_reads_texts_of_unlike_lengths(model: Path) -> None:
    """Of the shorter one nothing is read where only the longer one goes on."""
    whole, lean = family(model), family(model, sliced=True)
    texts = [whole.encode_weighted_text(weighted(text)) for text in ("a tree", "a BREAK house BREAK c")]
    assert len({len(text.embeds) for text in texts}) == 2
    x = torch.randn(2, whole.latent_channels, 8, 8, generator=torch.Generator().manual_seed(1))
    drawn, as_whole = lean.denoiser(texts)(x, 9.0), whole.denoiser(texts)(x, 9.0)
    assert float((drawn - as_whole).norm() / as_whole.norm()) < 1e-6
    alone = whole.denoiser(texts[:1])(x[:1], 9.0)
    assert float((drawn[:1] - alone).norm() / alone.norm()) < 1e-5


@pytest.mark.parametrize("size", [(9, 8), (20, 8), (24, 25)])
def test_tiles_draw_what_the_whole_draws(model: Path, size: tuple[int, int]) -> None:
    plain = family(model)
    z = latents(plain, *size, rows=2)
    whole, tiled = plain.decode(z), family(model, tile=TILE).decode(z)
    assert tiled.shape == whole.shape == (2, 3, *(side * plain.vae_scale_factor for side in size))
    assert float((tiled - whole).norm() / whole.norm()) < TOLERANCE
    assert float((tiled - whole).abs().max()) * 127.5 < 0.25  # grey levels


def test_a_tile_alone_would_not_do(builtin: Path) -> None:
    """The test above sees a difference: without shared statistics there is one."""
    lean = family(builtin, tile=TILE)
    z = latents(lean, 24, 25)
    whole = family(builtin).decode(z)
    lean.tiled_decoder.sites.clear()
    assert float((lean.decode(z) - whole).norm() / whole.norm()) > 20 * TOLERANCE


def test_a_picture_of_one_tile_is_decoded_whole(model: Path) -> None:
    whole = family(model)
    side = TILE // whole.vae_scale_factor
    z = latents(whole, side, side)
    assert torch.equal(family(model, tile=TILE).decode(z), whole.decode(z))


def test_a_second_picture_knows_nothing_of_the_first(tiny: Path) -> None:
    lean = family(tiny, tile=TILE)
    first, second = latents(lean, 12, 9), latents(lean, 9, 16) * 2
    alone = lean.decode(second)
    lean.decode(first)
    assert torch.equal(lean.decode(second), alone)


def test_tiles_cover_each_pixel_once(tiny: Path) -> None:
    decoder: TiledDecoder = family(tiny, tile=TILE).tiled_decoder
    values = torch.zeros(1, 1, 37, 22)
    for tile in decoder._tiles(values):
        part = values[..., tile.top : tile.bottom, tile.left : tile.right]
        tile.core(part).add_(1)
        assert min(part.shape[-2:]) > 0
    assert torch.equal(values, torch.ones_like(values))


def test_a_core_is_found_at_every_scale() -> None:
    tile = Tile(2, 0, 10, 7, (2, 0, 1, 3))
    for scale in (1, 2, 4):
        assert tile.core(torch.zeros(1, 1, 8 * scale, 7 * scale)).shape == (1, 1, 5 * scale, 4 * scale)


def test_a_recipe_decides_which_networks_are_in_memory(tiny: Path) -> None:
    models, found = ModelCache(), resolve(str(tiny))
    plain = models.get(found, Numerics(), "cpu")
    lean = models.get(found, Numerics(decode_tile=512, attention_slice=True), "cpu")
    assert lean is not plain
    assert models.get(found, Numerics(decode_tile=512, attention_slice=True), "cpu") is lean


def test_tiles_take_less_memory(tiny: Path) -> None:
    """Bytes of tensors at the same time while 1024x128 pixels are decoded, whole and in tiles."""
    whole = most_alive(tiny, 0)
    assert whole > 2 * 8 * 1024 * 128 * 4  # two maps of eight channels at full size, in float32
    assert most_alive(tiny, 256) < 0.5 * whole
    assert most_alive(tiny, 64) < 0.25 * whole


def most_alive(folder: Path, tile: int) -> int:
    model = family(folder, tile=tile)
    with LiveBytes() as live:
        model.decode(latents(model, 16, 128))
    return live.peak
