"""What a graph of ComfyUI loads: the checkpoint, the LoRAs on the way to the sampler, the VAE, the clip skip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sdplay.interop.comfyui_graph import BUNDLE, Graph, Node
from sdplay.interop.parsed import lora_entry, name, with_loras

MODEL_NAMES = ("ckpt_name", "base_ckpt_name", "unet_name", "model_name", "checkpoint", "ckpt")
CLIP_SKIPS = ("stop_at_clip_layer", "clip_skip", "base_clip_skip")
# Inputs along which a model is handed on; without a name in a reroute.
ON_THE_WAY = re.compile(r"^\*?$|^(base_)?model|^any|^value$|^input|lora_stack|^on_(true|false)$", re.I)
# Behind "lora_name" and a number: what the weights are called.
NUMBERED = re.compile(r"lora(?:_name)?_(\d{1,2})(?:_name)?")
MODEL_WEIGHTS = ("strength_model", "lora_model_strength", "lora_strength", "strength")
CLIP_WEIGHTS = ("strength_clip", "lora_clip_strength")
MOST_NODES = 500


def network(graph: Graph, sampler: Node) -> dict[str, Any]:
    """The fields `model`, `lora` and `clip_skip` of what `sampler` samples with."""
    loaded: dict[str, Any] = {}
    loras: list[list[str | None]] = []
    for node in loaders(graph, sampler):
        loras.append(list(loras_on(graph, node)))
        for key in MODEL_NAMES:
            if "model" not in loaded and key in node.inputs and (called := name(graph.value(node, key))):
                loaded["model"] = called
    for node in encoders(graph, sampler):
        for key in CLIP_SKIPS:
            layer = graph.value(node, key) if key in node.inputs and "clip_skip" not in loaded else None
            loaded |= {"clip_skip": -layer} if type(layer) is int and layer < 0 else {}
    entries = [entry for on_node in reversed(loras) for entry in on_node]
    return with_loras(loaded, entries)  # in the order in which they were put on


def loaders(graph: Graph, sampler: Node) -> Iterator[Node]:
    """The nodes through which the model comes to `sampler`, the nearest first."""
    starts = [node for node, _ in graph.trail(sampler, "model")]
    links = (sampler.inputs.get(key) for key in ("guider", "sigmas"))
    guided = [node for link in links if (node := graph.target(link))]
    starts += [node for guide in guided for node, _ in graph.trail(guide, "model")]
    for count, node in enumerate(graph.upstream(starts, lambda key: bool(ON_THE_WAY.search(key)))):
        if count >= MOST_NODES:
            return
        yield node


def encoders(graph: Graph, sampler: Node) -> Iterator[Node]:
    """The nodes through which the text encoder comes to the prompt of `sampler`, and those that load all at once."""
    follow = re.compile(rf"^(positive|conditioning\w*|cond\d?|guider|clip|base_clip|model|)$|{BUNDLE.pattern}", re.I)
    for count, node in enumerate(graph.upstream([sampler], lambda key: bool(follow.search(key)))):
        if count >= MOST_NODES:
            return
        yield node


def loras_on(graph: Graph, node: Node) -> Iterator[str | None]:
    """The LoRAs that `node` puts on, as entries of the field `lora`."""
    inputs = node.inputs
    if "lora_name" in inputs:
        network, text = (first_of(graph, node, keys) for keys in (MODEL_WEIGHTS, CLIP_WEIGHTS))
        yield lora_entry(graph.value(node, "lora_name"), network, text)
    most = graph.value(node, "lora_count") if "lora_count" in inputs else None
    if "toggle" in inputs and inputs["toggle"] in (False, "Off", "disable"):
        return
    for key, value in inputs.items():
        number = NUMBERED.fullmatch(key)
        if number is None or (type(most) is int and int(number[1]) > most):
            continue
        graph.use(node, key)
        if isinstance(value, dict):  # rgthree's Power Lora Loader
            if value.get("on", True):
                yield lora_entry(value.get("lora"), value.get("strength"), value.get("strengthTwo"))
        elif str(inputs.get(f"switch_{number[1]}", "On")).casefold() in ("on", "true"):
            yield lora_entry(value, *weights_of(graph, node, number[1]))


def weights_of(graph: Graph, node: Node, number: str) -> tuple[Any, Any]:
    """The weights of LoRA `number` of a stack: in the network and in the text encoder."""
    both = first_of(graph, node, (f"lora_wt_{number}", f"strength_{number}", f"lora_{number}_strength"))
    network = (f"model_str_{number}", f"model_weight_{number}", f"lora_{number}_model_strength")
    text = (f"clip_str_{number}", f"clip_weight_{number}", f"lora_{number}_clip_strength")
    if both is not None and graph.value(node, "input_mode") in (None, "simple"):
        return both, None
    apart = first_of(graph, node, network)
    return (both, None) if apart is None else (apart, first_of(graph, node, text))


def first_of(graph: Graph, node: Node, keys: tuple[str, ...]) -> Any:
    return next((graph.value(node, key) for key in keys if key in node.inputs), None)
