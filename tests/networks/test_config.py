"""Configurations: what makes another network of one is refused by its name, the rest is passed over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdplay.networks.config import ClipTextConfig, ControlNetConfig, NetworkConfig, UNetConfig, VaeConfig


def test_a_file_is_read(builtin: Path) -> None:
    config = UNetConfig.read(json.loads((builtin / "unet" / "config.json").read_text()))
    assert (config.block_out_channels, config.cross_attention_dim) == ((64, 128, 192), 192)
    assert [config.heads(stage) for stage in range(3)] == [1, 2, 3]
    same = {"upcast_attention": True, "sample_size": 8, "only_cross_attention": [False, False, False]}
    assert config == UNetConfig.read({**vars(config), **same})


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        (UNetConfig, {"class_embed_type": "timestep"}),
        (UNetConfig, {"down_block_types": ["AttnDownBlock2D", "DownBlock2D"]}),
        (UNetConfig, {"addition_embed_type": "image"}),
        (UNetConfig, {"num_attention_heads": 4}),
        (ControlNetConfig, {"conditioning_channels": 1}),
        (ControlNetConfig, {"only_cross_attention": [False, True]}),
        (VaeConfig, {"up_block_types": ["AttnUpDecoderBlock2D"]}),
        (VaeConfig, {"act_fn": "relu"}),
        (ClipTextConfig, {"hidden_act": "tanh"}),
    ],
)
def test_another_network_is_refused_by_name(kind: type[NetworkConfig], entry: dict[str, Any]) -> None:
    ((name, value),) = entry.items()
    with pytest.raises(ValueError, match=name if "types" not in name else value[0]):
        kind.read(entry)


def test_a_number_for_each_stage_is_wanted() -> None:
    config = UNetConfig.read({"attention_head_dim": [5, 10], "transformer_layers_per_block": [[1, 2]] * 4})
    assert config.depths_down(1) == (1, 2)
    with pytest.raises(ValueError, match="for 4 stages"):
        config.heads(0)


def test_depths_up_mirror_those_down_unless_they_are_given() -> None:
    config = UNetConfig.read({"transformer_layers_per_block": [1, 2, 3, 4]})
    assert [config.depths_up(stage) for stage in range(4)] == [(1,) * 3, (2,) * 3, (3,) * 3, (4,) * 3]
    own = UNetConfig.read({"reverse_transformer_layers_per_block": [9, 8, 7, 6]})
    assert own.depths_up(3) == (9,) * 3


def test_a_text_encoder_within_a_whole_clip_is_found() -> None:
    assert ClipTextConfig.read({"model_type": "clip", "text_config": {"hidden_size": 32}}).hidden_size == 32
