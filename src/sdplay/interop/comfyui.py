"""What ComfyUI writes: the graph of nodes that made the picture, from which settings are looked up link by link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from sdplay.interop.comfyui_graph import Graph, Node, nodes_of_prompt
from sdplay.interop.comfyui_model import network
from sdplay.interop.comfyui_words import Words
from sdplay.interop.comfyui_workflow import nodes_of_workflow
from sdplay.interop.names import sampler_of, schedule_of
from sdplay.interop.parsed import Meaning, ParsedMetadata, json_object, number, to_parsed, whole

PROGRAM = "ComfyUI"
# Links that lead from a picture to how it was made rather than to the picture before it.
ABOUT = ("positive", "negative", "conditioning", "model", "clip", "vae", "control_net", "upscale_model", "mask")
SETTING_LINKS = (
    "guider",
    "sampler",
    "sigmas",
    "noise",
    "base_sampler",
)  # of the samplers that are taken apart into nodes
SETTINGS: dict[str, Meaning] = {
    "seed": ("seed", whole),
    "noise_seed": ("seed", whole),
    "steps": ("steps", whole),
    "cfg": ("guidance_scale", number),
    "cfg_conds": ("guidance_scale", number),
    "sampler_name": ("sampler", sampler_of),
    "scheduler": ("schedule", schedule_of),
}
SCHEDULE_NODES = {
    "KarrasScheduler": "karras",
    "ExponentialScheduler": "exponential",
    "AlignYourStepsScheduler": "align_your_steps",
    "BetaSamplingScheduler": "beta",
}
SAMPLER_NODES = {
    "SamplerEulerAncestral": "euler_a",
    "SamplerDPMPP_2M_SDE": "dpmpp_2m_sde",
    "SamplerLCMUpscale": "lcm",
}
MOST_PARTS = 50  # nodes that one sampler is made of
SIDES = (("width", "height"), ("empty_latent_width", "empty_latent_height"), ("base_width", "base_height"))
RESOLUTIONS = ("resolution", "dimensions", "aspect_ratio", "size", "empty_latent_size")
RESOLUTION = re.compile(r"(\d{2,5}) ?[x×*] ?(\d{2,5})")
REDRAWS = ("image", "images", "pixels", "latent_image", "samples", "latent", "image_output")


def parse_comfyui(prompt_json: str | None, workflow_json: str | None = None) -> ParsedMetadata:
    """What the graph `prompt_json` says of the sampler of the picture; without it, `workflow_json`, the drawing.

    Where several samplers follow each other and the later ones only redraw in part, the first decided what is in the
    picture, as A1111's hires fix counts it. All that was not used stands in `other["nodes"]`. Raises `BadRequest` for
    damaged JSON.
    """
    text = prompt_json if prompt_json is not None else workflow_json or ""
    said = json_object(text)
    graph = Graph(nodes_of_prompt(said) if prompt_json is not None else nodes_of_workflow(said))
    fields: dict[str, Any] = {}
    other: dict[str, Any] = {}
    prompts = {"positive": "", "negative": ""}
    sampler = main_sampler(graph)
    if sampler is not None:
        machinery = list(islice(graph.upstream([sampler], SETTING_LINKS.__contains__), MOST_PARTS))
        fields, other = settings(graph, machinery)
        fields |= canvas(graph, machinery) | network(graph, sampler)
        words = Words(graph)
        for sign in prompts:
            prompts[sign] = next(filter(None, (words.prompt(node, sign) for node in machinery)), "")
        other |= words.others
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


def main_sampler(graph: Graph) -> Node | None:
    """The sampler that decided what is in the picture which the graph saves; None where there is none that we know."""
    nodes = list(graph.nodes.values())
    plugged_in = {found.id for node in nodes for link in node.inputs.values() if (found := graph.target(link))}
    named = [[node for node in nodes if word in node.kind.casefold()] for word in ("save", "preview")]
    for starts in (*named, [node for node in nodes if node.id not in plugged_in], nodes):
        before = [node for node in graph.upstream(starts, lambda link: link not in ABOUT) if is_sampler(node)]
        if before:
            return deciding(graph, before[0])
    return None


def is_sampler(node: Node) -> bool:
    """Whether `node` turns noise into a picture: it has steps, or levels of noise, and what to draw with them."""
    inputs = node.inputs
    if "sigmas" in inputs:
        return "guider" in inputs or "noise_seed" in inputs
    seeded = bool({"seed", "noise_seed"} & inputs.keys())
    return "steps" in inputs and (seeded or {"cfg", "sampler_name"} <= inputs.keys())


def deciding(graph: Graph, sampler: Node) -> Node:
    """`sampler`, or the one before it while it only redraws in part what one other drew."""
    seen = {sampler.id}
    while len(seen) < MOST_PARTS and redraws_in_part(graph, sampler):
        starts = [node for key in REDRAWS if (node := graph.target(sampler.inputs.get(key)))]
        before = nearest_samplers(graph, starts)
        if len(before) != 1 or before[0].id in seen:
            break
        sampler = before[0]
        seen.add(sampler.id)
    return sampler


def redraws_in_part(graph: Graph, sampler: Node) -> bool:
    """Whether `sampler` keeps something of the picture that it is given."""
    inputs = sampler.inputs
    if "add_noise" in inputs and graph.value(sampler, "add_noise") in ("disable", False):
        return True
    start = graph.value(sampler, "start_at_step") if "start_at_step" in inputs else 0
    if type(start) is int and start > 0:
        return True
    parts = islice(graph.upstream([sampler], SETTING_LINKS.__contains__), MOST_PARTS)
    strengths = [number(graph.value(node, "denoise")) for node in parts if "denoise" in node.inputs]
    split = any("Split" in node.kind for node in graph.upstream([sampler], SETTING_LINKS.__contains__))
    return split or any(strength is not None and strength < 1 for strength in strengths)


def nearest_samplers(graph: Graph, starts: list[Node]) -> list[Node]:
    """The samplers upstream of `starts`, those before other samplers left out."""
    found: list[Node] = []
    waiting, seen = list(starts), set[str]()
    while waiting:
        node = waiting.pop(0)
        if node.id in seen:
            continue
        seen.add(node.id)
        if is_sampler(node):
            found.append(node)
            continue
        onward = (graph.target(value) for key, value in node.inputs.items() if key not in (*ABOUT, *SETTING_LINKS))
        waiting += [next_node for next_node in onward if next_node is not None]
    return found


def settings(graph: Graph, machinery: list[Node]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The numbers and names on the nodes of a sampler: ours, and those that we have no name for."""
    said: dict[str, Any] = {}
    for node in machinery:
        for key in SETTINGS:
            value = graph.value(node, key) if key in node.inputs else None
            if value is not None and key not in said:
                said[key] = value
    fields, other = to_parsed(said, SETTINGS)
    for field, nodes in (("schedule", SCHEDULE_NODES), ("sampler", SAMPLER_NODES)):
        if called := next((nodes[node.kind] for node in machinery if node.kind in nodes), None):
            fields.setdefault(field, called)
    if "seed" in fields:
        fields["noise"] = "torch"  # it draws from torch's CPU generator
    return fields, other


