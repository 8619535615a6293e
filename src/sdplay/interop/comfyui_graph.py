"""A graph of ComfyUI nodes that may be hostile: walked in bounded time, cycles and all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

# Where a node that only holds a value, or passes one on, keeps it.
HOLDERS = ("value", "seed", "int", "float", "number", "Number", "text", "string", "String", "prompt", "")
JOINED = ("string_a", "string_b")
# What the numbers and texts on a node of the drawing are called; None is a control of the page alone.
WIDGETS: dict[str, tuple[str | None, ...]] = {
    "KSampler": ("seed", None, "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise",
        "noise_seed",
        None,
        "steps",
        "cfg",
        "sampler_name",
        "scheduler",
        "start_at_step",
        "end_at_step",
        "return_with_leftover_noise",
    ),
    "SamplerCustom": ("add_noise", "noise_seed", None, "cfg"),
    "RandomNoise": ("noise_seed", None),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "CFGGuider": ("cfg",),
    "CLIPTextEncode": ("text",),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "EmptyLatentImage": ("width", "height", "batch_size"),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "PrimitiveNode": ("value", None),
}
SWITCHED_OFF = (2, 4)  # modes of a node that is muted or bypassed
MOST_STEPS = 50  # links from an input to the node that holds its value


@dataclass(frozen=True, slots=True)
class Node:
    """One node: its class, and under each input's name a value or a link [id of a node, number of its output]."""

    id: str
    kind: str
    inputs: dict[str, Any]


class Graph:
    """Nodes by id, and a note of every value that was looked up."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = {node.id: node for node in nodes}
        self._used: set[tuple[str, str]] = set()

    def target(self, link: object) -> Node | None:
        """The node that `link` leads to; None when it is no link."""
        if not isinstance(link, list) or len(link) != 2 or type(link[1]) is not int:
            return None
        return self.nodes.get(str(link[0])) if isinstance(link[0], str | int) else None

    def upstream(self, starts: Iterable[Node], follow: Callable[[str], bool]) -> Iterator[Node]:
        """`starts` and all before them along the inputs that `follow` names, each once, the nearest first."""
        waiting = deque(starts)
        seen: set[str] = set()
        while waiting:
            node = waiting.popleft()
            if node.id in seen:
                continue
            seen.add(node.id)
            yield node
            before = (self.target(value) for key, value in node.inputs.items() if follow(key))
            waiting.extend(found for found in before if found is not None)

    def value(self, node: Node, key: str) -> Any:
        """The value of input `key`, followed through links to the node that holds it; None where none is found."""
        for _ in range(MOST_STEPS):
            value = node.inputs.get(key)
            onward = self.target(value)
            if onward is None:
                self._used.add((node.id, key))
                return value
            if all(isinstance(onward.inputs.get(part), str) for part in JOINED):
                self._used |= {(onward.id, part) for part in (*JOINED, "delimiter")}
                return str(onward.inputs.get("delimiter", "")).join(onward.inputs[part] for part in JOINED)
            held = next((holder for holder in (key, *HOLDERS) if holder in onward.inputs), None)
            if held is None:
                return None
            node, key = onward, held
        return None

    def left(self) -> dict[str, dict[str, Any]]:
        """Every value that was not looked up, under "id class" of its node."""
        return {
            f"{node.id} {node.kind}": rest
            for node in self.nodes.values()
            if (rest := {key: value for key, value in node.inputs.items() if self._is_left(node, key, value)})
        }

    def _is_left(self, node: Node, key: str, value: object) -> bool:
        return (node.id, key) not in self._used and self.target(value) is None


def nodes_of_prompt(graph: dict[str, Any]) -> Iterator[Node]:
    """The nodes of the `prompt` chunk; what has not the shape of a node is passed over."""
    for key, node in graph.items():
        if isinstance(node, dict) and isinstance(inputs := node.get("inputs"), dict):
            yield Node(key, str(node.get("class_type", "")), inputs)


def nodes_of_workflow(drawing: dict[str, Any]) -> Iterator[Node]:
    """The nodes of the `workflow` chunk, the drawing that a person sees; values only of the classes in `WIDGETS`."""
    sources = {link[0]: [str(link[1]), link[2]] for link in rows(drawing.get("links")) if is_link(link)}
    for node in rows(drawing.get("nodes")):
        if not isinstance(node, dict) or node.get("mode") in SWITCHED_OFF:
            continue
        kind = str(node.get("type", ""))
        values = zip(WIDGETS.get(kind, ()), rows(node.get("widgets_values")), strict=False)
        inputs = {key: value for key, value in values if key is not None}
        plugs = [plug for plug in rows(node.get("inputs")) if isinstance(plug, dict)]
        linked = {str(plug.get("name")): sources.get(number_of(plug.get("link"))) for plug in plugs}
        inputs |= {key: source for key, source in linked.items() if source is not None}
        yield Node(str(node.get("id")), kind, inputs)


def rows(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def number_of(link: object) -> int:
    return link if type(link) is int else -1


def is_link(link: object) -> bool:
    """Whether this is [id, from node, its output, to node, its input, type]."""
    return isinstance(link, list) and len(link) >= 3 and all(type(part) is int for part in link[:3])
