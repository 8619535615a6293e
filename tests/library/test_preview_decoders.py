"""Which file previews are made with: the model's own, one among a person's files, or none."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sdplay.library.library import Library
from sdplay.library.preview_decoders import OWN, preview_decoder
from sdplay.library.resolve import ResolvedModel, resolve


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(home=tmp_path / "home", roots=(tmp_path / "webui",))


@pytest.fixture
def model(tiny: Path, tmp_path: Path, library: Library) -> ResolvedModel:
    return resolve(str(shutil.copytree(tiny, tmp_path / "tiny")), library)


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"1.weight": torch.zeros(1)}, path)
    return path


def test_there_may_be_none(model: ResolvedModel, library: Library) -> None:
    assert preview_decoder(model, library) is None


@pytest.mark.parametrize("place", ["home/models/vae_approx", "webui/models/VAE-approx", "webui/vae_approx"])
def test_one_is_found_where_other_programs_keep_it(
    model: ResolvedModel, library: Library, tmp_path: Path, place: str
) -> None:
    put(tmp_path / place / "model.safetensors")
    of_sdxl = put(tmp_path / place / "taesdxl_decoder.safetensors")
    of_sd = put(tmp_path / place / "taesd_decoder.safetensors")
    assert preview_decoder(model, library) == of_sd
    assert preview_decoder(replace(model, card=replace(model.card, family="sdxl")), library) == of_sdxl


def test_that_of_the_model_comes_first(model: ResolvedModel, library: Library, tmp_path: Path) -> None:
    put(tmp_path / "home/models/vae_approx/taesd_decoder.safetensors")
    own, before = put(model.path / OWN), model.identity
    assert preview_decoder(model, library) == own
    assert resolve(str(model.path), library).identity == before  # no picture depends on it
