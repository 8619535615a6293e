"""A graph of ComfyUI nodes that may be hostile: walked in bounded time, cycles and all.

What is looked for has a name ("positive", "model", "latent"): a node that holds it under this name gives it; one that
bundles things (a pipe, a context) or passes one on (a reroute, a switch) is followed to where it came from. Where a
node's outputs are known, the number of the output says what is looked for; nodes of unknown packs are read by the names
of their inputs.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

SIGNS = ("positive", "negative")
# Under which names a node holds what is looked for.
NAMES: dict[str, tuple[str, ...]] = {
    "positive": (
        *("positive", "base_positive", "cond1", "conditioning", "text_positive", "positive_prompt", "prompt_positive"),
        *("pos_g", "text_positive_g", "main_prompt", "pos"),
    ),
    "negative": (
        *("negative", "base_negative", "text_negative", "negative_prompt", "prompt_negative"),
        *("neg_g", "text_negative_g", "negative_main", "main_negative", "neg"),
    ),
    "model": ("model", "base_model", "MODEL", "unet"),
    "clip": ("clip", "base_clip", "CLIP"),
    "latent": ("latent_image", "latent", "samples", "latents", "LATENT"),
}
# What comes out of nodes whose outputs are in another order than their inputs, or bundled.
PIPE = ("model", "clip", "vae", "positive", "negative")
CONTEXT = ("", "model", "clip", "vae", "positive", "negative", "latent", "image", "seed")
OUTPUTS: dict[str, tuple[str, ...]] = {
    "FromBasicPipe": PIPE,
    "FromBasicPipe_v2": ("", *PIPE),
    "FromDetailerPipe": PIPE,
    "EditBasicPipe": ("",),
    "Efficient Loader": ("model", "positive", "negative", "latent", "vae", "clip"),
    "KSampler (Efficient)": ("model", "positive", "negative", "latent", "vae", "image"),
    "KSampler Adv. (Efficient)": ("model", "positive", "negative", "latent", "vae", "image"),
    "Unpack SDXL Tuple": ("model", "clip", "positive", "negative"),
    "Context (rgthree)": CONTEXT,
    "Context Big (rgthree)": CONTEXT,
    "Context Switch (rgthree)": CONTEXT,
    "Context Merge (rgthree)": CONTEXT,
    "easy pipeOut": ("", "model", "positive", "negative", "latent", "vae", "clip", "image", "seed"),
    "easy pipeIn": ("",),
    "SDXLPromptStyler": SIGNS,
    "SDXLPromptStylerAdvanced": ("positive", "positive", "positive", "negative", "negative"),
    "ImpactWildcardEncode": ("model", "clip", "positive", "text"),
}
BUNDLE = re.compile(r"pipe|ctx|context|tuple|\bbus\b|bundle|^data$|^(base|mask)_sampler$", re.I)
ANYTHING = re.compile(r"^\*?$|^(any|value|input|item|source|object|cond)|^on_(true|false)$|^(tt|ff)_value$", re.I)
NUMBERED = re.compile(r"(.*?)[ _]?(\d{1,3})")
SELECTORS = ("select", "index", "Input", "input", "switch", "boolean", "condition", "cond", "select_index")
TRUE, FALSE = ("on_true", "tt_value", "true", "if_true"), ("on_false", "ff_value", "false", "if_false")
# Where a node that only holds a value, or passes one on, keeps it.
HOLDERS = ("value", "seed", "int", "float", "number", "Number", "Value", "")
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
        """The node that `link` leads to; None if it is not a link."""
        if not isinstance(link, list) or len(cast(list[Any], link)) != 2 or type(link[1]) is not int:
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

    def trail(self, start: Node, want: str, slot: int = 0) -> Iterator[tuple[Node, int]]:
        """`start` and the nodes from which it has what is looked for, the nearest first: (node, output)."""
        waiting = deque([(start, slot, want)])
        seen: set[tuple[str, str]] = set()
        while waiting:
            node, slot, want = waiting.popleft()
            if (node.id, want) in seen:
                continue
            seen.add((node.id, want))
            yield node, slot
            want = wanted(node, want, slot)
            for link in self.sources(node, want, slot):
                if (found := self.target(link)) is not None:
                    waiting.append((found, link[1], want))

    def sources(self, node: Node, want: str, slot: int) -> list[Any]:
        """The inputs of `node` from which its output `slot` has what is looked for."""
        inputs = node.inputs
        if (chosen := self.chosen(node)) is not None:
            return [chosen]
        in_their_order = not (node.kind in OUTPUTS or "model" in inputs or BUNDLE.search(node.kind))
        if want in SIGNS and in_their_order and slot < 2 and all(self.target(inputs.get(sign)) for sign in SIGNS):
            return [inputs[SIGNS[slot]]]
        for name in NAMES.get(want, (want,)):
            if inputs.get(name) is not None:
                return [inputs[name]]
        bundles = [value for key, value in inputs.items() if BUNDLE.search(key) and self.target(value)]
        return bundles or [value for key, value in inputs.items() if ANYTHING.search(key) and self.target(value)]

    def chosen(self, node: Node) -> Any:
        """What a switch lets through; None for a node that is none, or whose setting is not known."""
        inputs = node.inputs
        key = next((key for key in SELECTORS if key in inputs), None)
        setting = self.value(node, key) if key is not None else None
        if isinstance(setting, str) and setting.strip().isdigit():
            setting = int(setting)
        if isinstance(setting, bool):
            names = TRUE if setting else FALSE
            return next((inputs[name] for name in names if name in inputs), None)
        options = {int(match[2]): value for name, value in inputs.items() if (match := NUMBERED.fullmatch(name))}
        if len(options) > 1 and type(setting) is int:
            return options.get(setting)
        if "switch" in node.kind.casefold() and options:  # of those that take the first that is there
            return next((options[number] for number in sorted(options) if options[number] is not None), None)
        return None

    def value(self, node: Node, key: str) -> Any:
        """The value of input `key`, followed through links to the node that holds it; None where none is found."""
        for _ in range(MOST_STEPS):
            value = node.inputs.get(key)
            onward = self.target(value)
            if onward is None:
                self.use(node, key)
                return plain(value)
            held = next((holder for holder in (key, *HOLDERS) if holder in onward.inputs), None)
            links = (name for name, link in onward.inputs.items() if ANYTHING.search(name) and self.target(link))
            held = held if held is not None else next(links, None)
            if held is None:
                return None
            node, key = onward, held
        return None

    def use(self, node: Node, *keys: str) -> None:
        """Note that these values were looked up."""
        self._used |= {(node.id, key) for key in keys}

    def left(self) -> dict[str, dict[str, Any]]:
        """Every value that was not looked up, under "id class" of its node."""
        return {
            f"{node.id} {node.kind}": rest
            for node in self.nodes.values()
            if (rest := {key: value for key, value in node.inputs.items() if self._is_left(node, key, value)})
        }

    def _is_left(self, node: Node, key: str, value: object) -> bool:
        return (node.id, key) not in self._used and self.target(value) is None


def wanted(node: Node, want: str, slot: int) -> str:
    """What comes out of a node's output `slot`, where it is known; else `want`."""
    outputs = OUTPUTS.get(node.kind, ())
    return outputs[slot] or want if 0 <= slot < len(outputs) else want


def plain(value: object) -> Any:
    """The value of an input, also of one that some packs write as {"content": value}."""
    if isinstance(value, dict) and "content" in value:
        return cast(Mapping[str, Any], value)["content"]
    return value


def nodes_of_prompt(graph: Mapping[str, Any]) -> Iterator[Node]:
    """The nodes of the `prompt` chunk; what has not the shape of a node is passed over."""
    for key, node in graph.items():
        if isinstance(node, dict) and isinstance(inputs := cast(dict[str, Any], node).get("inputs"), dict):
            yield Node(key, str(cast(dict[str, Any], node).get("class_type", "")), cast(dict[str, Any], inputs))
