"""What the layers of a network are called in the original releases, by their names in diffusers."""

from __future__ import annotations

import re
from collections.abc import Collection

OUTSIDE = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_out": "out.2",
}
IN_A_RESNET = {
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
BLOCK = re.compile(r"(?:(down|up)_blocks\.(\d+)|mid_block)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")


def original_names(names: Collection[str], layers: object) -> dict[str, str]:
    """The original names of those of `names` that have one.

    A stage going down has so many `layers` (pairs of a resnet and, where it has one, an attention), then what halves
    its size; one going up has one layer more, the last of which also doubles its size.
    """
    if not isinstance(layers, int):
        return {}
    attending = {match[2] for match in map(BLOCK.fullmatch, names) if match and match[1] == "up" and match[3][0] == "a"}
    found: dict[str, str] = {name: OUTSIDE[name] for name in names if name in OUTSIDE}
    for name in names:
        if match := BLOCK.fullmatch(name):
            found[name] = block_name(match, layers, attends=match[2] in attending)
    return found


def block_name(match: re.Match[str], layers: int, *, attends: bool) -> str:
    way, stage, sort, number, rest = match[1], int(match[2] or 0), match[3], int(match[4]), match[5]
    if sort == "resnets":
        rest = IN_A_RESNET.get(rest, rest)
    if way is None:  # resnet, attention, resnet
        return f"middle_block.{2 * number if sort == 'resnets' else 1}.{rest}"
    if way == "down":
        block = f"input_blocks.{1 + stage * (layers + 1) + (layers if sort == 'downsamplers' else number)}"
        return f"{block}.0.op" if sort == "downsamplers" else f"{block}.{int(sort == 'attentions')}.{rest}"
    block = f"output_blocks.{stage * (layers + 1) + (layers if sort == 'upsamplers' else number)}"
    return f"{block}.{1 + attends if sort == 'upsamplers' else int(sort == 'attentions')}.{rest}"
