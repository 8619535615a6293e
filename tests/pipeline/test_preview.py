"""Small pictures of what is emerging: near the finished one, asked for or not there, and nothing depends on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from sdplay.engines.device import make_placement
from sdplay.events import Event, ImageDone, Stepped
from sdplay.families.sd.model import load as load_sd
from sdplay.library.preview_decoders import OWN
from sdplay.networks.tiny_decoder import TinyDecoder
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.preview import FINER, LinearPreview, TinyPreview, colour_fields, fit_preview, make_preview
from sdplay.pipeline.render import render
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe, plan
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.pipeline.stub import StubFamily
from tests.support.builtin import SIDE
from tests.support.drawing import settled
from tests.support.recipes import recipe

PICTURES = (("a red apple, 3d render", 1), ("a cat, cartoon, on a blue background", 2))


def linear_codec(factor: int = 8) -> Any:
    """A VAE whose codes are linear in the pixels, and that knows no other pictures than those with one code's colour
    all over that code.
    """
    mix = torch.tensor([[0.9, 0.1, -0.3], [0.2, -0.8, 0.4], [0.1, 0.3, 0.7], [-0.5, 0.2, 0.1]])

    class Codec(StubFamily):
        def encode(self, pixels: Tensor) -> Tensor:
            return torch.einsum("lc,bchw->blhw", mix, torch.nn.functional.avg_pool2d(pixels, factor))

    codec = Codec()
    codec.vae_scale_factor = factor
    return codec


def nearness(preview: Any, pixels: Any) -> float:
    """The correlation of a preview, enlarged, with the picture."""
    large = Image.fromarray(preview).resize(pixels.shape[1::-1], Image.Resampling.BICUBIC)
    return float(np.corrcoef(np.asarray(large).ravel().astype(float), pixels.ravel().astype(float))[0, 1])


def test_the_last_preview_is_near_the_picture_and_changes_no_bit(builtin: Path) -> None:
    with Studio() as studio:
        for prompt, seed in PICTURES:
            request = make_request(Txt2Img, prompt=prompt, seed=seed, steps=4)
            events = list(studio.stream(request, preview=True))
            steps = [event for event in events if isinstance(event, Stepped)]
            (picture,) = [event.picture for event in events if isinstance(event, ImageDone)]
            assert [len(step.previews) for step in steps] == [1] * 4
            assert steps[-1].previews[0].shape == (SIDE // 2, SIDE // 2, 3)
            assert steps[-1].previews[0].dtype == np.uint8
            assert nearness(steps[-1].previews[0], picture.pixels) > 0.93
            assert nearness(steps[0].previews[0], picture.pixels) > 0.6
            assert studio.draw(request)[0].digest == picture.digest


def test_what_nobody_asked_for_is_not_computed(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(family: object) -> Tensor:
        raise AssertionError("a preview was made")

    monkeypatch.setattr("sdplay.pipeline.preview.fit_preview", never)
    with Studio() as studio:
        events = list(studio.run(settled(tiny), [0]))
        assert [event.previews for event in events if isinstance(event, Stepped)] == [(), ()]
        with pytest.raises(AssertionError, match="a preview was made"):
            list(studio.run(settled(tiny), [0], preview=True))


def test_the_map_is_fitted_once_for_a_model(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def counted(family: Any) -> Tensor:
        calls.append(family)
        return fit_preview(family)

    monkeypatch.setattr("sdplay.pipeline.preview.fit_preview", counted)
    with Studio() as studio:
        for _ in range(2):
            list(studio.run(settled(tiny), [0], preview=True))
    assert len(calls) == 1


def test_the_padding_of_a_tile_is_not_shown() -> None:
    what: Recipe = recipe(steps=2, num=3)
    family = StubFamily()
    seen: list[int] = []

    def preview(latents: Tensor) -> Any:
        seen.append(len(latents))
        return tuple(np.zeros((1, 1, 3), np.uint8) for _ in latents)

    what = replace(what, numerics=replace(what.numerics, tile=2))
    events: list[Event] = list(render(what, plan(what, [0, 1, 2]), family, TextEncodingCache(family), preview=preview))
    assert seen == [2, 2, 2, 2]
    assert [len(event.previews) for event in events if isinstance(event, Stepped)] == [2, 2, 1, 1]


def test_a_linear_vae_is_read_back_as_well_as_its_codes_allow() -> None:
    codec = linear_codec()
    squares = torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(3)) * 2 - 1
    pixels = squares.repeat_interleave(8, 2).repeat_interleave(8, 3)
    (shown,) = LinearPreview(fit_preview(codec))(codec.encode(pixels))
    assert shown.shape == (6 * FINER, 5 * FINER, 3)
    wanted = ((squares[0].permute(1, 2, 0).numpy() + 1) * 127.5).repeat(FINER, 0).repeat(FINER, 1)
    assert np.corrcoef(shown.ravel(), wanted.ravel())[0, 1] > 0.9
    flat = torch.full((1, 3, 48, 40), 0.25)
    (even,) = LinearPreview(fit_preview(codec))(codec.encode(flat))
    assert np.abs(even.astype(int) - 159).max() <= 8


@pytest.mark.parametrize("factor", [2, 4, 8, 16])
def test_any_factor_will_do(factor: int) -> None:
    codec = linear_codec(factor)
    (shown,) = LinearPreview(fit_preview(codec))(codec.encode(torch.zeros(1, 3, 4 * factor, 6 * factor)))
    assert shown.shape == (8, 12, 3)
    assert np.abs(shown.astype(int) - 128).max() <= 8


def saved(decoder: TinyDecoder, path: Path) -> Path:
    save_file(decoder.state_dict(), path)
    return path


def nearest(width: int) -> TinyDecoder:
    """A decoder that shows the first three channels as they are, each latent as one pixel."""
    decoder = TinyDecoder(4, width, (0,))
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.zero_()
        for channel in range(3):  # what is read is bent, and its negative numbers are lost on the way
            decoder[1].weight[channel, channel, 1, 1] = 1
            decoder[1].bias[channel] = 1
            decoder[3].weight[channel, channel, 1, 1] = 0.5
    return decoder


class Pooling(StubFamily):
    """A VAE whose latents are the colours of each block."""

    def encode(self, pixels: Tensor) -> Tensor:
        small = torch.nn.functional.avg_pool2d(pixels, 8)
        return torch.cat([small, small[:, :1]], dim=1)


def test_a_small_decoder_is_taken_if_it_draws_what_latents_show(tmp_path: Path) -> None:
    fits = make_preview(Pooling(), saved(nearest(8), tmp_path / "fits.safetensors"))
    assert isinstance(fits, TinyPreview)
    (shown,) = fits(torch.full((1, 4, 3, 5), 0.5))
    assert shown.shape == (3, 5, 3)
    assert abs(int(shown[1, 1, 0]) - 191) <= 3
    torch.manual_seed(1)
    other = saved(TinyDecoder(4, 8, (1, 0)), tmp_path / "other.safetensors")
    assert isinstance(make_preview(Pooling(), other), LinearPreview)
    of_others = saved(TinyDecoder(16, 8, (0,)), tmp_path / "sixteen.safetensors")
    assert isinstance(make_preview(Pooling(), of_others), LinearPreview)


def test_the_model_in_the_box_has_one_that_fits(builtin: Path) -> None:
    family = load_sd(builtin, make_placement("cpu", "float32", "float32"))
    assert isinstance(make_preview(family, builtin / OWN), TinyPreview)


def test_a_file_that_is_none_costs_the_small_decoder_and_no_picture(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    (tmp_path / "b.safetensors").write_bytes(b"nothing")
    for name in ("a", "b", "missing"):
        assert isinstance(make_preview(Pooling(), tmp_path / f"{name}.safetensors"), LinearPreview)
    assert len(caplog.records) == 3


def test_large_latents_are_made_smaller_and_odd_ones_are_shown() -> None:
    preview = TinyPreview(TinyDecoder(4, 8, (0, 0, 0, 0)).eval())
    (shown,) = preview(torch.randn(1, 4, 40, 80))
    assert shown.shape == (112, 216, 3)
    (odd,) = preview(torch.full((1, 4, 2, 2), float("nan")))
    assert set(odd.ravel()) == {128}


def test_a_vae_without_numbers_is_shown_grey() -> None:
    class Broken(StubFamily):
        def encode(self, pixels: Tensor) -> Tensor:
            return torch.full((len(pixels), 4, pixels.size(2) // 8, pixels.size(3) // 8), float("nan"))

    (shown,) = LinearPreview(fit_preview(Broken()))(torch.randn(1, 4, 3, 3))
    assert set(shown.ravel()) == {128}


def test_colour_fields_are_always_the_same_and_in_range() -> None:
    one, two = colour_fields(32), colour_fields(32)
    assert torch.equal(one, two)
    assert one.abs().max() <= 1
    assert one.std() > 0.3
