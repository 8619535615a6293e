"""A diffusers folder as a family: what it says of itself, its doors, and every way it can be broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sdplay.core.errors import ModelBroken
from sdplay.core.identity import AddOn, ResolvedAddOn
from sdplay.engines.device import make_placement
from sdplay.families.common.latent_model import read_process
from sdplay.families.sd.model import StableDiffusion
from sdplay.families.sd.model import load as load_sd
from sdplay.sampling.process import EpsilonProcess, VProcess
from tests.support import loras

FLOAT32 = make_placement("cpu", "float32", "float32")
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def family(tiny: Path) -> StableDiffusion:
    return load_sd(tiny, FLOAT32)


def test_the_scheduler_file_becomes_the_noise_table(tiny: Path, tiny_v: Path) -> None:
    process, other = read_process(tiny), read_process(tiny_v)
    assert (type(process), type(other)) == (EpsilonProcess, VProcess)
    schedules = [(one.schedule.length, one.schedule.offset) for one in (process, other)]
    assert schedules == [(1000, 1), (1000, 1)]


def test_the_vae_says_its_factor_and_channels(family: StableDiffusion) -> None:
    assert (family.vae_scale_factor, family.latent_channels, family.is_inpaint) == (8, 4, False)


def test_words_are_encoded_as_the_text_encoder_does(family: StableDiffusion) -> None:
    tokens = torch.tensor([family.tokenizer.marked(family.tokenizer.encode("a red apple"), 24)])
    with torch.inference_mode():
        expected = family.text_encoder(tokens).last_hidden_state[0]
    found = family.encode_text("a red apple").embeds
    assert found.shape == (24, 32)
    assert torch.equal(found, expected)
    assert not torch.equal(found, family.encode_text("a blue apple").embeds)


def test_latents_come_back_from_the_vae_scaled_as_they_went_in(family: StableDiffusion) -> None:
    pixels = torch.rand(2, 3, 64, 72, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        latents = family.vae.encode(pixels)
        decoded = family.vae.decode(latents)
    assert torch.allclose(family.encode(pixels), latents * 0.18215, atol=1e-6)
    assert torch.allclose(family.decode(latents * 0.18215), decoded, atol=1e-5)


class CountingEngine:
    """Runs what it compiles with PyTorch, and counts."""

    def __init__(self) -> None:
        self.compiled = self.calls = 0

    def compile(self, component: Any, calls: Any) -> Callable[..., Any]:
        self.compiled += 1

        def run(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return component(*args, **kwargs)

        return run


def test_an_engine_runs_the_unet_and_compiles_it_once_for_each_set_of_loras(
    family: StableDiffusion, tiny: Path, tmp_path: Path
) -> None:
    engine = CountingEngine()
    ours = load_sd(tiny, replace(FLOAT32, engine=engine))
    path = tmp_path / "one.safetensors"
    loras.write(path, loras.kohya(loras.layers_of(ours), 1))
    ours.load_add_ons([ResolvedAddOn(identity=AddOn(kind="lora", name="one", digest="1" * 64), path=path, origin=path)])
    text = family.encode_text("a red apple")
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    plain, adapted = ours.denoiser([text]), ours.with_add_ons(unet=(("1" * 64, 1.0),)).denoiser([text])
    with torch.inference_mode():
        first, second = plain(x, 5.0), plain(x, 2.0)
        assert (engine.compiled, engine.calls) == (1, 2)
        changed = adapted(x, 5.0)
        assert (engine.compiled, engine.calls) == (2, 3)
        assert not torch.equal(changed, first)
        assert torch.equal(plain(x, 5.0), first)
        assert torch.equal(family.denoiser([text])(x, 2.0), second)
    assert (engine.compiled, engine.calls) == (3, 4)


def test_a_batch_row_is_conditioned_by_its_own_text(family: StableDiffusion) -> None:
    one, other = family.encode_text("a red apple"), family.encode_text("the blue cat")
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        both = family.denoiser([one, other])(torch.cat([x, x]), 5.0)
        swapped = family.denoiser([other, one])(torch.cat([x, x]), 5.0)
    assert not torch.equal(both[0], both[1])
    assert torch.equal(both, swapped.flip(0))


def test_numbers_are_float32_on_the_cpu_at_every_door_whatever_is_inside(tiny: Path) -> None:
    half = load_sd(tiny, make_placement("cpu", "bfloat16", "bfloat16"))
    assert {p.dtype for m in (half.unet, half.text_encoder, half.vae) for p in m.parameters()} == {torch.bfloat16}
    latents = half.encode(torch.zeros(1, 3, 64, 64))
    with torch.inference_mode():
        x0 = half.denoiser([half.encode_text("a cat")])(latents, 3.0)
    assert {t.dtype for t in (latents, x0, half.decode(latents))} == {torch.float32}


def test_networks_are_placed_for_speed_and_learn_nothing(family: StableDiffusion) -> None:
    assert family.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    for module in (family.unet, family.vae, family.text_encoder):
        assert not module.training
        assert not any(parameter.requires_grad for parameter in module.parameters())


# --- broken folders --------------------------------------------------------------------------------------------------


def rewrite(part: str, **entries: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / part
        path.write_text(json.dumps(json.loads(path.read_text()) | entries))

    return change


def overwrite(part: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / part).write_bytes(content) and None


def truncate(part: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = (folder / part).read_bytes()
        (folder / part).write_bytes(content[: len(content) // 2])

    return change


def drop_weight(part: str, name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        weights = load_file(folder / part)
        assert weights.pop(name) is not None
        save_file(weights, folder / part, {"format": "pt"})

    return change


def remove(part: str) -> Callable[[Path], None]:
    return lambda folder: (folder / part).unlink()


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "scheduler: no file": (remove("scheduler/scheduler_config.json"), "scheduler"),
    "scheduler: no JSON": (overwrite("scheduler/scheduler_config.json", b"{"), "scheduler"),
    "scheduler: not text": (overwrite("scheduler/scheduler_config.json", b"\xff\xfe"), "scheduler"),
    "scheduler: predicts the picture itself": (
        rewrite("scheduler/scheduler_config.json", prediction_type="sample"),
        "scheduler.*unknown prediction_type 'sample'",
    ),
    "scheduler: cosine levels": (
        rewrite("scheduler/scheduler_config.json", beta_schedule="squaredcos_cap_v2"),
        "scheduler.*unknown beta_schedule",
    ),
    "scheduler: levels of its own": (
        rewrite("scheduler/scheduler_config.json", trained_betas=[0.1, 0.2]),
        "scheduler.*trained_betas",
    ),
    "scheduler: zero terminal SNR": (
        rewrite("scheduler/scheduler_config.json", rescale_betas_zero_snr=True),
        "scheduler.*rescale_betas_zero_snr",
    ),
    "tokenizer: no JSON": (overwrite("tokenizer/tokenizer.json", b"["), "tokenizer"),
    "text encoder: no weights": (remove("text_encoder/model.safetensors"), "text_encoder"),
    "text encoder: half the weights": (truncate("text_encoder/model.safetensors"), "text_encoder"),
    "unet: no weights": (remove(f"unet/{WEIGHTS}"), "unet"),
    "unet: half the weights": (truncate(f"unet/{WEIGHTS}"), "unet"),
    "unet: an empty file": (overwrite(f"unet/{WEIGHTS}", b""), "unet"),
    "unet: one weight missing": (
        drop_weight(f"unet/{WEIGHTS}", "conv_out.weight"),
        "unet.*1 of its weights are not in the file, conv_out.weight",
    ),
    "unet: weights of another shape": (rewrite("unet/config.json", block_out_channels=[32, 96]), "unet"),
    "unet: for texts of another width": (
        rewrite("text_encoder/config.json", hidden_size=64),
        "text_encoder",
    ),
    "vae: one weight missing": (
        drop_weight(f"vae/{WEIGHTS}", "decoder.conv_in.bias"),
        "vae.*1 of its weights",
    ),
    "vae: no configuration": (remove("vae/config.json"), "vae"),
}


@pytest.mark.parametrize(("damage", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_folder_is_said_to_be_broken_and_where(
    damage: Callable[[Path], None], said: str, tiny: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    damage(folder)
    with pytest.raises(ModelBroken, match=f"its {said}") as caught:
        load_sd(folder, FLOAT32)
    error = caught.value
    assert (error.field, error.value, error.exit_code) == ("model", str(folder), 1)
    assert "\n" not in error.reason
    assert error.hint


def test_parts_that_do_not_belong_together_are_refused(tiny: Path, tmp_path: Path) -> None:
    """A text encoder of another width, whole in itself: as when SDXL's second one is taken for the first."""
    from transformers import CLIPTextConfig, CLIPTextModel

    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    config = CLIPTextConfig.from_pretrained(folder / "text_encoder")
    config.hidden_size = 64
    CLIPTextModel(config).save_pretrained(folder / "text_encoder")
    with pytest.raises(ModelBroken, match="its unet cannot be used: it reads texts 32 wide, the text encoder's are 64"):
        load_sd(folder, FLOAT32)


