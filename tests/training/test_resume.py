"""A training that was stopped goes on as if it had not been: the same batches, the same weights, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.support.builtin import FIRST, FOLDERS
from tests.training import drawn
from training.art import split
from training.codec import CodecSettings, CodecTrainer, Makers, compose, makers_of, new_codec
from training.denoiser import rate, train
from training.export import BUILTIN
from training.networks import Sizes, begin, new_networks
from training.pictures import Chooser, Painter
from training.pool import Pool
from training.things import things
from training.trainer import DenoiserSettings, Trainer, sizes_of

SMALL = Sizes(channels=(64, 64, 64), text_width=192, text_layers=1)
SETTINGS = DenoiserSettings(sizes=SMALL, batch=2, capacity=6, first=2, made_a_step=1, lr=1e-3)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    (folder / "tokenizer").symlink_to(BUILTIN / "tokenizer")
    return folder


def trainer(work: Path) -> Trainer:
    pixels, drawings = drawn.art()
    torch.manual_seed(0)
    codec = new_codec(CodecSettings(channels=(16, 16, 16, 16, 16))).eval().requires_grad_(False)
    return Trainer(work, SETTINGS, Pool(Chooser(things(drawings)), Painter(pixels), codec, SETTINGS.capacity, seed=0))


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_the_denoiser_goes_on_as_if_it_had_not_been_stopped(work: Path) -> None:
    one = trainer(work)
    one.pool.make(2)
    one.train_step(rate(1e-3, 0))
    one.save(work / "denoiser.pt")
    through = [one.train_step(rate(1e-3, one.step)) for _ in range(6)]  # more than the ring holds
    assert sizes_of(work / "denoiser.pt") == SMALL
    other = trainer(work)
    other.load(work / "denoiser.pt")
    assert [other.train_step(rate(1e-3, other.step)) for _ in range(6)] == through
    assert torch.equal(weights(other.networks), weights(one.networks))
    assert torch.equal(torch.cat([e.flatten() for e in other.ema]), torch.cat([e.flatten() for e in one.ema]))
    assert (other.step, other.seen) == (7, 14)


def test_an_annealed_copy_leaves_the_training_as_it_was(work: Path) -> None:
    one = trainer(work)
    one.save(work / "long.pt")
    before = (work / "long.pt").read_bytes()
    train(one, work, "long-annealed", seconds=0.01, anneal=True)
    assert (work / "long.pt").read_bytes() == before
    assert (work / "long-annealed-averaged" / "unet" / "config.json").exists()


def test_the_rate_stays_and_falls_only_in_an_anneal() -> None:
    assert rate(1.0, 0) == pytest.approx(1 / 30)
    assert rate(1.0, 10**6) == 1.0
    assert rate(1.0, 500, 0.5) == 0.5
    assert rate(1.0, 500, 1.0) == pytest.approx(0.01)


def test_the_codec_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path) -> None:
    pixels, drawings = drawn.art()
    makers = Makers(Chooser(things(drawings)), Painter(pixels), np.arange(len(pixels)))
    settings = CodecSettings(channels=(16, 16, 16, 16, 16), batch=1)
    one = CodecTrainer(settings)
    one.train_step(one.batch(makers), 1e-3)
    one.save(tmp_path / "codec.pt")
    through = [one.train_step(one.batch(makers), 1e-3) for _ in range(2)]
    other = CodecTrainer(settings)
    other.load(tmp_path / "codec.pt")
    assert [other.train_step(other.batch(makers), 1e-3) for _ in range(2)] == through
    assert torch.equal(weights(other.averaged), weights(one.averaged))


def test_held_out_drawings_are_in_no_picture_of_the_codecs_training() -> None:
    pixels, drawings = drawn.art()
    held = set(split(drawings)[1].tolist())
    makers = makers_of(pixels, drawings)
    assert held
    assert not held & set(makers.rows.tolist())
    assert not held & {shape.row for thing in makers.chooser.things for shape in thing.shapes}


def test_a_frozen_encoder_stays_and_its_decoder_learns() -> None:
    pixels, _ = drawn.art()
    one = CodecTrainer(CodecSettings(channels=(16, 16, 16, 16, 16), batch=1, decoder_only=True))
    view = compose(pixels[:1], torch.ones(1, 3, 1, 1))

    @torch.no_grad()
    def seen() -> tuple[torch.Tensor, torch.Tensor]:
        return one.codec.encode(view).latent_dist.mode(), one.codec.decode(torch.ones(1, 8, 16, 16)).sample

    before = seen()
    one.train_step(view, 1e-3)
    after = seen()
    assert torch.equal(after[0], before[0])
    assert not torch.equal(after[1], before[1])


def test_every_weight_is_reached_by_a_step(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer(work)
    one.pool.make(2)
    one.train_step(1e-3)
    assert one.unreached() == []
    words = one.words
    monkeypatch.setattr(one, "words", lambda texts: words(texts).detach())
    one.train_step(1e-3)
    assert one.unreached() == [name for name, _ in one.networks.named_parameters() if name.startswith("text.")]


@pytest.mark.parametrize("layers", [1, 2])
def test_more_layers_change_nothing_at_first(layers: int) -> None:
    """The network that takes over a smaller one's weights says what that said, and only then learns more."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(FOLDERS[FIRST] / "tokenizer")
    small = UNet2DConditionModel.from_pretrained(FOLDERS[FIRST] / "unet").float()
    words = CLIPTextModel.from_pretrained(FOLDERS[FIRST] / "text_encoder").float()
    unet, text = new_networks(Sizes(latent_channels=4, layers=layers), tokenizer)
    new = begin(unet, text, FOLDERS[FIRST])
    assert new
    tokens = tokenizer(["a red apple"], padding="max_length", max_length=32, return_tensors="pt").input_ids
    with torch.no_grad():
        said, now = words(tokens)[0], text(tokens)[0]
        torch.testing.assert_close(now, said, atol=1e-4, rtol=1e-4)
        x = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
        torch.testing.assert_close(unet(x, 500, now).sample, small(x, 500, said).sample, atol=1e-3, rtol=1e-3)
