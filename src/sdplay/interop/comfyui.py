"""What ComfyUI writes: the graph of nodes that made the picture, from which settings are looked up link by link."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from sdplay.interop.comfyui_graph import Graph, Node, nodes_of_prompt, nodes_of_workflow
from sdplay.interop.names import sampler_of, schedule_of
from sdplay.interop.parsed import (
    Meaning,
    ParsedMetadata,
    json_object,
    lora_entry,
    name,
    number,
    to_parsed,
    whole,
    with_loras,
)

PROGRAM = "ComfyUI"
# Links that lead from a picture to how it was made rather than to the picture before it.
ABOUT = ("positive", "negative", "conditioning", "model", "clip", "vae", "control_net", "upscale_model", "mask")
SETTING_LINKS = ("guider", "sampler", "sigmas", "noise")  # of the samplers that are taken apart into nodes
LATENTS = ("latent_image", "latent", "samples")
SETTINGS: dict[str, Meaning] = {
    "seed": ("seed", whole),
    "noise_seed": ("seed", whole),
    "steps": ("steps", whole),
    "cfg": ("guidance_scale", number),
    "sampler_name": ("sampler", sampler_of),
    "scheduler": ("schedule", schedule_of),
}
SCHEDULE_NODES = {"KarrasScheduler": "karras", "ExponentialScheduler": "exponential"}
MODEL_NAMES = ("ckpt_name", "unet_name", "model_name")
TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl", "prompt")
MOST_PARTS, MOST_TEXTS = 50, 200  # nodes that one sampler is made of, and nodes that its prompt is
# How two prompts are one, in A1111's words.
JOINTS = {"ConditioningCombine": " AND ", "ConditioningConcat": " BREAK "}


def parse_comfyui(prompt_json: str | None, workflow_json: str | None = None) -> ParsedMetadata:
    """What the graph `prompt_json` says of the first sampler of the picture; without it, `workflow_json`, the drawing.

    Where several samplers follow each other the first decided what is in the picture, as A1111's hires fix counts it.
    All that was not used stands in `other["nodes"]`. Raises `BadRequest` for damaged JSON.
    """
    text = prompt_json if prompt_json is not None else workflow_json or ""
    said = json_object(text)
    graph = Graph(nodes_of_prompt(said) if prompt_json is not None else nodes_of_workflow(said))
    fields: dict[str, Any] = {}
    other: dict[str, Any] = {}
    prompts = {"positive": "", "negative": ""}
    sampler = first_sampler(graph)
    if sampler is not None:
        machinery = list(islice(graph.upstream([sampler], SETTING_LINKS.__contains__), MOST_PARTS))
        fields, other = settings(graph, machinery)
        fields |= canvas(graph, machinery) | network(graph, machinery, other)
        for sign in prompts:
            starts = links(machinery, (sign, "conditioning") if sign == "positive" else (sign,))
            prompts[sign] = next((said for link in starts if (said := words(graph, link, set()))), "")
    if left := graph.left():
        other["nodes"] = left
    return ParsedMetadata(
        program=PROGRAM,
        version="",
        prompt=prompts["positive"],
        negative_prompt=prompts["negative"],
        fields=fields,
        other=other,
        text=text,
    )


def is_graph(said: Mapping[str, Any]) -> bool:
    """Whether a JSON object is the chunk `prompt`."""
    return any(isinstance(node, dict) and "class_type" in node for node in said.values())


def is_workflow(said: Mapping[str, Any]) -> bool:
    """Whether a JSON object is the chunk `workflow`."""
    return isinstance(said.get("nodes"), list) and "links" in said


def first_sampler(graph: Graph) -> Node | None:
    """The sampler that began the picture which the graph saves; None where there is none that we know."""
    ends = [node for node in graph.nodes.values() if "Save" in node.kind] or [
        node for node in graph.nodes.values() if "Preview" in node.kind
    ]
    for starts in (ends, list(graph.nodes.values())):
        before = [node for node in graph.upstream(starts, lambda link: link not in ABOUT) if is_sampler(graph, node)]
        if before:
            return last_of_chain(graph, before[0])
    return None


def is_sampler(graph: Graph, node: Node) -> bool:
    """Whether `node` turns noise into a picture, by what is plugged into it."""
    if "guider" in node.inputs and "sigmas" in node.inputs:
        return True
    plugged = all(graph.target(node.inputs.get(sign)) for sign in ("positive", "negative"))
    return plugged and any(key in node.inputs for key in ("seed", "noise_seed", "steps", "sigmas"))


def last_of_chain(graph: Graph, sampler: Node) -> Node:
    """The sampler farthest upstream of `sampler`, along the pictures."""
    for node in graph.upstream([sampler], lambda link: link not in (*ABOUT, *SETTING_LINKS)):
        if is_sampler(graph, node):
            sampler = node
    return sampler


def settings(graph: Graph, machinery: list[Node]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The numbers and names on the nodes of a sampler: ours, and those that we have no name for."""
    said: dict[str, Any] = {}
    for node in machinery:
        for key in SETTINGS:
            value = graph.value(node, key)
            if value is not None and key not in said:
                said[key] = value
    fields, other = to_parsed(said, SETTINGS)
    named = (SCHEDULE_NODES[node.kind] for node in machinery if node.kind in SCHEDULE_NODES)
    if schedule := next(named, None):
        fields.setdefault("schedule", schedule)
    if "seed" in fields:
        fields["noise"] = "torch"  # it draws from torch's CPU generator
    return fields, other


