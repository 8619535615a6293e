"""The names of tensors in a single file, as the original releases spell them, whatever program wrote it.

Imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")

UNET, VAE = "model.diffusion_model.", "first_stage_model."  # where they are in a single file
COND_PROJ = "time_embedding.cond_proj"  # of an LCM; its authors wrote it into files of both layouts under this name
EMA = "model_ema."  # the mean of the U-Net's weights over its training, under names without dots
CUT_OUT = re.compile(r"^(first_stage_model|vae)\.")
# Other beginnings of names, and what they are in the original releases.
SPELLINGS = (
    (re.compile(r"^diffusion_model\."), UNET),
    (re.compile(r"^vae\.(?=encoder\.|decoder\.|quant_conv\.|post_quant_conv\.)"), VAE),
)  # fmt: skip
TEXT_MODEL = "text_model."
# A text encoder's names in transformers, below whatever programs put before them.
OF_TRANSFORMERS = re.compile(
    rf"(?:model\.)?(?:transformer\.)?(?:(?:{re.escape(TEXT_MODEL)})?(?P<inner>(?:embeddings|encoder|final_layer_norm)\..+)"
    r"|text_projection\.weight)"
)
ONE, ALL_BUT_LAST = r"(\d)", r"(\d+)(\d)"  # the numbers that follow a word
WORDS = {
    "input_blocks": ALL_BUT_LAST,
    "output_blocks": ALL_BUT_LAST,
    "transformer_blocks": r"(\d+)",
    "label_emb": r"(\d)(\d)",
    **dict.fromkeys(("middle_block", "time_embed", "in_layers", "out_layers", "emb_layers"), ONE),
    **dict.fromkeys(("to_out", "net", "out"), ONE),
    **dict.fromkeys(("diffusion_model", "attn1", "attn2", "norm1", "norm2", "norm3", "norm", "ff"), ""),
    **dict.fromkeys(("to_q", "to_k", "to_v", "proj_in", "proj_out", "proj", "skip_connection", "op", "conv"), ""),
    **dict.fromkeys(("weight", "bias"), ""),
}  # fmt: skip
WORD = re.compile("|".join(f"({word}){WORDS[word]}" for word in sorted(WORDS, key=len, reverse=True)))


def original_names(tensors: Mapping[str, T]) -> dict[str, T]:
    """`tensors` of a single file under the names of the original releases.

    The U-Net's mean weights (EMA) take the place of its weights where the file has no others. A name that the file has
    already is never taken by another tensor.
    """
    found = dict(tensors)
    mean_only = not any(name.startswith((UNET, UNET.removeprefix("model."))) for name in found)
    for name, tensor in tensors.items():
        other = f"model.{dotted(name.removeprefix(EMA))}" if name.startswith(EMA) and mean_only else _spelled(name)
        if other != name:
            found.setdefault(other, tensor)
            del found[name]
    return found


def _spelled(name: str) -> str:
    for pattern, original in SPELLINGS:
        name = pattern.sub(original, name)
    return name


def transformers_names(tensors: Mapping[str, T]) -> dict[str, T]:
    """Those of a text encoder's `tensors`, by their names below its root, that are named as in transformers, under
    these names: `text_model.…` and `text_projection.weight`.
    """
    matches = ((OF_TRANSFORMERS.fullmatch(name), tensor) for name, tensor in tensors.items())
    return {
        TEXT_MODEL + match["inner"] if match["inner"] else "text_projection.weight": tensor
        for match, tensor in matches
        if match is not None
    }


def vae_names(tensors: Mapping[str, T]) -> dict[str, T]:
    """The tensors of a VAE's file under their own names, also where it was cut out of a checkpoint."""
    return {CUT_OUT.sub("", name): tensor for name, tensor in tensors.items()}


def dotted(name: str) -> str:
    """A name of the U-Net whose dots were left out, with its dots: "input_blocks11attn1" is "input_blocks.1.1.attn1".

    A name with other words in it is left as it is.
    """
    pieces: list[str] = []
    at = 0
    while at < len(name):
        word = WORD.match(name, at)
        if word is None:
            return name
        pieces += [piece for piece in word.groups() if piece is not None]
        at = word.end()
    return ".".join(pieces)
