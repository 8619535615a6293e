"""What pictures from elsewhere name that is not here: LoRAs in a prompt, a ControlNet."""

from __future__ import annotations

from sdplay.core.errors import BadRequest, ModelBroken
from sdplay.library.add_ons import known_add_ons, resolve_add_on
from sdplay.library.library import Shelves
from sdplay.prompts.lora_tags import MARK, lora_tags


def without_missing(prompt: str, shelves: Shelves) -> tuple[str, list[tuple[str, str, str]]]:
    """`prompt` without those of its `<lora:…>` that cannot be had, and (notation, name, reason) of each of them.

    Only names are looked for, never a path that stands in a file.
    """
    pieces: list[str] = []
    missing: list[tuple[str, str, str]] = []
    end = 0
    for mark in MARK.finditer(prompt):
        try:
            for lora in lora_tags(mark[0])[1]:
                resolve_add_on("lora", lora.name, shelves, by_path=False)
        except (BadRequest, ModelBroken) as error:
            pieces.append(prompt[end : mark.start()])
            missing.append((mark[0], mark[2].partition(":")[0], f"is left out: {error.reason}"))
            end = mark.end()
    return "".join([*pieces, prompt[end:]]), missing


def missing_network(name: str | None, shelves: Shelves) -> str:
    """Why the ControlNet `name` that a file speaks of cannot be taken, "" where it can, or where there is none."""
    if name is None or name in known_add_ons("controlnet", shelves):
        return ""
    return "is not on the shelves of this computer (SDPLAY_MODELS): give one with `controlnet`, or take the model's own"
