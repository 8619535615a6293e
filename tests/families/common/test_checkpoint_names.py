"""Every spelling of a single file's tensors ends as the original releases spell them."""

from __future__ import annotations

import pytest

from sdplay.families.common.checkpoint_names import EMA, UNET, dotted, original_names, transformers_names

NAMES = (
    "time_embed.2.bias",
    "label_emb.0.2.weight",
    "input_blocks.0.0.weight",
    "input_blocks.3.0.op.weight",
    "input_blocks.11.0.in_layers.2.weight",
    "input_blocks.10.0.emb_layers.1.bias",
    "input_blocks.4.1.transformer_blocks.11.attn1.to_out.0.bias",
    "input_blocks.1.1.transformer_blocks.0.ff.net.0.proj.weight",
    "input_blocks.1.1.transformer_blocks.0.ff.net.2.bias",
    "input_blocks.7.1.norm.weight",
    "middle_block.1.transformer_blocks.9.attn2.to_k.weight",
    "middle_block.2.out_layers.3.weight",
    "middle_block.1.proj_in.weight",
    "output_blocks.2.2.conv.weight",
    "output_blocks.11.1.proj_out.bias",
    "output_blocks.9.1.transformer_blocks.0.norm3.weight",
    "output_blocks.0.0.skip_connection.weight",
    "out.0.weight",
    "out.2.bias",
)


@pytest.mark.parametrize("name", NAMES)
def test_the_dots_of_mean_weights_are_found_again(name: str) -> None:
    assert dotted(f"diffusion_model{name.replace('.', '')}") == f"diffusion_model.{name}"


def test_mean_weights_are_taken_where_there_are_no_others() -> None:
    flat = {EMA + "diffusion_model" + name.replace(".", ""): number for number, name in enumerate(NAMES)}
    beside = {EMA + "decay": -1, "first_stage_model.x": -2}
    found = original_names(flat | beside)
    assert {UNET + name: number for number, name in enumerate(NAMES)}.items() <= found.items()
    plain = {UNET + name: 100 for name in NAMES}
    assert original_names(flat | plain) == flat | plain


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("cond_stage_model.transformer.text_projection.weight", "cond_stage_model.transformer.text_projection.weight"),
        ("diffusion_model.out.2.bias", "model.diffusion_model.out.2.bias"),
        ("vae.decoder.conv_in.weight", "first_stage_model.decoder.conv_in.weight"),
    ],
)
def test_other_spellings(name: str, original: str) -> None:
    assert original_names({name: 1}) == {original: 1}


def test_a_name_that_is_there_is_not_taken_by_another_tensor() -> None:
    names = {"diffusion_model.out.2.bias": 1, "model.diffusion_model.out.2.bias": 2}
    assert original_names(names) == {"model.diffusion_model.out.2.bias": 2}


@pytest.mark.parametrize("before", ["", "transformer.", "model.", "model.transformer."])
@pytest.mark.parametrize("level", ["", "text_model."])
def test_a_text_encoder_of_transformers_is_known_by_its_names(before: str, level: str) -> None:
    names = ("embeddings.token_embedding.weight", "encoder.layers.0.mlp.fc1.bias", "final_layer_norm.bias")
    given = {before + level + name: name for name in names} | {f"{before}text_projection.weight": "projection"}
    expected = {f"text_model.{name}": name for name in names} | {"text_projection.weight": "projection"}
    assert transformers_names(given) == expected


def test_the_names_of_open_clip_are_none_of_transformers() -> None:
    names = ("token_embedding.weight", "positional_embedding", "ln_final.bias", "text_projection", "logit_scale")
    layers = ("transformer.resblocks.0.mlp.c_fc.weight", "transformer.resblocks.0.attn.in_proj_weight")
    assert transformers_names({f"model.{name}": 1 for name in (*names, *layers)}) == {}
