"""The names in LoRA files of the field, and files that are none or too large, read without a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sdplay.core.errors import BadRequest
from sdplay.families.common import lora_file
from sdplay.families.common.detect import MOST_LORA_TENSORS
from sdplay.families.common.lora_file import NETWORK, TEXT, TEXT_2, layer_of, other_model, read_lora_file

QUERY = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
FC1 = "text_model.encoder.layers.0.mlp.fc1"
FLAT = QUERY.replace(".", "_")


@pytest.mark.parametrize(
    "start",
    [
        "",
        "unet.",
        "diffusion_model.",
        "model.diffusion_model.",
        "base_model.model.",
        "unet.base_model.model.",
        "base_model.model.unet.",
        "module.unet.",
        "lora_unet_",
    ],
)
def test_a_layer_of_the_network_has_one_name_in_all_wrappings(start: str) -> None:
    assert layer_of(start + QUERY) == (NETWORK, FLAT)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        (f"text_encoder.{FC1}", TEXT),
        (f"text_encoder.base_model.model.{FC1}", TEXT),
        (f"text_encoder_2.{FC1}", TEXT_2),
        (f"clip_l.transformer.{FC1}", TEXT),
        (f"text_encoders.clip_g.transformer.{FC1}", TEXT_2),
        (f"lora_te2_{FC1}", TEXT_2),
        (FC1, TEXT),
    ],
)
def test_a_layer_of_a_text_encoder_has_one_name_too(name: str, part: str) -> None:
    assert layer_of(name) == (part, "encoder_layers_0_mlp_fc1")


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("transformer.single_transformer_blocks.0.attn.to_q", "Flux"),
        ("lora_unet_double_blocks_3_img_attn_qkv", "Flux"),
        ("lora_transformer_single_transformer_blocks_3_attn_to_q", "Flux"),
        ("diffusion_model.joint_blocks.1.x_block.attn.qkv", "Stable Diffusion 3"),
        ("diffusion_model.blocks.0.self_attn.q", "a model of films (Wan)"),
        (f"unet.{QUERY}", ""),
    ],
)
def test_what_a_lora_of_another_network_was_made_for_is_known(name: str, model: str) -> None:
    assert other_model([layer_of(name)]) == model


def write(path: Path, tensors: dict[str, torch.Tensor], **metadata: str) -> Path:
    factors = {f"unet.{QUERY}.lora_A.weight": torch.ones(2, 4), f"unet.{QUERY}.lora_B.weight": torch.ones(4, 2)}
    save_file(factors | tensors, path, metadata)
    return path


def test_vectors_inside_are_passed_over(tmp_path: Path) -> None:
    inside = {"bundle_emb.my.word.string_to_param.*": torch.ones(2, 8), "bundle_emb.other.clip_l": torch.ones(2, 8)}
    (layer,) = read_lora_file(write(tmp_path / "m.safetensors", inside))
    assert layer == (NETWORK, FLAT)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({f"unet.{QUERY}.alpha": torch.ones(2)}, "one number is needed"),
        ({f"unet.{QUERY}x.lora_A.weight": torch.tensor(1.0)}, "which is no factor"),
        ({f"unet.{QUERY}x.lora_A.weight": torch.ones(3)}, "which is no factor"),
        ({f"unet.{QUERY}x.lora_A.weight": torch.ones(0, 4)}, "which is no factor"),
    ],
)
def test_tensors_that_are_no_factors_are_told(tensors: dict[str, torch.Tensor], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=said):
        read_lora_file(write(tmp_path / "m.safetensors", tensors))


def test_a_file_whose_bytes_do_not_make_its_shapes_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {})
    path.write_bytes(path.read_bytes().replace(b'"shape":[2,4]', b'"shape":[2,9]'))
    with pytest.raises(BadRequest, match="it cannot be read"):
        read_lora_file(path)


def test_a_file_of_too_many_tensors_is_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora_file, "check_method", lambda *_: pytest.fail("it was read"))
    nothing = torch.zeros(0)
    tensors = {f"lora_unet_{number}.alpha": nothing for number in range(MOST_LORA_TENSORS)}
    with pytest.raises(BadRequest, match="50,002 tensors, and 50,000 are the most"):
        read_lora_file(write(tmp_path / "m.safetensors", tensors))


@pytest.mark.parametrize("noted", ["[" * 100_000 + "]" * 100_000, '{"unet.alpha_pattern": 3}', "{"])
def test_metadata_that_makes_no_sense_counts_for_nothing(noted: str, tmp_path: Path) -> None:
    found = read_lora_file(write(tmp_path / "m.safetensors", {}, lora_adapter_metadata=noted))
    assert found[NETWORK, FLAT].alpha is None


def test_the_alpha_of_the_longest_ending_counts(tmp_path: Path) -> None:
    noted = {"unet.lora_alpha": 1, "unet.alpha_pattern": {"to_q": 2, "attn1.to_q": 3, "o_q": 4}}
    found = read_lora_file(write(tmp_path / "m.safetensors", {}, lora_adapter_metadata=json.dumps(noted)))
    assert found[NETWORK, FLAT].alpha == 3
