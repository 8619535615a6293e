r"""How other programs weigh words, in A1111's notation, which is ours.

NovelAI: `{x}` times 1.05, `[x]` divided by it, `1.5::x::`. InvokeAI (Compel): `x++`, `(x y)+` times 1.1 each, `-` times
0.9, `(x)1.3`; brackets alone only group. ComfyUI has A1111's round brackets and no square ones. What is a character
there and notation here is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sdplay.core.errors import BadRequest
from sdplay.core.identity import add_on_name
from sdplay.prompts.template import template

Weighed = tuple[str, float]  # words, and how much they count

ESCAPED = re.compile(r"\\[()\[\]\\]|[()\[\]\\]")
CHOICE = re.compile(r"[{}]|__")
NOVELAI = re.compile(r"(?<![\w.])(-?(?:\d+(?:\.\d*)?|\.\d+))::|::|[{}\[\]]")
NOVELAI_FACTORS = {"{": 1.05, "[": 1 / 1.05}
CLOSING = {"}": "{", "]": "["}
COMPEL = re.compile(
    r"""\\.|(?P<open>\()|(?P<close>\))(?P<by>[+-]++|\d+(?:\.\d+)?)?|(?P<word>[^\s,.()"+\-]+(?:-[^\s,.()"+\-]+)*)"""
    r"""(?P<signs>\++|-+)(?![^\s,.()"])|(?P<text>[^\s,.()"\\+\-]+|.)""",
    re.DOTALL,
)
WITH_LORA = re.compile(r"withLora\(\s*([^,()]+?)\s*(?:,\s*([\d.]+)\s*)?\)")
TRIGGER = re.compile(r"<([^<>:\s]+)>")  # a textual inversion in InvokeAI
COMFYUI = re.compile(r"\\.|[\[\]]|\bembedding:([^\s,()\[\]:]+)", re.DOTALL)
SWARM = re.compile(r"<embed(?:ding)?:([^<>]+)>")


def as_a1111(text: str, program: str) -> str:
    """The prompt `text` that `program` wrote, in the notation of our prompts; it draws nothing by chance."""
    return without_choices(NOTATIONS.get(program, str)(text))


def without_choices(text: str) -> str:
    """`text` with its braces escaped where they would be a choice here: what is in a picture was drawn already."""
    try:
        nodes = template(text)
        if all(isinstance(node, str) for node in nodes) and "".join(map(str, nodes)) == text:
            return text
    except BadRequest:
        pass
    return CHOICE.sub(r"\\\g<0>", text)


def from_novelai(text: str) -> str:
    found: list[Weighed] = []
    open_: list[str] = []
    number, end = 1.0, 0
    for mark in [*NOVELAI.finditer(text), None]:
        factor = number
        for bracket in open_:
            factor *= NOVELAI_FACTORS[bracket]
        found.append((text[end : mark.start() if mark else len(text)], factor))
        if mark is None:
            break
        end = mark.end()
        if mark[0].endswith("::"):
            number = float(mark[1]) if mark[1] else 1.0
            open_ = []
        elif mark[0] in NOVELAI_FACTORS:
            open_.append(mark[0])
        elif open_ and open_[-1] == CLOSING[mark[0]]:
            open_.pop()
        else:
            found.append((mark[0], factor))
    return weighed(found)


def from_invokeai(text: str) -> str:
    text = TRIGGER.sub(r"\1", WITH_LORA.sub(lambda found: f"<lora:{found[1]}:{found[2] or 1}>", text))
    open_: list[list[Weighed]] = [[]]
    for mark in COMPEL.finditer(text):
        if mark["open"]:
            open_.append([])
        elif mark["close"] and len(open_) > 1:
            inside, factor = open_.pop(), compel_factor(mark["by"] or "")
            open_[-1] += [(words, weight * factor) for words, weight in inside]
        elif mark["signs"]:
            open_[-1].append((mark["word"], compel_factor(mark["signs"])))
        else:
            open_[-1].append((mark[0].removeprefix("\\") if len(mark[0]) == 2 else mark[0], 1.0))
    first, *others = open_
    for unclosed in others:
        first += [("(", 1.0), *unclosed]
    return weighed(first)


def compel_factor(by: str) -> float:
    if by[:1] in ("+", "-"):
        return (1.1 if by[0] == "+" else 0.9) ** min(len(by), 20)
    return float(by) if by else 1.0


def from_comfyui(text: str) -> str:
    return COMFYUI.sub(
        lambda mark: add_on_name(mark[1]) if mark[1] else mark[0] if len(mark[0]) == 2 else f"\\{mark[0]}", text
    )


def from_swarmui(text: str) -> str:
    return SWARM.sub(lambda mark: add_on_name(mark[1]), text)


def weighed(pieces: list[Weighed]) -> str:
    """`pieces` as one text: `(words:1.2)`, blanks outside the brackets."""
    joined: list[Weighed] = []
    for words, weight in pieces:
        if joined and (weight == joined[-1][1] or not words.strip()):
            joined[-1] = (joined[-1][0] + words, joined[-1][1])
        elif words:
            joined.append((words, weight))
    return "".join(written(words, weight) for words, weight in joined)


def written(words: str, weight: float) -> str:
    text = ESCAPED.sub(lambda mark: mark[0] if len(mark[0]) == 2 else f"\\{mark[0]}", words)
    bare = text.strip()
    number = f"{round(weight, 4):g}"
    if number == "1" or not bare:
        return text
    start = text.index(bare)
    return f"{text[:start]}({bare}:{number}){text[start + len(bare) :]}"


NOTATIONS: dict[str, Callable[[str], str]] = {
    "NovelAI": from_novelai,
    "InvokeAI": from_invokeai,
    "ComfyUI": from_comfyui,
    "SwarmUI": from_swarmui,
}
