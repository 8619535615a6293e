"""The chunk `workflow` of ComfyUI: the drawing that a person sees, as the nodes of a graph.

Values stand in a list without names. Since 2025 the inputs of a node name them; before, only the classes in `WIDGETS`
are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sdplay.interop.comfyui_graph import Node

# What the numbers and texts on a node are called; None is a control of the page alone.
WIDGETS: dict[str, tuple[str | None, ...]] = {
    "KSampler": ("seed", None, "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        *("add_noise", "noise_seed", None, "steps", "cfg", "sampler_name", "scheduler"),
        *("start_at_step", "end_at_step", "return_with_leftover_noise"),
    ),
    "SamplerCustom": ("add_noise", "noise_seed", None, "cfg"),
    "RandomNoise": ("noise_seed", None),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "KarrasScheduler": ("steps", "sigma_max", "sigma_min", "rho"),
    "CFGGuider": ("cfg",),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeSDXL": (
        *("width", "height", "crop_w", "crop_h", "target_width", "target_height", "text_g", "text_l"),
    ),
    "CLIPTextEncodeSDXLRefiner": ("ascore", "width", "height", "text"),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "EmptySD3LatentImage": ("width", "height", "batch_size"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name", "weight_dtype"),
    "VAELoader": ("vae_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "PrimitiveNode": ("value", None),
    "PrimitiveInt": ("value", None),
    "PrimitiveFloat": ("value",),
    "PrimitiveString": ("value",),
    "PrimitiveStringMultiline": ("value",),
    "StringConcatenate": ("string_a", "string_b", "delimiter"),
    "Text Multiline": ("text",),
    "Seed (rgthree)": ("seed", None, None, None),
    "easy seed": ("seed", None),
}
SEEDS = ("seed", "noise_seed")  # behind which the page puts a control
SWITCHED_OFF = (2, 4)  # modes of a node that is muted or bypassed
SET, GET = "SetNode", "GetNode"  # links without a line, by name
INPUT, OUTPUT = -10, -20  # ids of the two ends of a subgraph
DEEPEST = 10  # subgraphs in subgraphs
MOST_NODES = 20_000


def nodes_of_workflow(drawing: Mapping[str, Any]) -> Iterator[Node]:
    """The nodes of the drawing, those of its subgraphs among them, under the ids that the chunk `prompt` gives them."""
    nodes = list(Expanded(drawing).nodes(drawing, "", {}, 0))
    named = {node.inputs.get("name"): node for node in nodes if node.kind == SET}
    for node in nodes:
        source = named.get(node.inputs.get("name")) if node.kind == GET else None
        links = {key: value for key, value in source.inputs.items() if isinstance(value, list)} if source else {}
        yield Node(node.id, node.kind, {"value": next(iter(links.values()))}) if links else node


class Expanded:
    """A drawing with its subgraphs put in their places."""

    def __init__(self, drawing: Mapping[str, Any]) -> None:
        definitions = mapping(drawing.get("definitions"))
        self.subgraphs = {str(each.get("id")): each for each in map(mapping, rows(definitions.get("subgraphs")))}
        self.count = 0

    def nodes(self, drawing: Mapping[str, Any], path: str, given: Mapping[int, Any], depth: int) -> Iterator[Node]:
        """The nodes of `drawing`, a subgraph if `path` is not empty; `given` is what is plugged into its inputs."""
        sources = self.sources(drawing, path, given)
        for node in map(mapping, rows(drawing.get("nodes"))):
            self.count += 1
            if node.get("mode") in SWITCHED_OFF or self.count > MOST_NODES:
                continue
            name, kind = f"{path}{node.get('id')}", str(node.get("type", ""))
            plugs = list(map(mapping, rows(node.get("inputs"))))
            linked = [sources.get(number_of(plug.get("link"))) for plug in plugs]
            inputs = values_of(node, kind, plugs)
            inputs |= {
                str(plug.get("name")): link for plug, link in zip(plugs, linked, strict=True) if link is not None
            }
            inner = self.subgraphs.get(kind)
            if inner is None or depth >= DEEPEST:
                yield Node(name, kind, inputs)
                continue
            put_in = {
                slot: inputs.get(str(plug.get("name")), None) for slot, plug in enumerate(rows_of(inner, "inputs"))
            }
            yield from self.nodes(inner, f"{name}:", put_in, depth + 1)
            yield Node(name, kind, self.ends(inner, f"{name}:", put_in))

    def sources(self, drawing: Mapping[str, Any], path: str, given: Mapping[int, Any]) -> dict[int, Any]:
        """From where each link of `drawing` comes, by its id: a link of the graph, or a value that was put in."""
        outlets = self.outlets(drawing, path)
        found: dict[int, Any] = {}
        for link, origin, slot in links_of(drawing):
            found[link] = given.get(slot) if origin == INPUT else outlets.get((origin, slot), [f"{path}{origin}", slot])
        return found

    def outlets(self, drawing: Mapping[str, Any], path: str) -> dict[tuple[int, int], Any]:
        """For the outputs of subgraphs in `drawing`, the nodes within them that they come from."""
        found: dict[tuple[int, int], Any] = {}
        for node in map(mapping, rows(drawing.get("nodes"))):
            inner = self.subgraphs.get(str(node.get("type", "")))
            if inner is not None:
                for slot, link in self.ends(inner, f"{path}{node.get('id')}:", {}).items():
                    found[number_of(node.get("id")), int(slot)] = link
        return found

    def ends(self, inner: Mapping[str, Any], path: str, given: Mapping[int, Any]) -> dict[str, Any]:
        """What comes out of a subgraph, by the number of the output."""
        found: dict[str, Any] = {}
        for link in map(mapping, rows(inner.get("links"))):
            if link.get("target_id") == OUTPUT:
                origin, slot = number_of(link.get("origin_id")), number_of(link.get("origin_slot"))
                value = given.get(slot) if origin == INPUT else [f"{path}{origin}", slot]
                if value is not None:
                    found[str(number_of(link.get("target_slot")))] = value
        return found


def values_of(node: Mapping[str, Any], kind: str, plugs: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The values on a node, by name as far as the names are known."""
    values = node.get("widgets_values")
    if isinstance(values, dict):
        return {str(key): value for key, value in cast(dict[Any, Any], values).items()}
    listed = rows(values)
    if kind in (SET, GET):
        return {"name": listed[0]} if listed else {}
    names = WIDGETS.get(kind) or names_of(plugs, len(listed))
    return {key: value for key, value in zip(names, listed, strict=False) if key is not None}


def names_of(plugs: list[Mapping[str, Any]], count: int) -> tuple[str | None, ...]:
    """The names of `count` values, from the inputs that can be typed."""
    widgets = [str(mapping(plug["widget"]).get("name")) for plug in plugs if "widget" in plug]
    names = [part for name in widgets for part in ([name, None] if name in SEEDS and count > len(widgets) else [name])]
    return tuple(names) if len(names) == count else ()


def links_of(drawing: Mapping[str, Any]) -> Iterator[tuple[int, int, int]]:
    """(id, from node, its output) of each link, which is a list on the page and a mapping in subgraphs."""
    for link in rows(drawing.get("links")):
        said = mapping(link)
        parts: list[Any] = [said.get(key) for key in ("id", "origin_id", "origin_slot")] if said else rows(link)[:3]
        if len(parts) == 3 and all(type(part) is int for part in parts):
            yield parts[0], parts[1], parts[2]


def rows(value: object) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def rows_of(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return list(map(mapping, rows(value.get(key))))


def mapping(value: object) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def number_of(link: object) -> int:
    return link if type(link) is int else -1
