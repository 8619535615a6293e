"""LoRAs and sizes on ComfyUI's nodes: every kind of loader and of empty latent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.interop.samples import changed, node, parse


@pytest.mark.parametrize(
    ("loader", "loras"),
    [
        (
            node(
                "Power Lora Loader (rgthree)",
                model=["4", 0],
                lora_1={"on": True, "lora": "a.safetensors", "strength": 0.7},
                lora_2={"on": False, "lora": "b.safetensors", "strength": 1},
                lora_3={"on": True, "lora": "x/c.safetensors", "strength": 0.5, "strengthTwo": 0.25},
            ),
            ("a:0.7", "c:0.25:0.5"),
        ),
        (
            node(
                "Lora Loader Stack (rgthree)",
                model=["4", 0],
                lora_01="a.pt",
                strength_01=0.3,
                lora_02="None",
                strength_02=1,
            ),
            ("a:0.3",),
        ),
        (node("LoraLoaderModelOnly", model=["4", 0], lora_name="sub\\a.safetensors", strength_model=0.4), ("a:0.4",)),
        (
            node("CR Apply LoRA Stack", model=["4", 0], lora_stack=["71", 0]),
            ("a:0.5:1", "c:0.7"),
        ),
        (
            node("easy loraStackApply", model=["4", 0], lora_stack=["72", 0]),
            ("a:0.9",),
        ),
    ],
)
def test_loras_in_every_kind_of_loader(loader: dict[str, Any], loras: tuple[str, ...]) -> None:
    graph = changed(
        {"model": ["70", 0]},
        n70=loader,
        n71=node(
            "CR LoRA Stack",
            switch_1="On",
            lora_name_1="a.safetensors",
            model_weight_1=1,
            clip_weight_1=0.5,
            switch_2="Off",
            lora_name_2="b.safetensors",
            model_weight_2=1,
            clip_weight_2=0.5,
            switch_3="On",
            lora_name_3="c.safetensors",
            model_weight_3=0.7,
            clip_weight_3=0.7,
        ),
        n72=node(
            "LoRA Stacker",
            input_mode="simple",
            lora_count=1,
            lora_name_1="a",
            lora_wt_1=0.9,
            lora_name_2="b",
            lora_wt_2=1,
        ),
    )
    assert parse(graph).fields["lora"] == loras


@pytest.mark.parametrize(
    ("latent", "size"),
    [
        (node("SDXL Empty Latent Image (rgthree)", dimensions="1216 x 832 (landscape)", batch_size=1), (1216, 832)),
        (node("EmptySD3LatentImage", width=["60", 0], height=["60", 1]), (896, 1152)),
        (node("EmptyLatentImage", width=["61", 0], height=["61", 1]), (64, 128)),
        (node("EmptyLatentImage", width=["62", 0], height=["62", 0]), (512, 512)),
    ],
)
def test_sizes_on_nodes_of_their_own(latent: dict[str, Any], size: tuple[int, int]) -> None:
    found = parse(
        changed(
            n5=latent,
            n60=node("CR SDXL Aspect Ratio", width=1024, height=1024, aspect_ratio="3:4 portrait 896x1152"),
            n61=node("CR SD1.5 Aspect Ratio", width=128, height=64, aspect_ratio="custom", swap_dimensions="On"),
            n62=node("PrimitiveInt", value=512),
        )
    )
    assert (found.fields["width"], found.fields["height"]) == size
