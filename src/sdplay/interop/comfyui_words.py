"""The words of a picture in a graph of ComfyUI: what a conditioning was encoded from, through joins and switches.

Where a node shows what it made of its input (a wildcard populated, an instruction answered), that is the text; what a
language model would answer to an instruction, no graph says.
"""

from __future__ import annotations

import re

from sdplay.interop.comfyui_graph import BUNDLE, NAMES, SIGNS, Graph, Node, plain, wanted

MOST_TEXTS, DEEPEST = 200, 120  # nodes that one prompt is made of, and in a row
# How two prompts are one, in A1111's words.
JOINTS = {"ConditioningCombine": " AND ", "ConditioningConcat": " BREAK "}
NOTHING = ("ConditioningZeroOut",)
POPULATED = ("populated_text", "text_0", "populated_prompt")
# What an encoder encodes, the first that is there; the others are said.
ENCODED = (*POPULATED, "text_g", "text", "t5xxl", "clip_g", "prompt", "wildcard_text", "text_l", "clip_l")
HELD = (
    "text",
    "string",
    "value",
    "prompt",
    "Text",
    "String",
    "STRING",
    "multiline_text",
    "wildcard_text",
    "prompt_text",
)
PART = re.compile(r"(?:text|string|str|prompt|input)[ _\-]?([a-z]|\d{1,2})|([a-d])", re.I)
DELIMITERS = ("delimiter", "separator", "sep", "join_with", "deliminator")
ANSWERS = re.compile(r"ollama|llm|gpt|gemini|claude|llava|florence|interrogat|tagger|caption|\bvlm|qwen.*vl", re.I)
REPLACED = ("find", "replace")


class Words:
    """Reads the texts of one graph; `others` are texts of encoders that had several, by their names."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.others: dict[str, str] = {}
        self._seen: set[tuple[str, int, str]] = set()
        self._depth = 0

    def prompt(self, node: Node, sign: str) -> str:
        """The prompt of this sign that `node`, a sampler or its guider, is given: plugged in, or in what is bundled."""
        self._seen.clear()
        for key in NAMES[sign]:
            if key in node.inputs:
                return self.text(node, key, sign)
        bundles = [value for key, value in node.inputs.items() if BUNDLE.search(key)]
        return next((text for bundle in bundles if (text := self.of(bundle, sign))), "")

    def of(self, link: object, want: str) -> str:
        """The text that the conditioning (or text) at `link` was made of; several are joined as A1111 would write
        them, "" stands for none.
        """
        node = self.graph.target(link)
        if node is None:
            return link if isinstance(link, str) else ""
        slot: int = link[1]  # type: ignore[index]  # a link is a list of two
        want = wanted(node, want, slot)
        if (node.id, slot, want) in self._seen or len(self._seen) >= MOST_TEXTS or node.kind in NOTHING:
            return ""
        if self._depth >= DEEPEST:
            return ""
        self._seen.add((node.id, slot, want))
        self._depth += 1
        try:
            return self.encoded(node) or self.held(node, want, slot)
        finally:
            self._depth -= 1

    def encoded(self, node: Node) -> str:
        """The text of an encoder; "" for any other node."""
        if not {"clip", "CLIP"} & node.inputs.keys() or all(sign in node.inputs for sign in SIGNS):
            return ""
        texts = {key: text for key in ENCODED if key in node.inputs and (text := self.text(node, key))}
        if not texts:
            return ""
        first, *rest = texts
        different = {key: texts[key] for key in rest if texts[key] != texts[first] and first not in POPULATED}
        self.others |= different
        return texts[first]

    def text(self, node: Node, key: str, want: str = "text") -> str:
        """The text at input `key` of `node`."""
        value = node.inputs.get(key)
        if self.graph.target(value) is None:
            self.graph.use(node, key)
            return text if isinstance(text := plain(value), str) else ""
        return self.of(value, want)

    def held(self, node: Node, want: str, slot: int) -> str:
        """What comes out of a node that holds a text, joins texts, or passes something on."""
        inputs = node.inputs
        for key in POPULATED:
            if isinstance(plain(inputs.get(key)), str):
                return self.text(node, key)
        if ANSWERS.search(node.kind):
            return ""
        if (chosen := self.graph.chosen(node)) is not None:
            return self.of(chosen, want)
        if parts := self.parts(node):
            return self.joined(node, parts)
        if want not in SIGNS or not any(sign in key for sign in SIGNS for key in inputs):
            for key in HELD:
                if key in inputs and (text := self.text(node, key, want)):
                    return self.replaced(node, text)
        conditionings = [value for key, value in inputs.items() if key.startswith("cond") and self.graph.target(value)]
        if node.kind in JOINTS or len(conditionings) > 1:
            found = [self.of(value, want) for value in conditionings]
            return JOINTS.get(node.kind, "\n").join(text for text in found if text)
        for source in self.graph.sources(node, want, slot):
            if text := self.of(source, want):
                self.graph.use(node, *(key for key, value in inputs.items() if value is source))
                return text
        return ""

    def parts(self, node: Node) -> list[str]:
        """The inputs that a node joins, in order; none for a node that joins nothing."""
        named = [(match[1] or match[2], key) for key in node.inputs if (match := PART.fullmatch(key))]
        joins = len(named) > 1 and (re.search(r"concat|join|append|combine|merge|string ?function", node.kind, re.I))
        if not joins and not (len(named) > 1 and any(key in node.inputs for key in DELIMITERS)):
            return []
        return [key for _, key in sorted(named, key=lambda one: (one[0].isdigit() and int(one[0]), one[0]))]

    def joined(self, node: Node, keys: list[str]) -> str:
        """The texts at `keys` as the node joins them."""
        graph, inputs = self.graph, node.inputs
        texts = [self.text(node, key) for key in keys]
        if inputs.get("action") == "replace" and len(texts) > 2:
            graph.use(node, "action")
            return texts[0].replace(texts[1], texts[2]) if texts[1] else texts[0]
        between = next((self.text(node, key) for key in DELIMITERS if key in inputs), None)
        if between is None:
            between = ", " if inputs.get("tidy_tags") == "yes" else ""
        graph.use(node, "clean_whitespace", "action", "tidy_tags")
        if str(inputs.get("clean_whitespace")).casefold() == "true":
            texts = [text.strip() for text in texts]
        return between.replace("\\n", "\n").join(text for text in texts if text)

    def replaced(self, node: Node, text: str) -> str:
        """`text` with what a node replaces in it."""
        find, by = (self.text(node, key) if key in node.inputs else None for key in REPLACED)
        return text.replace(find, by) if find and by is not None else text