def canvas(graph: Graph, machinery: list[Node]) -> dict[str, Any]:
    """Width and height of the empty picture that was begun with, or the strength with which another was redrawn."""
    latents = (graph.target(link) for link in links(machinery[:1], LATENTS))
    starts = [node for node in latents if node is not None]
    for node in graph.upstream(starts, lambda link: link not in ABOUT):
        if "Empty" in node.kind and "width" in node.inputs:
            sides = {side: whole(graph.value(node, side)) for side in ("width", "height")}
            return {side: length for side, length in sides.items() if length is not None}
    strengths = [number(graph.value(node, "denoise")) for node in machinery if starts and "denoise" in node.inputs]
    return {"strength": strengths[0]} if strengths and strengths[0] is not None else {}


def network(graph: Graph, machinery: list[Node], other: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint and the clip skip; LoRAs on the way to it go into `other`."""
    loaded: dict[str, Any] = {}
    loras: list[dict[str, Any]] = []
    starts = [graph.target(link) for link in links(machinery, ("model",))]
    for node in graph.upstream([node for node in starts if node], lambda link: link in ("model", "")):
        if "lora_name" in node.inputs:
            keys = ("lora_name", "strength_model", "strength_clip")
            loras.append({key: graph.value(node, key) for key in keys if key in node.inputs})
        for key in MODEL_NAMES:
            if "model" not in loaded and (called := name(graph.value(node, key))):
                loaded["model"] = called
    encoders = [graph.target(link) for link in links(machinery, ("positive", "conditioning"))]
    for node in graph.upstream([node for node in encoders if node], lambda link: link not in LATENTS):
        if "stop_at_clip_layer" in node.inputs and "clip_skip" not in loaded:
            layer = graph.value(node, "stop_at_clip_layer")
            loaded |= {"clip_skip": -layer} if type(layer) is int and layer < 0 else {}
    entries = (lora_entry(one["lora_name"], one.get("strength_model"), one.get("strength_clip")) for one in loras[::-1])
    return with_loras(loaded, entries)  # in the order in which they were put on


def links(nodes: list[Node], keys: tuple[str, ...]) -> Iterator[Any]:
    """What is plugged into `nodes` under `keys`."""
    return (node.inputs[key] for node in nodes for key in keys if key in node.inputs)


def words(graph: Graph, link: object, seen: set[str]) -> str:
    """The text that a conditioning was made of; several are joined as A1111 would write them."""
    node = graph.target(link)
    if node is None or node.id in seen or len(seen) >= MOST_TEXTS or node.kind == "ConditioningZeroOut":
        return ""
    seen.add(node.id)
    texts = [text for key in TEXTS if isinstance(text := graph.value(node, key), str) and text]
    if texts:
        return "\n".join(dict.fromkeys(texts))
    found = (words(graph, onward, seen) for onward in passed_on(node.inputs, slot_of(link)))
    return JOINTS.get(node.kind, "\n").join(text for text in found if text)


def passed_on(inputs: Mapping[str, Any], slot: int) -> list[Any]:
    """The conditionings that come out of a node's output `slot`, changed or not."""
    signs = ("positive", "negative")
    if signs[0] in inputs and slot < len(signs):
        return [inputs.get(signs[slot])]
    return [value for key, value in inputs.items() if key.startswith("cond") or key in ("", "value", "any")]


def slot_of(link: object) -> int:
    return link[1] if isinstance(link, list) else 0