def canvas(graph: Graph, machinery: list[Node]) -> dict[str, Any]:
    """Width and height of the empty picture that was begun with, or the strength with which another was redrawn."""
    sampler = machinery[0]
    starts = [node for node, _ in graph.trail(sampler, "latent")][1:]
    reached = [node for node in starts if not is_sampler(node)]
    for node in graph.upstream(reached, lambda link: link not in ABOUT):
        if sides := sides_of(graph, node):
            return sides
    if not starts and "image" not in sampler.inputs:
        return {}
    strengths = [number(graph.value(node, "denoise")) for node in machinery if "denoise" in node.inputs]
    return {"strength": strengths[0]} if strengths and strengths[0] is not None else {}


def sides_of(graph: Graph, node: Node) -> dict[str, Any]:
    """The size on a node that makes an empty picture; nothing for any other node."""
    inputs = node.inputs
    loads_all = "empty_latent_width" in inputs
    if not (loads_all or re.search(r"empty|latent.*size|size.*latent", node.kind, re.I)):
        return {}
    for key in RESOLUTIONS:
        if key in inputs and (match := RESOLUTION.search(str(graph.value(node, key)))):
            return {"width": int(match[1]), "height": int(match[2])}
    for names in SIDES:
        lengths = [side_length(graph, node, name) for name in names]
        if None not in lengths:
            return dict(zip(("width", "height"), lengths, strict=True))
    return {}


def side_length(graph: Graph, node: Node, name: str) -> int | None:
    """A side, from the node itself or one that chooses sizes."""
    link = node.inputs.get(name)
    chooser = graph.target(link)
    if chooser is not None and isinstance(link, list):
        for key in RESOLUTIONS:
            if match := RESOLUTION.search(str(chooser.inputs.get(key))):
                graph.use(chooser, key)
                return int(match[1 + (name.endswith("height"))])
        if str(chooser.inputs.get("swap_dimensions")).casefold() in ("on", "true"):
            other = {"width": "height", "height": "width"}.get(name, name)
            return whole(graph.value(chooser, other))
    return whole(graph.value(node, name)) if name in node.inputs else None
