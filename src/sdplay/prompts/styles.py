"""Styles: words kept under a name, that a prompt is put into or that are put after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sdplay.core.errors import UnknownName

PLACE = "{prompt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a style adds; the prompt goes where it says `{prompt}`, and before it where it does not."""

    prompt: str = ""
    negative_prompt: str = ""


def joined(text: str, added: str) -> str:
    """`text` with a style's `added` words."""
    if PLACE in added:
        return added.replace(PLACE, text)
    return ", ".join(part for part in (text.strip(), added.strip()) if part) if added.strip() else text


def styled(prompt: str, negative: str, names: Iterable[str], known: Mapping[str, Style]) -> tuple[str, str]:
    """Prompt and negative prompt with the styles of these names, one after the other; raises `UnknownName`."""
    for name in names:
        if name not in known:
            raise UnknownName("style", name, known)
        prompt = joined(prompt, known[name].prompt)
        negative = joined(negative, known[name].negative_prompt)
    return prompt, negative
