"""A codec that begins with an older one's latents has them first, and loses nothing of what the map keeps."""

from __future__ import annotations

import pytest
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from training.codec import CodecSettings, CodecTrainer, new_codec, unlike
from training.group_norm import quicken
from training.grown import details, fit
from training.latents import SCALING, whiten

CHANNELS = (8, 8, 16)


def codec(latent_channels: int, seed: int, channels: tuple[int, ...] = CHANNELS) -> AutoencoderKL:
    torch.manual_seed(seed)
    made = new_codec(CodecSettings(channels=channels, latent_channels=latent_channels))
    for weights in made.parameters():
        nn.init.normal_(weights, std=0.2)
    return made.eval()


def mean_of(one: AutoencoderKL, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        return one.encode(pixels).latent_dist.mode()


def test_latents_are_the_map_of_the_sources_and_are_decoded_as_the_source_would_the_map_back() -> None:
    source, new = codec(6, 0), codec(4, 1)
    into, back = torch.randn(4, 6), torch.randn(6, 4)
    with torch.no_grad():
        source.post_quant_conv.bias.zero_()  # at the border, a convolution's padding is not moved by it
    fit(new, source, into, back)
    pixels = torch.randn(2, 3, 16, 16)
    mapped = torch.einsum("oc,bchw->bohw", into, mean_of(source, pixels))
    torch.testing.assert_close(mean_of(new, pixels), mapped, rtol=1e-3, atol=1e-3)
    with torch.no_grad():
        told = source.decode(torch.einsum("co,bohw->bchw", back, mapped)).sample
        torch.testing.assert_close(new.decode(mapped).sample, told, rtol=1e-3, atol=1e-2)


def test_details_are_what_the_told_channels_leave_out() -> None:
    torch.manual_seed(2)
    hidden = torch.randn(16, 3, 8, 8) * torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1)
    mixed = torch.einsum("oc,bchw->bohw", torch.linalg.qr(torch.randn(5, 3))[0], hidden)
    found = torch.einsum("oc,bchw->bohw", details(mixed, hidden[:, 2:], 2), mixed)
    flat = torch.cat([found, hidden[:, 2:]], 1).permute(1, 0, 2, 3).flatten(1)
    related = torch.corrcoef(flat)
    assert float((related - torch.eye(3)).abs().max()) < 0.1
    assert bool((found.std((0, 2, 3)) - 1 < 0.1).all())


def test_the_first_channels_are_drawn_to_the_older_codec() -> None:
    older = codec(2, 3, CHANNELS[1:]).requires_grad_(False)
    older.quant_conv.weight.mul_(50)
    older.register_to_config(sample_size=8)
    trainer = CodecTrainer(CodecSettings(channels=CHANNELS, latent_channels=4, noise=0.2), older)
    pixels = torch.rand(4, 3, 16, 16) * 2 - 1

    def apart() -> float:
        return float(unlike(mean_of(trainer.codec, pixels), older, pixels))

    before = apart()
    for _ in range(90):
        trainer.train_step(pixels, 3e-3)
    assert apart() < before / 2


def test_whitening_leaves_kept_channels_alone() -> None:
    made = codec(4, 5)
    pixels = torch.randn(8, 3, 16, 16)
    before = mean_of(made, pixels) * SCALING
    whitened = whiten(made, before, kept=2)
    torch.testing.assert_close(whitened[:, :2], before[:, :2])
    torch.testing.assert_close(whitened[:, 2:].std((0, 2, 3)), torch.ones(2), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(mean_of(made, pixels) * SCALING, whitened, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_a_quick_group_norm_computes_what_the_usual_one_does(layout: torch.memory_format) -> None:
    torch.manual_seed(4)
    x, weights = torch.randn(2, 8, 5, 5).contiguous(memory_format=layout), torch.randn(8)
    found: list[list[Tensor]] = []
    for quick in (False, True):
        norm = nn.GroupNorm(4, 8)
        with torch.no_grad():
            norm.weight.copy_(weights)
        given = x.clone().requires_grad_()
        out = (quicken(norm) if quick else norm)(given)
        out.square().mul(torch.arange(8.0).view(8, 1, 1)).sum().backward()
        assert given.grad is not None
        assert norm.weight.grad is not None
        assert norm.bias.grad is not None
        found.append([out.detach(), given.grad, norm.weight.grad, norm.bias.grad])
    for usual, quick_one in zip(*found, strict=True):
        torch.testing.assert_close(quick_one, usual, rtol=1e-4, atol=1e-4)
