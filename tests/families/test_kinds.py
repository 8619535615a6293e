"""Every kind of Stable Diffusion, as a folder and as a single file, against the stock pipelines and each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdplay.core.errors import BadRequest, ModelBroken
from sdplay.engines.device import make_placement
from sdplay.events import ImageDone
from sdplay.families.base import load_family
from sdplay.families.common.tokenizer import SIZE, clip_tokenizer
from sdplay.library.resolve import resolve
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.prompts.attention import weighted
from sdplay.requests.recipe import plan
from sdplay.sampling.noise import seed_noise
from tests.support.drawing import settled
from tests.support.original import write_original
from tests.support.watched import Watched

pytestmark = pytest.mark.usefixtures("quiet_diffusers")
FLOAT32 = make_placement("cpu", "float32", "float32")
STEPS, GUIDANCE, SIDE = 20, 5.0, 64
TOLERANCE = 1e-3  # relative L2 of the final latents in float32
SKIPPED = 1e-4  # the same with clip skip
PROMPT, NEGATIVE = "a red apple on the table", "blue cat"
KINDS = ["sd15", "sd2", "sd2 v", "sdxl"]


def ours(path: Path, steps: int = STEPS, **fields: Any) -> tuple[Tensor, np.ndarray, Tensor]:
    """(final latents, pixels, the noise it started from) of one picture."""
    asked = {"negative_prompt": NEGATIVE, "sampler": "euler", "schedule": "leading", "guidance_scale": GUIDANCE}
    what = settled(path, PROMPT, steps=steps, width=SIDE, height=SIDE, **asked | fields)
    family: Any = Watched(load_family(what.model.card.family, what.model.path, FLOAT32))
    (frame,) = plan(what.recipe, [0])
    drawn = [
        event
        for event in render(what.recipe, [frame], family, TextEncodingCache(family))
        if isinstance(event, ImageDone)
    ]
    (latents,) = family.latents
    return latents, drawn[0].picture.pixels, seed_noise(frame.noise, latents.shape[1:])


def theirs(folder: Path, noise: Tensor, negative: str | None, clip_skip: int | None = None) -> Tensor:
    """The final latents of the stock pipeline of this folder, with its own scheduler."""
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    asked = {"num_inference_steps": STEPS, "guidance_scale": GUIDANCE, "height": SIDE, "width": SIDE}
    words = {"prompt": PROMPT, "negative_prompt": negative}
    with torch.inference_mode():
        return pipeline(
            **(words if clip_skip is None else skipped(pipeline, clip_skip)),
            latents=noise[None].clone(),
            output_type="latent",
            return_dict=False,
            **asked,
        )[0]


def skipped(pipeline: Any, clip_skip: int) -> dict[str, Tensor]:
    """The words as the stock pipeline reads its prompt; for a negative one it skips nothing by itself."""
    encoder = pipeline.text_encoder
    if not hasattr(encoder, "text_model"):  # diffusers 0.42 looks for the last norm there, transformers 5.6 moved it
        object.__setattr__(encoder, "text_model", encoder)
    two = "text_encoder_2" in pipeline.components
    found: dict[str, Tensor] = {}
    for sign, words in (("", PROMPT), ("negative_", NEGATIVE)):
        given = {"device": "cpu", "num_images_per_prompt": 1, "do_classifier_free_guidance": False}
        read = pipeline.encode_prompt(words, **given, clip_skip=clip_skip)
        found[f"{sign}prompt_embeds"] = read[0]
        found |= {f"{sign}pooled_prompt_embeds": read[2]} if two else {}
    return found


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_draws_what_the_stock_pipeline_draws(kind: str, kinds: dict[str, Path]) -> None:
    latents, _, noise = ours(kinds[kind])
    assert apart(latents, theirs(kinds[kind], noise, NEGATIVE)) <= TOLERANCE


@pytest.mark.parametrize(("kind", "ours_", "diffusers_"), [("sd15", 2, 1), ("sd2", 3, 1), ("sdxl", 3, 1)])
def test_clip_skip_is_that_of_diffusers_counted_as_a1111_counts(
    kind: str, ours_: int, diffusers_: int, kinds: dict[str, Path]
) -> None:
    latents, _, noise = ours(kinds[kind], clip_skip=ours_)
    assert apart(latents, theirs(kinds[kind], noise, NEGATIVE, clip_skip=diffusers_)) <= SKIPPED
    assert apart(latents, theirs(kinds[kind], noise, NEGATIVE)) > 30 * SKIPPED


@pytest.mark.parametrize(("kind", "most"), [("sd15", 2), ("sd2", 3), ("sdxl", 3)])
def test_clip_skip_reaches_as_far_as_there_are_layers(kind: str, most: int, kinds: dict[str, Path]) -> None:
    family = load_family("sdxl" if kind == "sdxl" else "sd", kinds[kind], FLOAT32)
    for clip_skip in range(1, most + 1):
        plain, whole = family.encode_text("a cat", clip_skip), family.encode_weighted_text(weighted("a cat"), clip_skip)
        assert torch.equal(plain.embeds, whole.embeds)
        differs = not torch.equal(plain.embeds, family.encode_text("a cat").embeds)
        assert differs == (clip_skip > (1 if kind == "sd15" else 2))  # the others read the one before last by design
    with pytest.raises(BadRequest, match=rf"(?s)clip_skip = {most + 1}: .* has {most} layers.*take 1 to {most}"):
        family.encode_text("a cat", most + 1)


def test_no_negative_prompt_is_all_zeros_to_sdxl(kinds: dict[str, Path]) -> None:
    latents, _, noise = ours(kinds["sdxl"], negative_prompt="")
    assert apart(latents, theirs(kinds["sdxl"], noise, None)) <= TOLERANCE
    assert apart(latents, theirs(kinds["sdxl"], noise, NEGATIVE)) > TOLERANCE


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_file_draws_the_bits_of_its_folder(kind: str, kinds: dict[str, Path], tmp_path: Path) -> None:
    said = {"modelspec.prediction_type": "v"} if kind == "sd2 v" else None
    path = write_original(kinds[kind], kind[:4].strip(), tmp_path / "model.safetensors", metadata=said)
    latents, pixels, _ = ours(path, steps=2)
    expected, expected_pixels, _ = ours(kinds[kind], steps=2)
    assert torch.equal(latents, expected)
    assert np.array_equal(pixels, expected_pixels)


def test_half_precision_is_read_too(kinds: dict[str, Path], tmp_path: Path) -> None:
    path = write_original(kinds["sdxl"], "sdxl", tmp_path / "half.safetensors", dtype=torch.float16)
    latents, _, _ = ours(path, steps=2)
    expected, _, _ = ours(kinds["sdxl"], steps=2)
    assert 0 < apart(latents, expected) < 1e-2


def test_a_folder_with_nothing_but_half_precision_is_read(kinds: dict[str, Path], tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "half"
    shutil.copytree(kinds["sd15"], folder)
    for path in folder.glob("*/*.safetensors"):
        save_file({name: w.half() for name, w in load_file(path).items()}, path, {"format": "pt"})
        path.rename(path.with_suffix(".fp16.safetensors"))
    latents, _, _ = ours(folder, steps=2)
    assert 0 < apart(latents, ours(kinds["sd15"], steps=2)[0]) < 1e-2


def test_a_single_file_that_lacks_a_tensor_says_which_part(kinds: dict[str, Path], tmp_path: Path) -> None:
    path = write_original(kinds["sd15"], "sd15", tmp_path / "model.safetensors")
    weights = load_file(path)
    del weights["first_stage_model.decoder.norm_out.bias"]
    save_file(weights, path)
    with pytest.raises(ModelBroken, match=r"its vae cannot be used: 1 of its weights .* decoder.conv_norm_out.bias"):
        load_family("sd", path, FLOAT32)


def test_the_size_of_the_picture_is_told_to_sdxl(kinds: dict[str, Path]) -> None:
    family: Any = load_family("sdxl", kinds["sdxl"], FLOAT32)
    kwargs = family.added_cond_kwargs([family.encode_text("a cat")])(torch.zeros(1, 4, 12, 16))["added_cond_kwargs"]
    assert kwargs["time_ids"].tolist() == [[96, 128, 0, 0, 96, 128]]
    assert kwargs["text_embeds"].shape == (1, 64)
    assert resolve(str(kinds["sdxl"])).identity.family == "sdxl"


def test_the_tokenizer_is_that_of_clip() -> None:
    tokenizer = clip_tokenizer()
    assert len(tokenizer) == SIZE
    assert tokenizer.marked(tokenizer.encode("a photo of an astronaut riding a horse on mars"), 12) == [
        *(49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496, 49407)
    ]
    assert clip_tokenizer("!").pad_token_id == 0
