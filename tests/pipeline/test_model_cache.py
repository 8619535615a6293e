"""One model in memory, kept while it is the one that is asked for."""

from __future__ import annotations

import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch

from sdplay.core.errors import ModelBroken
from sdplay.families.base import Family, load_family
from sdplay.library.resolve import resolve
from sdplay.pipeline import model_cache
from sdplay.pipeline.model_cache import ModelCache
from sdplay.requests.recipe import Numerics
from sdplay.sampling.process import VProcess
from tests.support.headers import SD15, write_header

FLOAT32 = Numerics(threads=1)


def test_a_model_is_loaded_once_for_one_placement(tiny: Path) -> None:
    models = ModelCache()
    model = resolve(str(tiny))
    first = models.get(model, FLOAT32, "cpu")
    assert models.get(model, FLOAT32, "cpu") is first
    assert models.get(model, Numerics(threads=2, tile=4), "cpu") is first  # neither is a matter of weights
    other = models.get(model, Numerics(dtype="bfloat16"), "cpu")
    assert other is not first
    assert models.get(model, Numerics(dtype="bfloat16", decode_dtype="bfloat16"), "cpu") is not other


def test_the_same_weights_in_another_folder_are_the_same_model(tiny: Path, tmp_path: Path) -> None:
    models = ModelCache()
    first = models.get(resolve(str(tiny)), FLOAT32, "cpu")
    shutil.copytree(tiny, tmp_path / "copy")
    assert models.get(resolve(str(tmp_path / "copy")), FLOAT32, "cpu") is first


def test_the_model_before_is_gone_when_the_next_one_is_read(
    tiny: Path, tiny_v: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is planned for one model: two must never be there at once."""
    models, alive = ModelCache(), list[bool]()
    before = weakref.ref(models.get(resolve(str(tiny)), FLOAT32, "cpu").family.unet)  # type: ignore[attr-defined]

    def watched(*args: Any) -> Family:
        alive.append(before() is not None)
        return load_family(*args)

    monkeypatch.setattr(model_cache, "load_family", watched)
    models.get(resolve(str(tiny_v)), FLOAT32, "cpu")
    assert alive == [False]


def test_memory_is_searched_for_garbage_only_if_a_model_was_let_go(
    tiny: Path, tiny_v: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, collected = ModelCache(), list[None]()
    monkeypatch.setattr(model_cache.gc, "collect", lambda: collected.append(None))
    models.get(resolve(str(tiny)), FLOAT32, "cpu")
    models.get(resolve(str(tiny)), FLOAT32, "cpu")
    assert collected == []
    models.get(resolve(str(tiny_v)), FLOAT32, "cpu")
    assert len(collected) == 1


def test_a_model_that_fails_to_load_leaves_none_and_the_one_before_is_loaded_again(tiny: Path, tmp_path: Path) -> None:
    models = ModelCache()
    good = resolve(str(tiny))
    first = models.get(good, FLOAT32, "cpu").text_cache("a cat").embeds
    broken = tmp_path / "broken"
    shutil.copytree(tiny, broken)
    (broken / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelBroken):
        models.get(resolve(str(broken)), FLOAT32, "cpu")
    again = models.get(good, FLOAT32, "cpu")
    assert torch.equal(again.text_cache("a cat").embeds, first)


def test_weights_that_changed_on_disk_are_loaded_anew(tiny: Path, tiny_v: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    models = ModelCache()
    first = models.get(resolve(str(folder)), FLOAT32, "cpu")
    shutil.copytree(tiny_v, folder, dirs_exist_ok=True)
    second = models.get(resolve(str(folder)), FLOAT32, "cpu")
    assert second is not first
    assert isinstance(second.family.process, VProcess)


def test_a_single_file_without_its_weights_is_refused_and_the_one_before_is_loaded_again(
    tiny: Path, tmp_path: Path
) -> None:
    models = ModelCache()
    good = resolve(str(tiny))
    first = models.get(good, FLOAT32, "cpu").text_cache("a cat").embeds
    hollow = write_header(tmp_path / "hollow.safetensors", SD15)
    with pytest.raises(ModelBroken, match="its file cannot be used"):
        models.get(resolve(str(hollow)), FLOAT32, "cpu")
    (tmp_path / "page.safetensors").write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(ModelBroken, match="this is a web page"):
        models.get(resolve(str(tmp_path / "page.safetensors")), FLOAT32, "cpu")
    again = models.get(good, FLOAT32, "cpu")
    assert torch.equal(again.text_cache("a cat").embeds, first)
