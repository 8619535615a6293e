"""A network goes on with another codec's latents, and whitening a codec leaves its pictures as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel

from training.begin import explained, joined, linear_map
from training.codec import CodecSettings, new_codec
from training.latents import SCALING, encode, whiten
from training.weights import FOLDER, PARTS, unpack


def network(channels: int) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(16,),
        down_block_types=["DownBlock2D"],
        up_block_types=["UpBlock2D"],
        mid_block_type=None,
        cross_attention_dim=8,
        norm_num_groups=8,
    )


def test_the_map_between_latents_is_found() -> None:
    torch.manual_seed(0)
    matrix, source = torch.randn(4, 8), torch.randn(3, 8, 5, 5)
    target = torch.einsum("oc,bchw->bohw", matrix, source)
    found = linear_map(source, target)
    torch.testing.assert_close(found, matrix, atol=1e-4, rtol=1e-4)
    assert explained(source, target, found) > 0.999
    assert explained(source, target + 10 * torch.randn_like(target), found) < 0.5


def test_the_first_and_last_layer_take_the_maps_up() -> None:
    torch.manual_seed(0)
    before, after = network(4), network(8)
    to_old, to_new, z = torch.randn(4, 8), torch.randn(8, 4), torch.randn(2, 8, 8, 8)
    joined(after, before, to_old, to_new)
    with torch.no_grad():
        old = torch.einsum("oc,bchw->bohw", to_old, z)
        # borders see zeros, which the map leaves zeros
        torch.testing.assert_close(after.conv_in(z), before.conv_in(old), atol=1e-4, rtol=1e-4)
        features = torch.randn(2, 16, 8, 8)
        said = torch.einsum("nc,bchw->bnhw", to_new, before.conv_out(features))
        torch.testing.assert_close(after.conv_out(features), said, atol=1e-4, rtol=1e-4)


def test_whitening_leaves_pictures_as_they_are() -> None:
    torch.manual_seed(0)
    codec = new_codec(CodecSettings(channels=(16, 16), latent_channels=8)).eval().requires_grad_(False)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    values = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1

    def there_and_back() -> torch.Tensor:
        with torch.no_grad():
            return codec.decode(codec.encode(values).latent_dist.mode()).sample

    before, latents = there_and_back(), encode(codec, pixels)
    whitened = whiten(codec, latents)
    torch.testing.assert_close(there_and_back(), before, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(whitened.std((0, 2, 3)), torch.ones(8), atol=1e-3, rtol=1e-3)
    with torch.no_grad():
        again = codec.encode(values).latent_dist.mode() * SCALING
    assert float((again - whitened).abs().mean()) < 0.02  # `encode` counts in bfloat16


def test_committed_weights_are_laid_out_to_go_on_from(tmp_path: Path) -> None:
    tokenizer = tmp_path / "given"
    tokenizer.mkdir()
    (tokenizer / "vocab.json").write_text("{}")
    for part, (name, weights, _) in PARTS.items():
        (tmp_path / "packed" / name).mkdir(parents=True)
        (tmp_path / "packed" / name / weights).write_bytes(part.encode())
    unpack(tmp_path / "packed", tmp_path / "work", tokenizer)
    assert (tmp_path / "work" / "vae" / PARTS["vae"][1]).read_bytes() == b"vae"
    assert (tmp_path / "work" / "begun" / "unet" / PARTS["unet"][1]).read_bytes() == b"unet"
    assert (tmp_path / "work" / "tokenizer" / "vocab.json").exists()
    assert FOLDER.parent.name == "training"
