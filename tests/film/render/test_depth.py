"""Depth models: the choice on this machine, the program's own, and a small random one of the real architecture."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from sdplay.core.errors import BadRequest, ModelBroken, ModelNotFound
from sdplay.film import inputs
from sdplay.film.inputs import DEFAULT_MODEL, GUESS, choose_depth
from sdplay.film.render.depth import DepthModel, KeyDisparity, load_depth
from sdplay.film.request_animate import Animate
from sdplay.library import depth_models
from sdplay.library.depth_models import BUILTIN_DEPTH, SHIPPED_DEPTH

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


def theirs(folder: Path) -> DepthModel:
    model = load_depth(folder, CPU)
    assert isinstance(model, DepthModel)
    return model


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_model_answers_with_a_map_of_the_pictures_proportions(folder: Path) -> None:
    model = theirs(folder)
    assert not model.is_metric
    found = model.estimate(picture(64, 96))
    assert found.shape == (210, 308)  # as many pixels as 252 squared, in patches of 14
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert np.array_equal(found, model.estimate(picture(64, 96)))
    assert not np.array_equal(found, model.estimate(255 - picture(64, 96)))


def test_the_model_sees_what_its_own_preprocessing_says(folder: Path) -> None:
    """A picture of the working size is not resampled: only scaled to 0..1, less the mean, over the deviation."""
    model, seen = theirs(folder), picture(252, 252)
    expected = (seen / 255 - np.array(MEAN)) / np.array(STD)
    tensor = torch.from_numpy(expected).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        answer = model.network(pixel_values=tensor).predicted_depth[0].numpy()
    assert model.estimate(seen) == pytest.approx(answer, abs=1e-5)


def test_a_fixed_size_is_kept(folder: Path, tmp_path: Path) -> None:
    copy = build_depth(tmp_path / "fixed")
    recipe = {"size": {"height": 112, "width": 84}, "keep_aspect_ratio": False}
    (copy / "preprocessor_config.json").write_text(json.dumps(recipe))
    assert theirs(copy).estimate(picture(64, 96)).shape == (112, 84)


def test_metric_models_say_so(tmp_path: Path) -> None:
    assert theirs(build_depth(tmp_path / "metric", metric=True)).is_metric


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
    assert choose_depth("builtin") == choose_depth(BUILTIN_DEPTH) == BUILTIN_DEPTH
    assert choose_depth("guess") == GUESS


def test_auto_takes_what_the_hubs_cache_holds(folder: Path) -> None:
    def cached(repo: str, file: str) -> object:
        return str(folder / file) if repo == DEFAULT_MODEL else None

    assert choose_depth("auto", cached) == str(folder)
    assert choose_depth("auto", lambda repo, file: None) == BUILTIN_DEPTH
    half = choose_depth("auto", lambda repo, file: str(folder / file) if file == "config.json" else object())
    assert half == BUILTIN_DEPTH


def test_the_hubs_own_cache_is_looked_into(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    cache = tmp_path / "models--depth-anything--Depth-Anything-V2-Small-hf"
    (cache / "refs").mkdir(parents=True)
    (cache / "refs" / "main").write_text("abc")
    snapshot = cache / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    assert choose_depth("auto") == BUILTIN_DEPTH
    for name in ("config.json", "model.safetensors"):
        (snapshot / name).write_bytes((folder / name).read_bytes())
    assert choose_depth("auto") == str(snapshot)


def test_a_folder_is_taken_and_what_is_nowhere_is_refused(folder: Path) -> None:
    assert choose_depth(str(folder)) == str(folder.resolve())
    for name in ("nobody/nothing", "./no such folder", "a/b/c/d"):
        with pytest.raises(ModelNotFound, match="depth_model"):
            choose_depth(name, None)


def test_without_transformers_auto_takes_our_own_and_a_model_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "find_spec", lambda name: None if name == "transformers" else find_spec(name))
    assert choose_depth("auto", lambda repo, file: str(folder / file)) == BUILTIN_DEPTH
    for ask in (lambda: choose_depth(str(folder)), lambda: load_depth(folder, CPU)):
        with pytest.raises(BadRequest, match="needs transformers, which is not installed") as caught:
            ask()
        assert 'pip install "sdplay[depth]"' in caught.value.hint
    assert choose_depth(str(SHIPPED_DEPTH / BUILTIN_DEPTH)) == str(SHIPPED_DEPTH / BUILTIN_DEPTH)


def scene(height: int, width: int) -> np.ndarray:
    """A red ball that stands on a green meadow below a blue sky."""
    image = Image.new("RGB", (width, height), (120, 180, 245))
    pen, middle, radius = ImageDraw.Draw(image), width / 2, height * 0.25
    pen.rectangle((0, height * 0.6, width, height), fill=(90, 175, 75))
    pen.ellipse((middle - radius, height * 0.35, middle + radius, height * 0.35 + 2 * radius), fill=(210, 40, 40))
    return np.asarray(image)


@pytest.mark.parametrize(("height", "width"), [(256, 256), (128, 128), (288, 512), (512, 320)])
def test_our_own_tells_a_thing_from_the_sky_behind_it(height: int, width: int) -> None:
    near = KeyDisparity(Animate(depth_model=BUILTIN_DEPTH), "cpu")(scene(height, width))
    assert near.shape == (height, width)
    assert near.dtype == np.float32
    assert 0 <= near.min() < near.max() <= 1
    ball, beside = near[round(height * 0.45), width // 2], near[round(height * 0.45), round(width * 0.08)]
    assert ball > beside + 0.25  # at one height, where the guess sees no difference
    assert near[round(height * 0.95), 5] > near[round(height * 0.65), 5] + 0.2


def test_our_own_says_the_same_bits_with_any_number_of_threads() -> None:
    model, before = load_depth(SHIPPED_DEPTH / BUILTIN_DEPTH, CPU), torch.get_num_threads()
    found: list[np.ndarray] = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(model.nearness(picture(200, 300)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert all(np.array_equal(found[0], each) for each in found)
    assert found[0].shape == (112, 160)  # about as many pixels as 128 squared, in sixteens


def test_a_film_remembers_which_weights_its_depth_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depth_models, "SHIPPED_DEPTH", tmp_path)
    shutil.copytree(SHIPPED_DEPTH / BUILTIN_DEPTH, tmp_path / BUILTIN_DEPTH)
    asked = Animate(animation_prompts="a hill", animation_mode="3D", depth_model="builtin")
    request, assets = inputs.read_files(asked)
    assert request.depth_model == BUILTIN_DEPTH
    weights = tmp_path / BUILTIN_DEPTH / "model.safetensors"
    assert assets["depth_model"].digest == hashlib.sha256(weights.read_bytes()).hexdigest()
    guessed, none = inputs.read_files(asked.model_copy(update={"depth_model": "guess"}))
    assert (guessed.depth_model, none) == (GUESS, {})
    weights.write_bytes(weights.read_bytes() + b"other")
    assert inputs.read_files(asked)[1] != assets
    weights.unlink()
    with pytest.raises(BadRequest, match="cannot be read"):
        inputs.read_files(asked)


def test_a_head_whose_weights_are_damaged_is_refused(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED_DEPTH / BUILTIN_DEPTH, tmp_path / "torn")
    weights = tmp_path / "torn" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelBroken, match="cannot be used") as caught:
        load_depth(tmp_path / "torn", CPU)
    assert caught.value.field == "depth_model"
