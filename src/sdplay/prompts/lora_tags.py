"""`<lora:name:0.8>` in a prompt: files that change the model for one picture, and how much.

`<lora:name>` has the weight 1, `<lora:name:0.8>` one for text encoder and network alike, `<lora:name:0.5:0.8>` one for
each; `te=` and `unet=` say which is meant. `lyco` is another name for `lora`. A1111 reads them before all other
notation, and so they hold for the whole picture, wherever they stand; in a negative prompt they are text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sdplay.prompts.attention import LARGEST_WEIGHT, NUMBER, refused
from sdplay.prompts.template import Choice, Nodes

MARK = re.compile(r"<(lora|lyco|hypernet):([^<>]++)>")
NAME = re.compile(r"<(?:lora|lyco):([^<>:\0]*+)([:>\0]?)")
WEIGHT = re.compile(rf"\s*+({NUMBER})\s*+")
SIDES = ("te", "unet")
DRAWN = "\0"  # stands for whatever a choice or wildcard makes
MOST = 32
HOW = "write <lora:name:0.8>, or <lora:name:0.5:0.8> for text encoder and network"


# LoRAs on one side of a model, by digest, with their weights; none of weight 0.
ActiveLoras = tuple[tuple[str, float], ...]
# Words that stand for vectors (textual inversions), and the digest of the file of each.
ActiveEmbeddings = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA by name, how much of it there is in the text encoder, and how much in the network."""

    name: str
    text: float = 1.0
    network: float = 1.0


def lora_tags(text: str, field: str = "prompt") -> tuple[str, tuple[Lora, ...]]:
    """`text` without its LoRAs, and these, in the order in which they stand.

    Raises `BadRequest` naming `field` for invalid weights, or beyond ±100, more than 32 of them, and for a
    hypernetwork.
    """
    if "<" not in text:
        return text, ()
    loras: list[Lora] = []
    pieces: list[str] = []
    end = 0
    for mark in MARK.finditer(text):
        if mark[1] == "hypernet":
            raise refused("hypernetworks are not used", field, text, f"take out {mark[0]}")
        loras.append(read_lora(mark[2], field, text))
        pieces.append(text[end : mark.start()])
        end = mark.end()
    if len(loras) > MOST:
        raise refused(f"names {len(loras)} LoRAs, and {MOST} is the most", field, text, "write fewer")
    return "".join([*pieces, text[end:]]), tuple(loras)


def read_lora(entry: str, field: str, text: str) -> Lora:
    """The LoRA that `entry` says, which is "name", "name:0.8", "name:0.5:0.8" or "name:te=0.5:unet=0.8"."""
    name, *numbers = entry.split(":")
    sides: dict[str, float] = {}
    unnamed = iter(SIDES)
    for number in numbers:
        side, equals, value = number.rpartition("=")
        side = side.strip() if equals else next(unnamed, "")
        weight = WEIGHT.fullmatch(value)
        if side not in SIDES or weight is None:
            raise refused(f"{number.strip()!r} is not a weight of a LoRA", field, text, HOW)
        if not abs(float(weight[1])) <= LARGEST_WEIGHT:
            raise refused(f"the weight of a LoRA is {weight[1]}, and {LARGEST_WEIGHT:.0f} is the most", field, text)
        sides[side] = float(weight[1])
    if not name.strip():
        raise refused("a LoRA in it has no name", field, text, HOW)
    for_text = sides.get("te", 1.0)
    return Lora(name.strip(), for_text, sides.get("unet", for_text))


def lora_names(text: str, field: str = "prompt") -> Iterator[str]:
    """The names of the LoRAs that may come of `text`, in which `DRAWN` stands for what is drawn.

    Raises `BadRequest` naming `field` where a part of such a name is drawn: a file must be known beforehand.
    """
    for mark in NAME.finditer(text):
        if mark[2] == DRAWN:
            hint = "write the choice around it: {<lora:a:1>|<lora:b:1>}"
            raise refused("the name of a LoRA is left to a choice or wildcard", field, text.replace(DRAWN, "…"), hint)
        if mark[2] and mark[1].strip():
            yield mark[1].strip()


def stretches(nodes: Nodes) -> Iterator[str]:
    """Every text of a template, those within choices by themselves, with `DRAWN` where something is drawn."""
    yield "".join(node if isinstance(node, str) else DRAWN for node in nodes)
    for node in nodes:
        if isinstance(node, Choice):
            for option in node.options:
                yield from stretches(option.nodes)


def word_pattern(names: Collection[str]) -> re.Pattern[str]:
    """Finds any of `names` where it stands as a word of its own, in upper or lower case; of two the longer one."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