def test_a_unet_for_another_vae_is_refused(tiny: Path, tmp_path: Path) -> None:
    from diffusers import UNet2DConditionModel

    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    config = UNet2DConditionModel.load_config(folder / "unet")
    UNet2DConditionModel.from_config({**config, "in_channels": 7}).save_pretrained(folder / "unet")
    with pytest.raises(ModelBroken, match="its unet cannot be used: it maps 7 channels to 4, the VAE has 4"):
        load_sd(folder, FLOAT32)


def test_a_vae_with_the_old_names_of_attention_still_loads(tiny: Path, tmp_path: Path) -> None:
    """Stable Diffusion 1.5 as it was published: `query`, `key`, `value`, `proj_attn` in the VAE's middle block."""
    folder = tmp_path / "model"
    shutil.copytree(tiny, folder)
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    weights = load_file(folder / "vae" / WEIGHTS)
    renamed = {}
    for name, weight in weights.items():
        for new, before in old.items():
            name = name.replace(f"attentions.0.{new}.", f"attentions.0.{before}.")
        renamed[name] = weight
    assert renamed.keys() != weights.keys()
    save_file(renamed, folder / "vae" / WEIGHTS, {"format": "pt"})
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(load_sd(folder, FLOAT32).decode(latents), load_sd(tiny, FLOAT32).decode(latents))
