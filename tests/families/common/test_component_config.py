"""Sizes that no network has are refused before anything is built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import make_placement
from sdplay.families import ARCHITECTURES
from sdplay.families.base import load_family
from sdplay.families.common.component_config import check_config, read_config
from sdplay.families.common.layout import count
from sdplay.families.common.memory import read_model_size

BILLION = 10**9


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"layers_per_block": BILLION}, "its layers_per_block is 1000000000: 1 to 700 are possible"),
        ({"layers_per_block": 0}, "its layers_per_block is 0"),
        ({"num_hidden_layers": -3}, "its num_hidden_layers is -3"),
        ({"transformer_layers_per_block": [1, [2, BILLION]]}, "its transformer_layers_per_block is 1000000000"),
        ({"layers_per_block": 600, "transformer_layers_per_block": 600}, "360,000 layers in a block"),
        ({"block_out_channels": [320, 0]}, "its block_out_channels is 0"),
        ({"block_out_channels": []}, "its block_out_channels has 0 entries"),
        ({"block_out_channels": [8] * 1000}, "its block_out_channels has 1,000 entries"),
        ({"down_block_types": ["DownBlock2D"] * 1000}, "its down_block_types has 1,000 entries"),
        ({"in_channels": "4"}, "its in_channels is '4'"),
        ({"hidden_size": 1e300}, r"its hidden_size is 1e\+300"),
        ({"vocab_size": True}, "its vocab_size is True"),
        ({"norm_num_groups": -32}, "its norm_num_groups is -32"),
        ({"cross_attention_dim": 10**400}, "its cross_attention_dim is 1000"),
    ],
)
def test_sizes_that_no_network_has_are_refused(entries: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        check_config(entries, 700)
    assert len(str(caught.value)) < 200


def test_the_configurations_that_there_are_pass(tiny: Path) -> None:
    for part in ("unet", "vae", "text_encoder"):
        assert read_config(tiny / part)
    check_config({"num_attention_heads": None, "transformer_layers_per_block": [0, 2, 10], "layers_per_block": 2}, 1680)


@pytest.mark.parametrize(
    ("part", "entry"),
    [
        ("unet", {"layers_per_block": BILLION}),
        ("vae", {"layers_per_block": BILLION}),
        ("vae", {"block_out_channels": [8, 8, 8, 0]}),
        ("text_encoder", {"num_hidden_layers": BILLION}),
        ("text_encoder", {"hidden_size": 0}),
    ],
)
def test_a_folder_with_such_sizes_is_refused(part: str, entry: dict[str, Any], tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "m")
    config = tmp_path / "m" / part / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **entry}))
    (name,) = entry
    with pytest.raises(ModelBroken, match=f"its {part} cannot be used: its {name} is"):
        load_family("sd", tmp_path / "m", make_placement("cpu", "float32", "float32"))
    if part != "text_encoder":
        with pytest.raises(ModelBroken, match=f"its {name} is"):
            read_model_size(tmp_path / "m", ARCHITECTURES)


def test_blocks_that_are_counted_are_there() -> None:
    assert count(["a.0.x", "a.1.x", "b"], r"a\.(\d+)") == 2
    assert count(["b"], r"a\.(\d+)") == 0
    with pytest.raises(ValueError, match="999,999,999 of its 1,000,000,000 blocks are missing"):
        count(["a.999999999.x"], r"a\.(\d+)")
