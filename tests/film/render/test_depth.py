"""Depth models: the choice on this machine, and a small random one of the real architecture, loaded and asked."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from sdplay.core.errors import BadRequest, ModelBroken, ModelNotFound
from sdplay.film import inputs
from sdplay.film.inputs import DEFAULT_MODEL, choose_depth
from sdplay.film.render.depth import load_depth

CPU = torch.device("cpu")
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.5)


def build_depth(folder: Path, *, metric: bool = False) -> Path:
    """A Depth Anything folder of random weights; the process's random state is left alone."""
    from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, Dinov2Config

    backbone = Dinov2Config(
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        mlp_ratio=2,
        image_size=56,
        patch_size=14,
        out_features=["stage1", "stage2", "stage3", "stage4"],
        reshape_hidden_states=False,
        apply_layernorm=True,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=32,
        neck_hidden_sizes=[8, 16, 24, 32],
        fusion_hidden_size=8,
        head_hidden_size=8,
        depth_estimation_type="metric" if metric else "relative",
        max_depth=20 if metric else 1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        DepthAnythingForDepthEstimation(config).save_pretrained(folder)
    recipe = {"image_mean": MEAN, "image_std": STD, "keep_aspect_ratio": True, "ensure_multiple_of": 14}
    (folder / "preprocessor_config.json").write_text(json.dumps(recipe | {"size": {"height": 518, "width": 518}}))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_depth(tmp_path_factory.mktemp("depth") / "small")


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_model_answers_with_a_map_of_the_pictures_proportions(folder: Path) -> None:
    model = load_depth(folder, CPU)
    assert not model.is_metric
    found = model.estimate(picture(64, 96))
    assert found.shape == (210, 308)  # as many pixels as 252 squared, in patches of 14
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.array_equal(found, model.estimate(picture(64, 96)))
    assert not np.array_equal(found, model.estimate(255 - picture(64, 96)))


def test_the_model_sees_what_its_own_preprocessing_says(folder: Path) -> None:
    """A picture of the working size is not resampled: only scaled to 0..1, less the mean, over the deviation."""
    model, seen = load_depth(folder, CPU), picture(252, 252)
    expected = (seen / 255 - np.array(MEAN)) / np.array(STD)
    tensor = torch.from_numpy(expected).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        answer = model.network(pixel_values=tensor).predicted_depth[0].numpy()
    assert model.estimate(seen) == pytest.approx(answer, abs=1e-5)


def test_a_fixed_size_is_kept(folder: Path, tmp_path: Path) -> None:
    copy = build_depth(tmp_path / "fixed")
    recipe = {"size": {"height": 112, "width": 84}, "keep_aspect_ratio": False}
    (copy / "preprocessor_config.json").write_text(json.dumps(recipe))
    assert load_depth(copy, CPU).estimate(picture(64, 96)).shape == (112, 84)


def test_metric_models_say_so(tmp_path: Path) -> None:
    assert load_depth(build_depth(tmp_path / "metric", metric=True), CPU).is_metric


def test_what_is_no_depth_model_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(ModelBroken, match="'clip'; known are depth_anything") as caught:
        load_depth(tmp_path, CPU)
    assert caught.value.field == "depth_model"
    torn = build_depth(tmp_path / "torn")
    weights = torn / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelBroken, match="cannot be used"):
        load_depth(torn, CPU)


def test_choices_that_need_no_model() -> None:
    assert choose_depth("none") == "none"
    assert choose_depth("builtin") == "builtin"


def test_auto_takes_what_the_hubs_cache_holds(folder: Path) -> None:
    def cached(repo: str, file: str) -> object:
        return str(folder / file) if repo == DEFAULT_MODEL else None

    assert choose_depth("auto", cached) == str(folder)
    assert choose_depth("auto", lambda repo, file: None) == "builtin"
    half = choose_depth("auto", lambda repo, file: str(folder / file) if file == "config.json" else object())
    assert half == "builtin"


def test_the_hubs_own_cache_is_looked_into(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    cache = tmp_path / "models--depth-anything--Depth-Anything-V2-Small-hf"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc")
    snapshot = cache / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert choose_depth("auto") == "builtin"
    for name in ("config.json", "model.safetensors"):
        (snapshot / name).write_bytes((folder / name).read_bytes())
    assert choose_depth("auto") == str(snapshot)


def test_a_folder_is_taken_and_what_is_nowhere_is_refused(folder: Path) -> None:
    assert choose_depth(str(folder)) == str(folder.resolve())
    for name in ("nobody/nothing", "./no such folder", "a/b/c/d"):
        with pytest.raises(ModelNotFound, match="depth_model"):
            choose_depth(name, None)


def test_without_transformers_auto_guesses_and_a_model_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "find_spec", lambda name: None if name == "transformers" else find_spec(name))
    assert choose_depth("auto", lambda repo, file: str(folder / file)) == "builtin"
    for ask in (lambda: choose_depth(str(folder)), lambda: load_depth(folder, CPU)):
        with pytest.raises(BadRequest, match="needs transformers, which is not installed") as caught:
            ask()
        assert 'pip install "sdplay[depth]"' in caught.value.hint
