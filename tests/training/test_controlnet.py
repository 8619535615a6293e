"""The ControlNet's training: pictures with their edges and words, and how it begins with one of an older model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel

from tests.training import drawn
from tests.training.tiny import network
from training.codec import CodecSettings, new_codec
from training.controlnet import begin_with, new_controlnet, reader_widths
from training.edges import EdgePool, placed
from training.networks import read_weights
from training.pictures import Chooser, Painter
from training.things import things


def older(folder: Path) -> ControlNetModel:
    """One for latents of four channels and 8 pixels, in which nothing is zero any more."""
    control = new_controlnet(network(4, 0), 4)
    with torch.no_grad():
        for weight in control.parameters():
            weight.add_(0.02 * torch.randn_like(weight))
    control.save_pretrained(folder)
    return control


def test_the_reader_of_edges_halves_them_as_often_as_the_codec() -> None:
    assert reader_widths(4) == (16, 32, 64, 96)
    assert reader_widths(5) == (16, 16, 32, 64, 96)
    assert reader_widths(3) == (32, 64, 96)


def test_it_begins_with_one_for_smaller_pictures_and_fewer_channels(tmp_path: Path) -> None:
    before = older(tmp_path / "older")
    unet = network(8, 1)
    control = new_controlnet(unet, 5)
    new = begin_with(control, tmp_path / "older")
    fresh = {f"controlnet_cond_embedding.blocks.{number}.{part}" for number in (0, 1) for part in ("weight", "bias")}
    assert set(new) == fresh | {"conv_in.weight"}
    assert torch.equal(control.conv_in.weight, unet.conv_in.weight)
    assert torch.equal(control.controlnet_mid_block.weight, before.controlnet_mid_block.weight)
    edges = torch.zeros(1, 3, 64, 64)
    edges[..., 20:44, 31:33] = 1
    with torch.no_grad():
        read = control.controlnet_cond_embedding(edges)
        known = before.controlnet_cond_embedding(edges[..., ::2, ::2])
    assert read.shape == known.shape
    alike = torch.corrcoef(torch.stack([read.flatten(), known.flatten()]))[0, 1]
    assert float(alike) > 0.9  # it sees in large pictures what the older one saw in small ones


def test_it_goes_on_with_one_of_its_own_kind(tmp_path: Path) -> None:
    before = older(tmp_path / "older")
    control = new_controlnet(network(4, 1), 4)
    assert begin_with(control, tmp_path / "older") == []
    given = read_weights(tmp_path / "older")
    assert all(torch.equal(weight, given[name]) for name, weight in control.state_dict().items())
    assert before.config.conditioning_embedding_out_channels == control.config.conditioning_embedding_out_channels


@pytest.mark.parametrize("channels", [4, 8])
def test_the_pool_holds_what_the_codec_makes_of_pictures_and_their_edges(channels: int) -> None:
    art, drawings = drawn.art()
    torch.manual_seed(0)
    widths = (8, 8, 8, 8, 8) if channels == 8 else (8, 8, 8, 8)
    codec = new_codec(CodecSettings(channels=widths, latent_channels=channels))
    codec.register_to_config(sample_size=256 if channels == 8 else 128)
    pool = EdgePool(Chooser(things(drawings)), Painter(art), codec.eval(), rows=3, seed=0)
    assert pool.latents.shape == (3, channels, 16, 16)
    before = pool.latents.clone()
    pool.renew(1)
    assert int((pool.latents != before).any(-1).any(-1).any(-1).sum()) == 1
    latents, edges, words = pool.batch(4, np.random.default_rng(0))
    assert latents.shape == (4, channels, 16, 16)
    assert edges.shape == (4, 3, codec.config["sample_size"], codec.config["sample_size"])
    assert set(edges.unique().tolist()) == {0.0, 1.0}
    assert len(words) == 4


def test_a_thing_alone_is_anywhere_and_other_pictures_are_as_they_were() -> None:
    _, drawings = drawn.art()
    chooser, rng = Chooser(things(drawings)), np.random.default_rng(0)
    moved = [placed(chooser.picture(rng, "single"), rng).parts[0] for _ in range(40)]
    assert min(part.scale for part in moved) < 0.55 < 0.9 < max(part.scale for part in moved)
    assert all(part.scale / 2 <= at <= 1 - part.scale / 2 for part in moved for at in (part.x, part.y))
    pair = chooser.picture(rng, "pair")
    assert placed(pair, rng) == pair
