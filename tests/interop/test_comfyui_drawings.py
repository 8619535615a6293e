"""ComfyUI's drawings (workflows): subgraphs, links by name, values by name."""

from __future__ import annotations

import json
from typing import Any

from sdplay.interop import parse_comfyui
from tests.interop.samples import TIN


def drawn(kind: str, number: int, values: Any, **links: int) -> dict[str, Any]:
    plugs = [{"name": name, "link": link} for name, link in links.items()]
    return {"id": number, "type": kind, "widgets_values": values, "inputs": plugs}


INNER = {
    "id": "5c-1",
    "inputs": [{"name": "text", "linkIds": [1]}],
    "nodes": [
        drawn("CLIPTextEncode", 6, ["unused"], text=1, clip=2),
        drawn("CLIPTextEncode", 7, ["fog"], clip=3),
        drawn("CheckpointLoaderSimple", 4, ["tin.safetensors"]),
        drawn("EmptyLatentImage", 5, [128, 192, 1]),
        drawn(
            "KSampler",
            3,
            [735, "fixed", 12, 6.0, "euler", "karras", 1],
            model=4,
            positive=5,
            negative=6,
            latent_image=7,
        ),
    ],
    "links": [
        {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 6, "target_slot": 0},
        {"id": 2, "origin_id": 4, "origin_slot": 1, "target_id": 6, "target_slot": 1},
        {"id": 3, "origin_id": 4, "origin_slot": 1, "target_id": 7, "target_slot": 0},
        {"id": 4, "origin_id": 4, "origin_slot": 0, "target_id": 3, "target_slot": 0},
        {"id": 5, "origin_id": 6, "origin_slot": 0, "target_id": 3, "target_slot": 1},
        {"id": 6, "origin_id": 7, "origin_slot": 0, "target_id": 3, "target_slot": 2},
        {"id": 7, "origin_id": 5, "origin_slot": 0, "target_id": 3, "target_slot": 3},
        {"id": 8, "origin_id": 3, "origin_slot": 0, "target_id": -20, "target_slot": 0},
    ],
}


def test_a_drawing_with_a_subgraph_and_links_by_name() -> None:
    drawing = {
        "nodes": [
            drawn("PrimitiveStringMultiline", 60, ["a tin robot"]),
            drawn("SetNode", 61, ["words"], STRING=10),
            drawn("GetNode", 62, ["words"]),
            drawn("5c-1", 57, [], text=11),
            drawn("VAEDecode", 8, [], samples=12),
            drawn("SaveImage", 9, ["x"], images=13),
        ],
        "links": [
            [10, 60, 0, 61, 0, "STRING"],
            [11, 62, 0, 57, 0, "STRING"],
            [12, 57, 0, 8, 0, "LATENT"],
            [13, 8, 0, 9, 0, "IMAGE"],
        ],
        "definitions": {"subgraphs": [INNER]},
    }
    found = parse_comfyui(None, json.dumps(drawing))
    assert (found.prompt, found.negative_prompt) == ("a tin robot", "fog")
    assert {field: found.fields.get(field) for field in TIN} == TIN


def test_a_subgraph_in_itself_ends() -> None:
    inner = {"id": "loop", "nodes": [drawn("loop", 1, []), drawn("loop", 2, [])], "links": []}
    drawing = {"nodes": [drawn("loop", 1, [])], "links": [], "definitions": {"subgraphs": [inner]}}
    assert parse_comfyui(None, json.dumps(drawing)).fields == {}


def test_a_drawing_that_names_its_values() -> None:
    sampler = drawn("A Sampler of Somebody", 3, [735, "fixed", 12, 6.0, "euler", "karras", 1], positive=1)
    names = ["seed", "steps", "cfg", "sampler_name", "scheduler", "denoise"]
    sampler["inputs"] += [{"name": name, "link": None, "widget": {"name": name}} for name in names]
    text = drawn("Words", 6, {"text": "a tin robot"})
    found = parse_comfyui(None, json.dumps({"nodes": [sampler, text], "links": [[1, 6, 0, 3, 0, "CONDITIONING"]]}))
    assert (found.prompt, found.fields["steps"], found.fields["schedule"]) == ("a tin robot", 12, "karras")
