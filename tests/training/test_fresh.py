"""A network is measured on pictures that no training saw, always the same ones with the same noise."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import CLIPTokenizer

from tests.training import drawn
from training import fresh
from training.codec import CodecSettings, new_codec
from training.export import BUILTIN
from training.networks import Sizes
from training.noise import KEPT
from training.pictures import Chooser, Painter
from training.pool import Pool
from training.things import things
from training.trainer import DenoiserSettings, Trainer

SIZES = Sizes(channels=(64, 64, 64), text_layers=1)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pixels, drawings = drawn.art()
    codec = new_codec(CodecSettings(channels=(16, 16, 16, 16, 16))).eval().requires_grad_(False)
    makers = Chooser(things(drawings)), Painter(pixels)
    monkeypatch.setattr(fresh, "COUNT", 4)
    monkeypatch.setattr(fresh, "LEVELS", (100, 900))
    monkeypatch.setattr(fresh, "load", lambda work, often: (*makers, drawings))
    monkeypatch.setattr(fresh, "frozen", lambda folder: codec)
    (tmp_path / "tokenizer").symlink_to(BUILTIN / "tokenizer")
    trainer = Trainer(tmp_path, DenoiserSettings(sizes=SIZES), Pool(*makers, codec, 4, seed=0))
    trainer.save_averaged(tmp_path / "one")
    torch.nn.init.zeros_(trainer.unet.conv_out.weight)
    torch.nn.init.zeros_(trainer.unet.conv_out.bias)
    trainer.ema = [p.detach().clone() for p in trainer.parameters]
    trainer.save_averaged(tmp_path / "silent")
    return tmp_path


def test_the_same_network_has_the_same_loss_every_time(work: Path) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer", model_max_length=32)
    clean, words = fresh.fresh(work, 4.0)
    again, same_words = fresh.fresh(work, 4.0)
    assert torch.equal(clean, again)
    assert words == same_words
    assert len(words) == len(clean) == 4
    assert fresh.losses(work / "one", clean, words, tokenizer) == fresh.losses(work / "one", clean, words, tokenizer)


def test_a_network_that_says_nothing_has_the_power_of_the_target_as_its_loss(work: Path) -> None:
    tokenizer = CLIPTokenizer.from_pretrained(work / "tokenizer", model_max_length=32)
    clean, words = fresh.fresh(work, 4.0)
    found = fresh.losses(work / "silent", clean, words, tokenizer)
    power = float(clean.square().mean())
    kept = [float(KEPT[level]) for level in (100, 900)]
    assert found == pytest.approx([k + (1 - k) * power for k in kept], rel=0.15)
